"""Claims on everybody's pages: shown to the won, asked once, answered by whom it concerns."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from sqlalchemy import select

from marketplace.accounts.models import Person, Role
from marketplace.audit.models import AuditEvent
from marketplace.catalog.models import Variant
from marketplace.checkout.placing import PlacedOrder
from marketplace.core import clock
from marketplace.core.db import db
from marketplace.enterprises.models import Enterprise, MemberRole
from marketplace.orders import queries as orders
from marketplace.orders.models import ClaimCase, ClaimKind, ClaimStatus, LineStatus
from marketplace.payments import queries as payments
from tests import make
from tests.service.checkout import claim_life as life
from tests.service.checkout.counting import statements
from tests.web.test_checkout_page import value_of
from tests.web.visitor import Visitor


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: life.AFTER)


def desk(app: Flask, person: Person) -> Visitor:
    """Sit somebody down at another browser."""
    visitor = Visitor(app)
    visitor.enter(person, second_factor=True)
    return visitor


def sold(seller: Enterprise, by: Person | None, pieces: int = 2) -> tuple[PlacedOrder, Variant]:
    ships = make.shipping(seller, fee=3_000, return_fee=2_500)
    wanted = make.sellable(seller, price=10_000, ships=ships)
    return make.paid_order({wanted: pieces}, by=by, is_guest=by is None), wanted


def asked(placed: PlacedOrder, wanted: Variant, **more: object) -> str:
    line = life.line_of(placed, wanted)
    fields = {"kind": "return", f"line_{line.id}": 1, "reason_code": "changed_mind", **more}
    return "&".join(f"{name}={value}" for name, value in fields.items())


def carried(page: str) -> dict[str, str]:
    """Return what the confirm page's form carries along."""
    form = page[page.index('name="attempt_key"') - 200 :]
    names = ("attempt_key", "seen", "kind", "reason_code")
    return {
        **dict(re.findall(r'name="((?:line|instead)_\d+)" value="(\d+)"', form)),
        **{name: value_of(name, form) for name in names},
    }


