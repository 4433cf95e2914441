"""무통장 입금 at the desk: a statement pays orders, refunds by hand are recorded, alerts closed."""

from __future__ import annotations

import html
import io
import re

import pytest
from sqlalchemy import select

from marketplace.accounts.models import Role
from marketplace.audit.models import AuditEvent
from marketplace.checkout import canceling
from marketplace.checkout.placing import PlacedOrder
from marketplace.core import clock
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import db, transaction
from marketplace.ledger.models import Entry
from marketplace.orders.models import Line, Order
from marketplace.payments import alerts
from marketplace.payments.models import BankDeposit, PaymentAlert, Refund, RefundState
from tests import make
from tests.web.visitor import Visitor

URL = "/office/deposits"


def officer(visitor: Visitor, *roles: Role) -> Visitor:
    """Let somebody of the office come in."""
    person = make.person(name="정산담당", roles=roles or (Role.SETTLEMENT_OFFICER,))
    return visitor.enter(person, second_factor=True)


def awaited(depositor: str = "나루상회", *, price: int = 20_000) -> PlacedOrder:
    """Place an order that waits for a deposit."""
    return make.placed_order(
        {make.sellable(price=price): 1}, provider="bank_transfer", depositor=depositor
    )


def statement(*rows: tuple[str, int]) -> dict[str, object]:
    """A bank's file as a form sends it."""
    today = f"{day_in_seoul(clock.now()):%Y-%m-%d}"
    lines = ["거래일,입금액,입금자명", *(f'{today},"{amount:,}",{name}' for name, amount in rows)]
    return {"statement": (io.BytesIO("\n".join(lines).encode("cp949")), "입금.csv")}


def is_paid(placed: PlacedOrder) -> bool:
    """Tell whether an order is paid, read anew."""
    paid_at = db.session.scalar(select(Order.paid_at).where(Order.id == placed.order_id))
    return paid_at is not None


class TestStatement:
    def test_pays_what_fits_by_name_and_amount(self, visitor: Visitor) -> None:
        fits, other = awaited("나루상회"), awaited("박손님")
        officer(visitor)

        uploaded = visitor.post(f"{URL}/statement", statement(("나루 상회", 23_000)))
        page = visitor.get(URL).text
        settled = visitor.post(f"{URL}/matches")

        assert uploaded.status_code == 303
        assert "이름·금액 같음" in page
        assert "금액만 같음" in page
        assert settled.status_code == 303
        assert (is_paid(fits), is_paid(other)) == (True, False)
        assert [line.status.value for line in db.session.scalars(select(Line))].count("paid") == 1
        sold = db.session.scalars(
            select(Entry.kind).where(Entry.reference == f"order:{fits.order_id}")
        ).all()
        assert sold == ["paid"]
        assert "연결할 입금이 없습니다" in visitor.get(URL).text

    def test_changes_nothing_the_second_time(self, visitor: Visitor) -> None:
        officer(visitor)

        for _ in range(2):
            visitor.post(f"{URL}/statement", statement(("나루상회", 23_000)))

        assert make.count_of(BankDeposit) == 1

    def test_refuses_a_file_it_cannot_read_and_says_which_line(self, visitor: Visitor) -> None:
        officer(visitor)

        nothing = visitor.post(f"{URL}/statement", {})
        picture = visitor.post(
            f"{URL}/statement", {"statement": (io.BytesIO(b"\x89PNG\x00\x01"), "a.png")}
        )
        wrong = "거래일,입금액,입금자명\n2026-11-24,만원,홍길동\n".encode()
        rows = visitor.post(f"{URL}/statement", {"statement": (io.BytesIO(wrong), "a.csv")})

        assert [answer.status_code for answer in (nothing, picture, rows)] == [422, 422, 422]
        assert "골라 주세요" in nothing.text
        assert "2번째 줄" in rows.text
        assert make.count_of(BankDeposit) == 0

    def test_settles_by_hand_when_only_the_amount_fits(self, visitor: Visitor) -> None:
        placed = awaited("김주민")
        officer(visitor)
        visitor.post(f"{URL}/statement", statement(("김주민101호", 23_000)))
        deposit = db.session.scalars(select(BankDeposit)).one()

        answer = visitor.post(f"{URL}/{deposit.id}/settle", {"payment_id": placed.payment_id})

        assert answer.status_code == 303
        assert is_paid(placed)
        noted = db.session.scalars(select(AuditEvent.action)).all()
        assert "deposit_matched" in noted

    def test_leads_on_to_what_the_page_does_not_hold(self, visitor: Visitor) -> None:
        officer(visitor)
        many = [(f"손님{number}", 1_000 + number) for number in range(51)]
        visitor.post(f"{URL}/statement", statement(*many))

        first = visitor.get(URL).text
        found = re.search(r'href="([^"]+)">다음 입금 보기', first)
        assert found is not None
        last = visitor.get(html.unescape(found[1])).text

        assert "연결되지 않은 입금 51건" in first
        assert first.count("손님") == 50
        assert last.count("손님50") == 1
        assert "다음 입금 보기" not in last

    @pytest.mark.parametrize("after", ["", "x", "-1", "0", "9" * 19, "9" * 40])
    def test_takes_any_number_to_start_behind(self, visitor: Visitor, after: str) -> None:
        officer(visitor)
        visitor.post(f"{URL}/statement", statement(("나루상회", 23_000)))

        answer = visitor.get(URL, query_string={"after": after, "transfers_after": after})

        assert answer.status_code in (200, 404)

    def test_pays_two_orders_with_one_deposit_never(self, visitor: Visitor) -> None:
        first, second = awaited("김주민"), awaited("김주민")
        officer(visitor)
        visitor.post(f"{URL}/statement", statement(("김주민", 23_000)))
        deposit = db.session.scalars(select(BankDeposit)).one()

        visitor.post(f"{URL}/{deposit.id}/settle", {"payment_id": first.payment_id})
        answer = visitor.post(f"{URL}/{deposit.id}/settle", {"payment_id": second.payment_id})

        assert answer.status_code == 409
        assert (is_paid(first), is_paid(second)) == (True, False)


