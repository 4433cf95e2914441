"""The member's and the guest's orders: what they show, and cancelling exactly as shown."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from marketplace.core.db import db
from marketplace.coupons.models import Coupon, CouponState
from marketplace.orders.models import ClaimCase, Line, LineStatus, Order
from marketplace.payments.models import Refund
from tests import make
from tests.service.checkout.counting import statements
from tests.web.test_checkout_page import value_of
from tests.web.visitor import Visitor


def lines_of(order_id: int) -> list[Line]:
    """The lines of an order, read anew."""
    return list(
        db.session.scalars(
            select(Line)
            .where(Line.order_id == order_id)
            .order_by(Line.position)
            .execution_options(populate_existing=True)
        )
    )


def press(visitor: Visitor, address: str, page: str, **changes: str) -> TestResponse:
    """Press the button of a cancel sheet."""
    form = page[page.index('name="attempt_key"') - 200 :]
    carried = dict(re.findall(r'name="(line_\d+)" value="(\d+)"', form))
    for name in ("attempt_key", "seen_refund"):
        carried[name] = value_of(name, form)
    return visitor.post(address, {**carried, **changes})


class TestList:
    def test_shows_ten_at_a_time_and_leads_on(self, visitor: Visitor) -> None:
        buyer, wanted = make.person(), make.sellable()
        for _ in range(12):
            make.paid_order({wanted: 1}, by=buyer)
        make.paid_order({wanted: 1}, by=make.person())
        visitor.enter(buyer)

        first = visitor.get("/my/orders").text
        onwards = re.search(r'href="(/my/orders\?after=[^"]+)"', first)
        assert onwards is not None
        second = visitor.get(onwards[1].replace("&amp;", "&")).text

        numbers = [set(re.findall(r"/my/orders/(\w{16})\"", page)) for page in (first, second)]
        assert [len(found) for found in numbers] == [10, 2]
        assert not numbers[0] & numbers[1]

    def test_asks_the_same_for_one_order_as_for_ten(self, visitor: Visitor) -> None:
        buyer, wanted = make.person(), make.sellable()
        visitor.enter(buyer)
        counts = []
        for _ in range(2):
            for _ in range(4):
                make.paid_order({wanted: 1}, by=buyer)
            visitor.get("/my/orders")
            with statements() as sent:
                visitor.get("/my/orders")
            counts.append(len(sent))

        assert counts[0] == counts[1] <= 6

    def test_refuses_an_address_changed_by_hand(self, visitor: Visitor) -> None:
        visitor.enter(make.person())

        assert visitor.get("/my/orders?after=nonsense").status_code == 422

    def test_needs_a_member(self, visitor: Visitor) -> None:
        assert visitor.get("/my/orders").location == "/sign-in?next=/my/orders"


class TestShow:
    def test_splits_a_coupon_over_its_funders(self, visitor: Visitor) -> None:
        buyer = make.person()
        coupon = make.claimed_coupon(make.campaign(amount=5_000), by=buyer)
        placed = make.paid_order({make.sellable(price=20_000): 1}, by=buyer, coupons=[coupon])
        visitor.enter(buyer)

        page = visitor.get(f"/my/orders/{placed.number}").text

        assert "시비 3,500원" in page
        assert "구비 1,500원" in page
        assert "18,000원" in page
        assert "결제완료" in page
        assert "카드·간편결제" in page
        assert re.search(r"\d{4}\.\d\d\.\d\d\.\([월화수목금토일]\) \d\d:\d\d 주문", page)

    def test_is_for_its_buyer_only(self, visitor: Visitor, another: Callable[[], Visitor]) -> None:
        placed = make.paid_order({make.sellable(): 1})

        assert visitor.get(f"/my/orders/{placed.number}").status_code == 303
        stranger = another().enter(make.person())
        assert stranger.get(f"/my/orders/{placed.number}").status_code == 404
        assert stranger.get(f"/orders/{placed.number}/done").status_code == 404
        assert stranger.get(f"/my/orders/{placed.number}/cancel").status_code == 404
        assert stranger.post(f"/my/orders/{placed.number}/cancel-unpaid").status_code == 404

    def test_says_where_to_deposit(self, visitor: Visitor) -> None:
        buyer = make.person()
        placed = make.placed_order({make.sellable(): 1}, by=buyer, provider="bank_transfer")
        visitor.enter(buyer)

        page = visitor.get(f"/my/orders/{placed.number}").text

        assert "입금대기" in page
        assert "입금 계좌" in page

    def test_leads_to_an_unfinished_payment(self, visitor: Visitor) -> None:
        buyer = make.person()
        placed = make.placed_order({make.sellable(): 1}, by=buyer)
        visitor.enter(buyer)

        answer = visitor.get(f"/my/orders/{placed.number}/pay")

        assert answer.location == f"/pay/{placed.payment_public_id}"


class TestCancel:
    def test_shows_the_refund_and_makes_exactly_that(self, visitor: Visitor) -> None:
        buyer = make.person()
        coupon = make.claimed_coupon(make.campaign(amount=5_000), by=buyer)
        placed = make.paid_order({make.sellable(price=20_000): 1}, by=buyer, coupons=[coupon])
        address = f"/my/orders/{placed.number}/cancel"
        visitor.enter(buyer)

        page = visitor.get(address).text
        assert "취소하고 18,000원 돌려받기" in page
        assert "다시 쓸 수 있습니다" in page
        answer = press(visitor, address, page, reason="마음이 바뀌었어요")

        assert answer.location == f"/my/orders/{placed.number}"
        assert [line.status for line in lines_of(placed.order_id)] == [LineStatus.CANCELED]
        assert db.session.scalars(select(Refund.amount)).all() == [18_000]
        state = db.session.scalars(select(Coupon.state).where(Coupon.id == coupon.id)).one()
        assert state is CouponState.CLAIMED
        after = visitor.get(f"/my/orders/{placed.number}").text
        assert "취소완료" in after
        assert "환불 접수" in after

    def test_counts_anew_for_fewer_pieces(self, visitor: Visitor) -> None:
        buyer = make.person()
        placed = make.paid_order({make.sellable(price=10_000): 3}, by=buyer)
        line = lines_of(placed.order_id)[0]
        address = f"/my/orders/{placed.number}/cancel"
        visitor.enter(buyer)

        page = visitor.get(f"{address}?line_{line.id}=1").text
        press(visitor, address, page)

        assert "취소하고 10,000원 돌려받기" in page
        assert [(one.canceled_quantity, one.status) for one in lines_of(placed.order_id)] == [
            (1, LineStatus.PAID)
        ]

    def test_cancels_once_however_often_it_is_pressed(self, visitor: Visitor) -> None:
        buyer = make.person()
        placed = make.paid_order({make.sellable(price=10_000): 3}, by=buyer)
        line = lines_of(placed.order_id)[0]
        address = f"/my/orders/{placed.number}/cancel"
        visitor.enter(buyer)
        page = visitor.get(f"{address}?line_{line.id}=1").text

        for _ in range(3):
            press(visitor, address, page)

        assert make.count_of(ClaimCase) == 1
        assert [one.canceled_quantity for one in lines_of(placed.order_id)] == [1]

    def test_cancels_nothing_for_another_amount_than_shown(self, visitor: Visitor) -> None:
        buyer = make.person()
        placed = make.paid_order({make.sellable(price=10_000): 2}, by=buyer)
        address = f"/my/orders/{placed.number}/cancel"
        visitor.enter(buyer)

        answer = press(visitor, address, visitor.get(address).text, seen_refund="99999")

        assert answer.status_code == 409
        assert "99,999원에서 23,000원으로" in answer.text
        assert make.count_of(ClaimCase) == 0
        assert [one.canceled_quantity for one in lines_of(placed.order_id)] == [0]

    def test_refuses_more_than_was_ordered(self, visitor: Visitor) -> None:
        buyer = make.person()
        placed = make.paid_order({make.sellable(): 2}, by=buyer)
        line = lines_of(placed.order_id)[0]
        visitor.enter(buyer)

        answer = visitor.get(f"/my/orders/{placed.number}/cancel?line_{line.id}=3")

        assert answer.status_code == 409
        assert "2개까지" in answer.text

    def test_ends_an_unpaid_order(self, visitor: Visitor) -> None:
        buyer, wanted = make.person(), make.sellable(on_hand=5)
        placed = make.placed_order({wanted: 2}, by=buyer, provider="bank_transfer")
        visitor.enter(buyer)

        answer = visitor.post(f"/my/orders/{placed.number}/cancel-unpaid")

        assert answer.location == f"/my/orders/{placed.number}"
        assert make.stock_of(wanted) == (5, 0)
        assert "미입금 취소" in visitor.get(answer.location).text


class TestGuestLookUp:
    def test_opens_to_number_and_password(self, visitor: Visitor) -> None:
        placed = make.paid_order({make.sellable(name="아까시꿀"): 1}, is_guest=True)
        typed = f"{placed.number[:8]}-{placed.number[8:].lower()}"

        answer = visitor.post("/guest/orders", {"number": typed, "password": make.GUEST_PASSWORD})

        assert answer.location == f"/guest/orders/{placed.number}"
        page = visitor.get(answer.location).text
        assert "아까시꿀" in page
        assert f"/guest/orders/{placed.number}/cancel" in page

    def test_lets_a_guest_cancel(self, visitor: Visitor) -> None:
        placed = make.paid_order({make.sellable(price=10_000): 1}, is_guest=True)
        visitor.post("/guest/orders", {"number": placed.number, "password": make.GUEST_PASSWORD})
        address = f"/guest/orders/{placed.number}/cancel"

        press(visitor, address, visitor.get(address).text)

        assert [one.status for one in lines_of(placed.order_id)] == [LineStatus.CANCELED]

    def test_tells_a_wrong_number_and_a_wrong_password_alike(self, visitor: Visitor) -> None:
        placed = make.paid_order({make.sellable(): 1}, is_guest=True)
        of_member = make.paid_order({make.sellable(): 1})

        tries = [
            (placed.number, "another-password"),
            ("20261124AAAAAAAA", make.GUEST_PASSWORD),
            (of_member.number, make.GUEST_PASSWORD),
        ]
        answers = [
            visitor.post("/guest/orders", {"number": number, "password": password})
            for number, password in tries
        ]

        assert [answer.status_code for answer in answers] == [404, 404, 404]
        assert all("맞는 주문이 없습니다" in answer.text for answer in answers)

    def test_shows_nothing_without_the_password(self, visitor: Visitor) -> None:
        placed = make.paid_order({make.sellable(): 1}, is_guest=True)

        for page in ("", "/cancel"):
            answer = visitor.get(f"/guest/orders/{placed.number}{page}")
            assert answer.location == f"/guest/orders?number={placed.number}"
        assert visitor.post(f"/guest/orders/{placed.number}/cancel").status_code == 404
        assert visitor.get(f"/orders/{placed.number}/done").location.startswith("/sign-in")

    def test_stops_guessing(self, visitor: Visitor) -> None:
        placed = make.paid_order({make.sellable(): 1}, is_guest=True)

        def guess(password: str) -> TestResponse:
            return visitor.post(
                "/guest/orders",
                {"number": placed.number, "password": password},
                environ_overrides={"REMOTE_ADDR": "203.0.113.77"},
            )

        answers = [guess("guess-it") for _ in range(11)]

        assert [answer.status_code for answer in answers] == [404] * 10 + [429]
        assert "Retry-After" in answers[-1].headers
        assert guess(make.GUEST_PASSWORD).status_code == 429

    def test_stays_shut_while_nobody_counts(
        self, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        placed = make.paid_order({make.sellable(): 1}, is_guest=True)
        counting = visitor.app.extensions["limits"]
        # As after a Redis that did not answer a moment ago.
        monkeypatch.setattr(counting._breaker, "_closed_until", float("inf"))

        answer = visitor.post(
            "/guest/orders", {"number": placed.number, "password": make.GUEST_PASSWORD}
        )

        assert answer.status_code == 503
        assert db.session.scalars(select(Order)).one().id == placed.order_id