class TestBuyer:
    def test_sees_the_refund_before_asking_and_asks_once(self, visitor: Visitor) -> None:
        buyer = make.person()
        placed, wanted = sold(make.enterprise(), buyer)
        life.deliver(placed)
        visitor.enter(buyer)
        address = f"/orders/{placed.number}/claims"

        chosen = visitor.get(f"{address}/new").text
        part = visitor.get(f"{address}/sum?{asked(placed, wanted)}").text
        page = visitor.get(f"{address}/confirm?{asked(placed, wanted)}").text
        first = visitor.post(address, {**carried(page), "words": "<b>크기가 달라요"})
        again = visitor.post(address, carried(page))

        assert "마음이 바뀌었어요 (배송비 구매자 부담)" in chosen
        assert "<html" not in part
        assert all("7,500원" in text and "반품 배송비" in text for text in (part, page))
        assert (first.status_code, again.location) == (303, first.location)
        (case,) = db.session.scalars(select(ClaimCase)).all()
        assert (case.kind, case.status) == (ClaimKind.RETURN, ClaimStatus.REQUESTED)
        shown = visitor.get(str(first.location)).text
        assert "7,500원" in shown
        assert "&lt;b&gt;크기가 달라요" in shown
        assert f'href="{address}/{case.id}"' in visitor.get(f"/my/orders/{placed.number}").text

    def test_asks_for_nothing_else_than_was_shown(self, visitor: Visitor) -> None:
        buyer = make.person()
        placed, wanted = sold(make.enterprise(), buyer)
        life.deliver(placed)
        visitor.enter(buyer)
        address = f"/orders/{placed.number}/claims"
        page = visitor.get(f"{address}/confirm?{asked(placed, wanted)}").text

        answer = visitor.post(address, {**carried(page), "seen": "9999", "words": "적은 내용"})

        assert answer.status_code == 409
        assert "7,500원으로 바뀌었습니다" in answer.text
        assert "적은 내용" in answer.text
        assert db.session.scalars(select(ClaimCase)).all() == []

    def test_is_told_what_cannot_be_asked(self, visitor: Visitor) -> None:
        buyer = make.person()
        placed, wanted = sold(make.enterprise(), buyer)
        life.deliver(placed)
        visitor.enter(buyer)
        line = life.line_of(placed, wanted)
        address = f"/orders/{placed.number}/claims/confirm"

        too_many = visitor.get(f"{address}?{asked(placed, wanted, **{f'line_{line.id}': 9})}")
        no_reason = visitor.get(f"{address}?{asked(placed, wanted, reason_code='')}")
        other_line = visitor.get(f"{address}?kind=return&line_999999=1&reason_code=changed_mind")

        assert (too_many.status_code, no_reason.status_code) == (409, 422)
        assert "2개까지" in too_many.text
        assert other_line.status_code == 404

    def test_takes_it_back(self, visitor: Visitor) -> None:
        buyer = make.person()
        placed, wanted = sold(make.enterprise(), buyer)
        life.deliver(placed)
        case_id = life.ask(life.form(placed, {wanted: 1}))
        visitor.enter(buyer)
        address = f"/orders/{placed.number}/claims/{case_id}/withdrawal"

        assert visitor.post(address).status_code == 303
        late = visitor.post(address)

        assert life.case(case_id).status is ClaimStatus.WITHDRAWN
        assert late.status_code == 409

    def test_asks_to_cancel_what_is_being_prepared(self, visitor: Visitor) -> None:
        buyer = make.person()
        placed, wanted = sold(make.enterprise(), buyer)
        life.prepare(placed)
        visitor.enter(buyer)
        address = f"/orders/{placed.number}/claims"

        choose = visitor.get(f"{address}/new").text
        page = visitor.get(f"{address}/confirm?{asked(placed, wanted, kind='cancel')}").text
        visitor.post(address, carried(page))

        assert "가게의 승인이 필요합니다" in choose
        (case,) = db.session.scalars(select(ClaimCase)).all()
        assert (case.kind, case.cash_refund) == (ClaimKind.CANCEL, 10_000)

    def test_as_a_guest_needs_the_looked_up_order(self, visitor: Visitor) -> None:
        placed, wanted = sold(make.enterprise(), None)
        life.deliver(placed)
        address = f"/orders/{placed.number}/claims"

        before = visitor.get(f"{address}/new")
        assert before.status_code == 303
        assert before.location.startswith("/guest/orders")
        assert visitor.post(address, {}).status_code == 404

        visitor.post("/guest/orders", {"number": placed.number, "password": make.GUEST_PASSWORD})
        page = visitor.get(f"{address}/confirm?{asked(placed, wanted)}").text
        answer = visitor.post(address, carried(page))

        assert answer.status_code == 303
        assert visitor.get(str(answer.location)).status_code == 200

    def test_agrees_to_enclose_the_fee_of_an_exchange(self, visitor: Visitor) -> None:
        buyer = make.person()
        placed, wanted = sold(make.enterprise(), buyer)
        life.deliver(placed)
        line = life.line_of(placed, wanted)
        visitor.enter(buyer)
        address = f"/orders/{placed.number}/claims"
        query = asked(
            placed,
            wanted,
            kind="exchange",
            reason_code="wrong_option",
            **{f"instead_{line.id}": wanted.id},
        )
        page = visitor.get(f"{address}/confirm?{query}").text

        refused = visitor.post(address, carried(page))
        accepted = visitor.post(address, {**carried(page), "agrees_fee": "1"})

        assert "착불 동봉" in page
        assert "5,000원" in page
        assert refused.status_code == 422
        assert accepted.status_code == 303

    def test_does_not_see_anybody_elses(self, visitor: Visitor) -> None:
        placed, wanted = sold(make.enterprise(), make.person())
        life.deliver(placed)
        case_id = life.ask(life.form(placed, {wanted: 1}))
        stranger = make.person()
        mine, _ = sold(make.enterprise(), stranger)
        visitor.enter(stranger)

        for path in (
            f"/orders/{placed.number}/claims/new",
            f"/orders/{placed.number}/claims/sum",
            f"/orders/{placed.number}/claims/{case_id}",
            f"/orders/{mine.number}/claims/{case_id}",
        ):
            assert visitor.get(path).status_code == 404, path
        for path in (
            f"/orders/{placed.number}/claims",
            f"/orders/{placed.number}/claims/{case_id}/withdrawal",
            f"/orders/{mine.number}/claims/{case_id}/withdrawal",
        ):
            assert visitor.post(path).status_code == 404, path
        assert life.case(case_id).status is ClaimStatus.REQUESTED