class TestRefundByHand:
    def test_is_recorded_in_payment_and_book(self, visitor: Visitor) -> None:
        placed = awaited("나루상회")
        officer(visitor)
        visitor.post(f"{URL}/statement", statement(("나루상회", 23_000)))
        visitor.post(f"{URL}/matches")
        line = db.session.scalars(select(Line)).one()
        with transaction():
            canceling.cancel_lines(
                order_id=placed.order_id,
                attempt_key=make.attempt_key(),
                quantities={line.id: 1},
                reason="",
                actor="test",
                at=clock.now(),
            )
        refund = db.session.scalars(select(Refund)).one()
        with transaction():
            refund.state = RefundState.SENT
            db.session.flush()

        page = visitor.get(URL).text
        nameless = visitor.post(f"{URL}/refunds/{refund.id}", {"transfer_ref": "  "})
        answer = visitor.post(f"{URL}/refunds/{refund.id}", {"transfer_ref": "T-77"})

        assert "이체할 환불 1건" in page
        assert "나루상회" not in page
        assert nameless.status_code == 422
        assert answer.status_code == 303
        db.session.refresh(refund)
        assert (refund.state, refund.provider_ref) == (RefundState.SUCCEEDED, "T-77")
        assert "refund_sent" in db.session.scalars(select(Entry.kind)).all()

    def test_is_not_for_what_a_provider_refunds_itself(self, visitor: Visitor) -> None:
        placed = make.paid_order({make.sellable(): 1})
        line = db.session.scalars(select(Line)).one()
        with transaction():
            canceling.cancel_lines(
                order_id=placed.order_id,
                attempt_key=make.attempt_key(),
                quantities={line.id: 1},
                reason="",
                actor="test",
                at=clock.now(),
            )
        refund = db.session.scalars(select(Refund)).one()

        answer = officer(visitor).post(f"{URL}/refunds/{refund.id}", {"transfer_ref": "T-77"})

        assert answer.status_code == 404


class TestAlerts:
    def test_stay_until_somebody_looked(self, visitor: Visitor) -> None:
        with transaction():
            alerts.raise_alert("paid_twice", about="x", payment_id=None, details={}, at=make.NOW)
        alert = db.session.scalars(select(PaymentAlert)).one()
        officer(visitor)

        before = visitor.get(URL).text
        answer = visitor.post(f"{URL}/alerts/{alert.id}/resolve")

        assert "두 번 결제됨" in before
        assert answer.status_code == 303
        assert "열린 경보가 없습니다" in visitor.get(URL).text
        assert visitor.post(f"{URL}/alerts/{alert.id}/resolve").status_code == 404


class TestWho:
    def test_lets_auditors_look_and_nothing_else(self, visitor: Visitor) -> None:
        officer(visitor, Role.AUDITOR)

        assert visitor.get(URL).status_code == 200
        assert "올리기</button>" not in visitor.get(URL).text
        assert visitor.post(f"{URL}/matches").status_code == 403
        assert visitor.post(f"{URL}/statement", statement(("나", 1))).status_code == 403

    @pytest.mark.parametrize("role", [Role.DEPARTMENT_BUYER, Role.DONG_CLERK, None])
    def test_keeps_everybody_else_out(self, visitor: Visitor, role: Role | None) -> None:
        person = make.person(roles=[role] if role else [])
        visitor.enter(person, second_factor=True)

        assert visitor.get(URL).status_code == 403
