"""Cancelling what is being prepared is asked for; who cannot deliver cancels without a fee."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from marketplace.catalog.models import ShippingKind
from marketplace.checkout import canceling, claim_decisions, claims
from marketplace.checkout.claim_decisions import Decider
from marketplace.checkout.claim_money import RefundChanged
from marketplace.core.db import db, transaction
from marketplace.core.outbox import Job
from marketplace.coupons.models import Coupon, CouponState
from marketplace.ledger import posting
from marketplace.notifications import facts, rendering
from marketplace.orders import claim_desk, reasons, standing
from marketplace.orders import queries as orders
from marketplace.orders.claim_terms import NotNow
from marketplace.orders.models import ClaimHistory, ClaimKind, ClaimStatus, Fault, LineStatus
from marketplace.payments import queries as payments
from tests import make
from tests.service.checkout import books
from tests.service.checkout import claim_life as life

pytestmark = pytest.mark.usefixtures("isolated")

CANCEL = ClaimKind.CANCEL


def told(kind: str) -> list[dict[str, object]]:
    jobs = db.session.scalars(select(Job).where(Job.kind == "notifications.deliver"))
    return [job.payload for job in jobs if job.payload.get("kind") == kind]


class TestRequest:
    def test_waits_for_the_enterprise_and_then_pays_what_was_shown(self) -> None:
        buyer, seller = make.person(), make.enterprise()
        make.member(seller, make.person())
        wanted = make.sellable(seller, price=10_000, ships=make.shipping(seller, fee=3_000))
        coupon = make.claimed_coupon(make.campaign(amount=4_000), by=buyer)
        placed = life.prepare(make.paid_order({wanted: 2}, by=buyer, coupons=[coupon]))
        form = life.form(placed, {wanted: 2}, kind=CANCEL, why="changed_mind")
        shown = life.shown(form)

        case_id = life.ask(form)

        asked = life.case(case_id)
        assert (asked.status, asked.refund_due_on) == (ClaimStatus.REQUESTED, date(2026, 12, 2))
        assert life.line_of(placed, wanted).canceled_quantity == 0
        assert payments.list_refunds(placed.payment_id) == []
        assert len(told("claim_requested")) == 1

        life.accept(case_id)

        assert shown.money.cash_refund == 19_000
        assert [one.amount for one in payments.list_refunds(placed.payment_id)] == [19_000]
        assert life.line_of(placed, wanted).status is LineStatus.CANCELED
        assert db.session.get_one(Coupon, coupon.id, populate_existing=True).state is (
            CouponState.CLAIMED
        )
        assert posting.balance(f"held:enterprise:{seller.id}") == 0
        assert len(told("claim_done")) == 1
        books.check()

    def test_opens_one_case_however_often_the_button_is_pressed(self) -> None:
        wanted = make.sellable()
        placed = life.prepare(make.paid_order({wanted: 1}))
        form, key = life.form(placed, {wanted: 1}, kind=CANCEL), make.attempt_key()
        first = life.ask(form, key=key)

        with transaction():
            again = claims.request(form, attempt_key=key, seen=0, actor="guest", at=life.AFTER)

        assert (again.id, again.is_new) == (first, False)
        assert len(orders.list_claims(placed.order_id)) == 1

    def test_is_refused_for_another_amount_than_shown(self) -> None:
        wanted = make.sellable()
        placed = life.prepare(make.paid_order({wanted: 1}))
        form = life.form(placed, {wanted: 1}, kind=CANCEL)

        with pytest.raises(RefundChanged), transaction():
            claims.request(
                form, attempt_key=make.attempt_key(), seen=1, actor="guest", at=life.AFTER
            )

        assert orders.list_claims(placed.order_id) == []

    def test_is_refused_where_a_buyer_may_cancel_at_once(self) -> None:
        wanted = make.sellable()
        placed = make.paid_order({wanted: 1})

        with pytest.raises(NotNow):
            life.ask(life.form(placed, {wanted: 1}, kind=CANCEL))

    def test_is_refused_while_another_is_open_and_free_again_when_withdrawn(self) -> None:
        wanted = make.sellable()
        placed = life.prepare(make.paid_order({wanted: 2}))
        form = life.form(placed, {wanted: 1}, kind=CANCEL)
        case_id = life.ask(form)

        with pytest.raises(standing.AlreadyClaimed):
            life.ask(form)
        with transaction():
            claims.withdraw(case_id=case_id, order_id=placed.order_id, actor="guest", at=life.AFTER)

        assert life.ask(form) != case_id

    def test_is_for_one_enterprise_at_a_time(self) -> None:
        one, other = make.sellable(), make.sellable()
        placed = life.prepare(make.paid_order({one: 1, other: 1}))

        with pytest.raises(claims.OneBundle):
            life.ask(life.form(placed, {one: 1, other: 1}, kind=CANCEL))

    @pytest.mark.parametrize("why", ["defective", "sold_out", "nonsense", ""])
    def test_is_for_a_reason_of_its_kind(self, why: str) -> None:
        wanted = make.sellable()
        placed = life.prepare(make.paid_order({wanted: 1}))

        with pytest.raises(reasons.ReasonUnknown):
            life.ask(life.form(placed, {wanted: 1}, kind=CANCEL, why=why))

    def test_takes_no_shipping_when_the_seller_is_late(self) -> None:
        seller = make.enterprise()
        ships = make.shipping(seller, ShippingKind.CONDITIONAL_FREE, fee=3_000, free_over=20_000)
        goods = [make.sellable(seller, price=10_000, ships=ships) for _ in range(2)]
        placed = life.prepare(make.paid_order(dict.fromkeys(goods, 1)))

        late = life.shown(life.form(placed, {goods[0]: 1}, kind=CANCEL, why="late"))
        mind = life.shown(life.form(placed, {goods[0]: 1}, kind=CANCEL))

        assert (late.money.cash_refund, mind.money.cash_refund) == (10_000, 7_000)


class TestAnswer:
    def test_rejects_with_a_reason_the_buyer_is_told(self) -> None:
        wanted = make.sellable()
        placed = life.prepare(make.paid_order({wanted: 1}))
        case_id = life.ask(life.form(placed, {wanted: 1}, kind=CANCEL))
        by = life.seller(case_id)

        with pytest.raises(claim_decisions.ReasonMissing), transaction():
            claim_decisions.reject(case_id, by, reason=" ")
        with transaction():
            claim_decisions.reject(case_id, by, reason="이미 택배사에 넘겼습니다")

        rejected = life.case(case_id)
        assert rejected.status is ClaimStatus.REJECTED
        assert rejected.rejection_reason == "이미 택배사에 넘겼습니다"
        assert life.line_of(placed, wanted).status is LineStatus.PREPARING
        assert len(told("claim_rejected")) == 1
        steps = db.session.scalars(
            select(ClaimHistory.to_status).where(ClaimHistory.claim_case_id == case_id)
        ).all()
        assert list(steps) == ["requested", "rejected"]

    def test_answers_once(self) -> None:
        wanted = make.sellable()
        placed = life.prepare(make.paid_order({wanted: 1}))
        case_id = life.ask(life.form(placed, {wanted: 1}, kind=CANCEL))
        by = life.seller(case_id)
        life.accept(case_id)

        with pytest.raises(claim_desk.ClaimMoved), transaction():
            claim_decisions.reject(case_id, by, reason="늦었습니다")
        with pytest.raises(claim_desk.ClaimMoved), transaction():
            claims.withdraw(case_id=case_id, order_id=placed.order_id, actor="guest", at=life.AFTER)

    def test_does_not_exist_for_another_enterprise_or_order(self) -> None:
        wanted = make.sellable()
        placed = life.prepare(make.paid_order({wanted: 1}))
        case_id = life.ask(life.form(placed, {wanted: 1}, kind=CANCEL))
        stranger = Decider(actor="person:9", at=life.AFTER, enterprise_ids=[make.enterprise().id])

        with pytest.raises(claim_desk.ClaimNotFound):
            claim_decisions.accept(case_id, stranger)
        with pytest.raises(claim_desk.ClaimNotFound):
            claims.withdraw(case_id=case_id, order_id=10**9, actor="guest", at=life.AFTER)

    def test_lets_the_office_step_in_when_it_says_why(self) -> None:
        wanted = make.sellable()
        placed = life.prepare(make.paid_order({wanted: 1}))
        case_id = life.ask(life.form(placed, {wanted: 1}, kind=CANCEL))

        with pytest.raises(claim_decisions.ReasonMissing):
            claim_decisions.accept(case_id, Decider(actor="person:2", at=life.AFTER))
        with transaction():
            claim_decisions.accept(
                case_id, Decider(actor="person:2", at=life.AFTER, stated="3영업일 무응답")
            )

        assert life.case(case_id).status is ClaimStatus.DONE
        books.check()


class TestSoldOut:
    def test_costs_the_buyer_nothing_and_puts_nothing_on_the_shelf(self) -> None:
        seller = make.enterprise()
        ships = make.shipping(seller, ShippingKind.CONDITIONAL_FREE, fee=3_000, free_over=20_000)
        gone, there = (make.sellable(seller, price=10_000, ships=ships) for _ in range(2))
        placed = life.prepare(make.paid_order({gone: 1, there: 1}))
        before = make.stock_of(gone)

        with transaction():
            case = canceling.cancel_sold_out(
                order_id=placed.order_id,
                enterprise_id=seller.id,
                attempt_key=make.attempt_key(),
                quantities={life.line_of(placed, gone).id: 1},
                reason="",
                actor="person:1",
                at=life.AFTER,
            )

        assert (case.cash_refund, case.shipping_refund) == (10_000, 0)
        assert life.line_of(placed, gone).status is LineStatus.SOLDOUT
        assert life.line_of(placed, there).status is LineStatus.PREPARING
        assert make.stock_of(gone) == before
        assert life.case(case.claim_case_id).fault is Fault.SELLER
        books.check()

    def test_is_not_told_as_the_buyers_wish(self) -> None:
        seller = make.enterprise()
        wanted = make.sellable(seller)
        placed = life.prepare(make.paid_order({wanted: 1}))
        with transaction():
            case = canceling.cancel_sold_out(
                order_id=placed.order_id,
                enterprise_id=seller.id,
                attempt_key=make.attempt_key(),
                quantities={life.line_of(placed, wanted).id: 1},
                reason="가마가 고장 났습니다",
                actor="person:1",
                at=life.AFTER,
            )

        said = facts.load("order_canceled", {"claim_case_id": case.claim_case_id})
        text = rendering.text("order_canceled", {**said.values, "link": said.link})

        assert "품절되어" in text
        assert "가마가 고장 났습니다" in text
        assert "요청하신 취소" not in text

    def test_is_for_ones_own_lines(self) -> None:
        wanted = make.sellable()
        placed = life.prepare(make.paid_order({wanted: 1}))

        with pytest.raises(standing.LineUnknown), transaction():
            canceling.cancel_sold_out(
                order_id=placed.order_id,
                enterprise_id=make.enterprise().id,
                attempt_key=make.attempt_key(),
                quantities={life.line_of(placed, wanted).id: 1},
                reason="",
                actor="person:1",
                at=life.AFTER,
            )

    def test_is_too_late_once_sent(self) -> None:
        seller = make.enterprise()
        wanted = make.sellable(seller)
        placed = life.send(make.paid_order({wanted: 1}))

        with pytest.raises(standing.TooLate), transaction():
            canceling.cancel_sold_out(
                order_id=placed.order_id,
                enterprise_id=seller.id,
                attempt_key=make.attempt_key(),
                quantities={life.line_of(placed, wanted).id: 1},
                reason="",
                actor="person:1",
                at=life.AFTER,
            )


class TestByOffice:
    def test_says_why_and_pays_back(self) -> None:
        wanted = make.sellable(price=10_000)
        placed = life.prepare(make.paid_order({wanted: 1}))
        chosen = {life.line_of(placed, wanted).id: 1}

        def step_in(reason: str) -> None:
            with transaction():
                canceling.cancel_by_office(
                    order_id=placed.order_id,
                    attempt_key=make.attempt_key(),
                    quantities=chosen,
                    fault=Fault.SELLER,
                    reason=reason,
                    actor="person:2",
                    at=life.AFTER + timedelta(days=9),
                )

        with pytest.raises(canceling.ReasonMissing):
            step_in(" ")
        step_in("가게가 연락을 받지 않음")

        (case,) = orders.list_claims(placed.order_id)
        assert case.cash_refund + case.shipping_refund == placed.pay_total
        assert life.line_of(placed, wanted).status is LineStatus.CANCELED
        books.check()