class TestSeller:
    def test_takes_a_return_to_its_end(self, visitor: Visitor) -> None:
        seller, owner = make.enterprise(), make.person()
        make.member(seller, owner)
        placed, wanted = sold(seller, make.person())
        life.deliver(placed)
        case_id = life.ask(life.form(placed, {wanted: 1}))
        visitor.enter(owner, second_factor=True)
        address = f"/seller/claims/{case_id}"

        listed = visitor.get("/seller/claims").text
        assert f'href="{address}"' in listed
        assert "김*민" in listed
        assert visitor.post(f"{address}/accept").status_code == 303
        waybill = {"carrier": "EPOST", "waybill": "6123-4567-89012"}
        assert visitor.post(f"{address}/waybill", waybill).status_code == 303
        assert "6123456789012" in visitor.get(address).text
        assert visitor.post(f"{address}/collect").status_code == 303
        unsaid = visitor.post(f"{address}/finish", {"inspection": "새것 그대로"})
        assert unsaid.status_code == 422
        assert "새것 그대로" in unsaid.text
        done = visitor.post(f"{address}/finish", {"inspection": "새것 그대로", "sellable": "yes"})

        assert done.status_code == 303
        assert [one.amount for one in payments.list_refunds(placed.payment_id)] == [7_500]
        # Where the buyer lives is nobody's business any more.
        assert "101호" not in visitor.get(address).text

    def test_who_is_second_is_told(self, app: Flask, visitor: Visitor) -> None:
        seller, first, second = make.enterprise(), make.person(), make.person()
        make.member(seller, first)
        make.member(seller, second, role=MemberRole.STAFF)
        placed, wanted = sold(seller, make.person())
        life.prepare(placed)
        case_id = life.ask(life.form(placed, {wanted: 1}, kind=ClaimKind.CANCEL))
        visitor.enter(first, second_factor=True)
        other = desk(app, second)

        assert visitor.post(f"/seller/claims/{case_id}/accept").status_code == 303
        late = other.post(f"/seller/claims/{case_id}/reject", {"reason": "이미 보냈습니다"})

        assert late.status_code == 409
        assert "이미 처리된 요청입니다" in late.text
        assert life.case(case_id).status is ClaimStatus.DONE

    def test_does_not_see_another_enterprises(self, visitor: Visitor) -> None:
        stranger, seller = make.person(), make.enterprise()
        make.member(make.enterprise(), stranger)
        placed, wanted = sold(seller, make.person())
        life.deliver(placed)
        case_id = life.ask(life.form(placed, {wanted: 1}))
        bundle_id = life.case(case_id).bundle_id
        visitor.enter(stranger, second_factor=True)

        assert f"/seller/claims/{case_id}" not in visitor.get("/seller/claims?tab=all").text
        assert visitor.get(f"/seller/claims/{case_id}").status_code == 404
        for step in ("accept", "reject", "waybill", "collect", "finish", "send", "complete"):
            form = {"reason": "이유", "inspection": "이상 없음", "sellable": "yes"}
            answer = visitor.post(f"/seller/claims/{case_id}/{step}", form)
            assert answer.status_code == 404, step
        assert visitor.get(f"/seller/claims/sold-out/{bundle_id}").status_code == 404
        assert visitor.post(f"/seller/claims/sold-out/{bundle_id}").status_code == 404
        assert life.case(case_id).status is ClaimStatus.REQUESTED

    def test_cancels_what_is_sold_out(self, visitor: Visitor) -> None:
        seller, owner = make.enterprise(), make.person()
        make.member(seller, owner)
        placed, wanted = sold(seller, make.person())
        life.prepare(placed)
        line = life.line_of(placed, wanted)
        (bundle,) = orders.get(placed.order_id).bundles
        visitor.enter(owner, second_factor=True)
        address = f"/seller/claims/sold-out/{bundle.id}"
        page = visitor.get(address).text

        form = {"attempt_key": value_of("attempt_key", page), f"line_{line.id}": "2"}
        nothing = visitor.post(address, {**form, f"line_{line.id}": "0"})
        done = visitor.post(address, form)

        assert (nothing.status_code, done.status_code) == (422, 303)
        assert life.line_of(placed, wanted).status is LineStatus.SOLDOUT

    def test_lists_with_a_constant_number_of_queries(self, visitor: Visitor) -> None:
        seller, owner = make.enterprise(), make.person()
        make.member(seller, owner)
        visitor.enter(owner, second_factor=True)

        def open_list() -> int:
            with statements() as counted:
                assert visitor.get("/seller/claims?tab=all").status_code == 200
            return len(counted)

        def claim() -> None:
            placed, wanted = sold(seller, make.person())
            life.prepare(placed)
            life.ask(life.form(placed, {wanted: 1}, kind=ClaimKind.CANCEL))

        claim()
        open_list()
        few = open_list()
        for _ in range(4):
            claim()

        assert open_list() == few


class TestOffice:
    def test_steps_in_with_a_reason_that_is_kept(self, visitor: Visitor) -> None:
        officer = make.person()
        make.role(officer, Role.OPERATOR)
        placed, wanted = sold(make.enterprise(), make.person())
        life.prepare(placed)
        case_id = life.ask(life.form(placed, {wanted: 1}, kind=ClaimKind.CANCEL))
        visitor.enter(officer, second_factor=True)
        address = f"/office/claims/{case_id}"

        unsaid = visitor.post(f"{address}/accept", {"stated": " "})
        done = visitor.post(f"{address}/accept", {"stated": "3영업일 무응답"})

        assert (unsaid.status_code, done.status_code) == (422, 303)
        (noted,) = db.session.scalars(
            select(AuditEvent).where(AuditEvent.action == "claim.accept")
        ).all()
        assert (noted.subject_id, noted.actor_id) == (case_id, officer.id)
        assert noted.details == {"reason": "3영업일 무응답"}

    def test_sees_overdue_ones_first(
        self, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        officer = make.person()
        make.role(officer, Role.AUDITOR)
        placed, wanted = sold(make.enterprise(), make.person())
        life.prepare(placed)
        case_id = life.ask(life.form(placed, {wanted: 1}, kind=ClaimKind.CANCEL))
        visitor.enter(officer, second_factor=True)
        assert "기한 지남</span>" not in visitor.get("/office/claims").text

        # Thursday after the Saturday it was asked on: Monday, Tuesday and Wednesday have passed.
        later = life.AFTER + (life.AFTER - make.NOW) + (life.THERE - life.SENT)
        monkeypatch.setattr(clock, "now", lambda: later)
        visitor.enter(officer, second_factor=True)
        page = visitor.get("/office/claims").text

        assert "기한 지남</span>" in page
        assert f'href="/office/claims/{case_id}"' in page
        assert "승인</button>" not in visitor.get(f"/office/claims/{case_id}").text

    def test_cancels_by_right_of_office(self, visitor: Visitor) -> None:
        officer = make.person()
        make.role(officer, Role.OPERATOR)
        placed, wanted = sold(make.enterprise(), make.person())
        life.prepare(placed)
        line = life.line_of(placed, wanted)
        visitor.enter(officer, second_factor=True)
        page = visitor.get(f"/office/claims/cancel?number={placed.number}").text
        form = {
            "attempt_key": value_of("attempt_key", page),
            "number": placed.number,
            f"line_{line.id}": "2",
            "fault": "seller",
        }

        unsaid = visitor.post("/office/claims/cancel", {**form, "reason": ""})
        unknown = visitor.post(
            "/office/claims/cancel", {**form, "number": "20260101AAAAAAAA", "reason": "없음"}
        )
        done = visitor.post("/office/claims/cancel", {**form, "reason": "가게 연락 두절"})

        assert (unsaid.status_code, unknown.status_code) == (422, 404)
        assert done.status_code == 303
        assert life.line_of(placed, wanted).status is LineStatus.CANCELED
