"""Goods come back: money by the frozen shares, the way back by whose doing it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial

import pytest

from marketplace.catalog.models import ShippingKind
from marketplace.checkout import claim_decisions, claims
from marketplace.core.db import db, transaction
from marketplace.coupons.models import Coupon, CouponState, FunderKind
from marketplace.ledger import posting
from marketplace.orders import claim_desk, standing
from marketplace.orders.claim_terms import ConfirmedAlready, NotNow, TimeOver, last_day
from marketplace.orders.models import ClaimStatus, Fault, LineStatus
from marketplace.payments import queries as payments
from tests import make
from tests.service.checkout import books
from tests.service.checkout import claim_life as life

pytestmark = pytest.mark.usefixtures("isolated")


def money_of(seller_id: int) -> tuple[int, int]:
    """Return what is held for an enterprise and what it is owed."""
    held, payable = (f"{account}:enterprise:{seller_id}" for account in ("held", "payable"))
    return -posting.balance(held), -posting.balance(payable)


class TestMoney:
    def test_a_change_of_mind_pays_the_way_back(self) -> None:
        buyer, seller = make.person(), make.enterprise()
        district = make.grant(FunderKind.DISTRICT)
        coupon = make.claimed_coupon(
            make.campaign(amount=4_000, grants=[(district, 10_000)]), by=buyer
        )
        ships = make.shipping(seller, fee=3_000, return_fee=2_500)
        wanted = make.sellable(seller, price=10_000, ships=ships)
        placed = life.deliver(make.paid_order({wanted: 2}, by=buyer, coupons=[coupon]))
        shown = life.shown(life.form(placed, {wanted: 1}))

        case_id = life.ask(life.form(placed, {wanted: 1}))
        life.bring_back(case_id)

        assert (shown.money.goods_refund, shown.money.return_fee) == (8_000, 2_500)
        assert [one.amount for one in payments.list_refunds(placed.payment_id)] == [5_500]
        line = life.line_of(placed, wanted)
        assert (line.status, line.canceled_quantity) == (LineStatus.DELIVERED, 1)
        assert make.money_of(district)[1] == 2_000
        assert money_of(seller.id) == (10_000 + 3_000, 2_500)
        books.check()

    def test_the_sellers_fault_brings_everything_back(self) -> None:
        buyer, seller = make.person(), make.enterprise()
        coupon = make.claimed_coupon(make.campaign(amount=4_000), by=buyer)
        wanted = make.sellable(seller, price=10_000, ships=make.shipping(seller, fee=3_000))
        placed = life.deliver(make.paid_order({wanted: 2}, by=buyer, coupons=[coupon]))

        life.bring_back(life.ask(life.form(placed, {wanted: 2}, why="defective")))

        (refund,) = payments.list_refunds(placed.payment_id)
        assert refund.amount == placed.pay_total
        assert life.line_of(placed, wanted).status is LineStatus.RETURNED
        assert money_of(seller.id) == (0, 0)
        restored = db.session.get_one(Coupon, coupon.id, populate_existing=True)
        assert restored.state is CouponState.CLAIMED
        books.check()

    def test_free_shipping_falls_due_with_what_a_change_of_mind_sends_back(self) -> None:
        seller = make.enterprise()
        ships = make.shipping(
            seller, ShippingKind.CONDITIONAL_FREE, fee=3_000, free_over=20_000, return_fee=3_000
        )
        goods = [make.sellable(seller, price=10_000, ships=ships) for _ in range(2)]
        placed = life.deliver(make.paid_order(dict.fromkeys(goods, 1)))

        shown = life.shown(life.form(placed, {goods[0]: 1}))
        life.bring_back(life.ask(life.form(placed, {goods[0]: 1})))
        rest = life.shown(life.form(placed, {goods[1]: 1}))
        life.bring_back(life.ask(life.form(placed, {goods[1]: 1})))

        # Both ways for the first, only the way back for the second: the way there is paid by now.
        assert (shown.money.shipping_due, shown.money.cash_refund) == (3_000, 4_000)
        assert (rest.money.shipping_due, rest.money.cash_refund) == (0, 7_000)
        assert money_of(seller.id) == (0, 9_000)
        books.check()

    def test_all_of_a_free_parcel_pays_both_ways(self) -> None:
        seller = make.enterprise()
        ships = make.shipping(
            seller, ShippingKind.CONDITIONAL_FREE, fee=3_000, free_over=20_000, return_fee=3_000
        )
        wanted = make.sellable(seller, price=10_000, ships=ships)
        placed = life.deliver(make.paid_order({wanted: 2}))

        life.bring_back(life.ask(life.form(placed, {wanted: 2})))

        assert [one.amount for one in payments.list_refunds(placed.payment_id)] == [14_000]
        assert money_of(seller.id) == (0, 6_000)
        books.check()

    def test_the_fee_is_never_more_than_what_goes_back(self) -> None:
        seller = make.enterprise()
        ships = make.shipping(seller, ShippingKind.FREE, fee=0, return_fee=3_000)
        wanted = make.sellable(seller, price=1_000, ships=ships)
        placed = life.deliver(make.paid_order({wanted: 1}))
        shown = life.shown(life.form(placed, {wanted: 1}))

        life.bring_back(life.ask(life.form(placed, {wanted: 1})))

        assert (shown.money.return_fee, shown.money.fee_waived) == (1_000, 2_000)
        assert shown.money.cash_refund == 0
        assert payments.list_refunds(placed.payment_id) == []
        assert money_of(seller.id) == (0, 1_000)
        books.check()

    def test_after_confirming_it_is_taken_from_what_the_enterprise_is_owed(self) -> None:
        seller = make.enterprise()
        wanted = make.sellable(seller, price=10_000, ships=make.shipping(seller, fee=3_000))
        placed = life.deliver(make.paid_order({wanted: 2}))
        life.confirm(placed)
        assert money_of(seller.id) == (0, 23_000)

        life.bring_back(life.ask(life.form(placed, {wanted: 1}, why="defective")))
        assert money_of(seller.id) == (0, 13_000)
        life.bring_back(life.ask(life.form(placed, {wanted: 1}, why="defective")))

        assert money_of(seller.id) == (0, 0)
        assert life.line_of(placed, wanted).status is LineStatus.RETURNED
        books.check()

    def test_the_last_open_line_of_a_bundle_frees_its_shipping(self) -> None:
        seller = make.enterprise()
        ships = make.shipping(seller, fee=3_000, return_fee=3_000)
        kept, sent_back = (make.sellable(seller, price=10_000, ships=ships) for _ in range(2))
        placed = life.deliver(make.paid_order({kept: 1, sent_back: 1}))
        case_id = life.ask(life.form(placed, {sent_back: 1}))
        life.confirm(placed, life.line_of(placed, kept).id)
        assert money_of(seller.id) == (13_000, 10_000)

        life.bring_back(case_id)

        assert money_of(seller.id) == (0, 10_000 + 3_000 + 3_000)
        books.check()

    def test_two_open_cases_of_one_parcel_take_its_shipping_once(self) -> None:
        seller = make.enterprise()
        ships = make.shipping(
            seller, ShippingKind.CONDITIONAL_FREE, fee=3_000, free_over=20_000, return_fee=3_000
        )
        goods = [make.sellable(seller, price=10_000, ships=ships) for _ in range(2)]
        placed = life.deliver(make.paid_order(dict.fromkeys(goods, 1)))

        opened = [life.ask(life.form(placed, {one: 1})) for one in goods]
        for case_id in reversed(opened):
            life.bring_back(case_id)

        amounts = [one.amount for one in payments.list_refunds(placed.payment_id)]
        assert sorted(amounts) == [4_000, 7_000]
        books.check()

    def test_an_enterprises_own_share_goes_back_to_nobody(self) -> None:
        buyer, seller = make.person(), make.enterprise()
        drive = make.campaign(
            amount=4_000, funding={FunderKind.DISTRICT: 5_000, FunderKind.ENTERPRISE: 5_000}
        )
        coupon = make.claimed_coupon(drive, by=buyer)
        wanted = make.sellable(seller, price=10_000, ships=make.shipping(seller, fee=0))
        placed = life.deliver(make.paid_order({wanted: 1}, by=buyer, coupons=[coupon]))
        life.confirm(placed)

        life.bring_back(life.ask(life.form(placed, {wanted: 1}, why="wrong_item")))

        assert money_of(seller.id) == (0, 0)
        books.check()


class TestStock:
    @pytest.mark.parametrize("sellable", [True, False])
    def test_goes_to_the_shelf_unless_inspection_says_no(self, *, sellable: bool) -> None:
        wanted = make.sellable()
        placed = life.deliver(make.paid_order({wanted: 2}))
        before = make.stock_of(wanted)[0]

        life.bring_back(life.ask(life.form(placed, {wanted: 2})), sellable=sellable)

        assert make.stock_of(wanted)[0] == before + (2 if sellable else 0)


class TestTime:
    def test_is_due_three_business_days_after_it_came_back(self) -> None:
        wanted = make.sellable()
        placed = life.deliver(make.paid_order({wanted: 1}))
        case_id = life.ask(life.form(placed, {wanted: 1}))
        assert life.case(case_id).refund_due_on is None

        # Saturday 28 November: Monday, Tuesday, Wednesday.
        life.collect(case_id)

        assert life.case(case_id).refund_due_on == date(2026, 12, 2)

    def test_a_change_of_mind_is_seven_days_and_a_defect_three_months(self) -> None:
        delivered = date(2026, 11, 30)

        assert last_day(delivered, Fault.BUYER) == date(2026, 12, 7)
        assert last_day(delivered, Fault.SELLER) == date(2027, 2, 28)

    def test_is_over_after_the_seventh_day_but_for_a_defect(self) -> None:
        wanted = make.sellable()
        placed = life.deliver(make.paid_order({wanted: 1}))
        form = life.form(placed, {wanted: 1})
        # Seven days after the day it arrived, until midnight in Seoul.
        last = life.THERE + timedelta(days=7)

        assert life.shown(form, at=last).money.lines
        with pytest.raises(TimeOver):
            life.shown(form, at=last + timedelta(days=1))
        defect = life.form(placed, {wanted: 1}, why="defective")
        assert life.shown(defect, at=last + timedelta(days=60)).money.lines
        with pytest.raises(TimeOver):
            life.shown(defect, at=last + timedelta(days=90))

    def test_who_confirmed_may_only_claim_a_defect(self) -> None:
        wanted = make.sellable()
        placed = life.deliver(make.paid_order({wanted: 1}))
        life.confirm(placed)

        with pytest.raises(ConfirmedAlready):
            life.ask(life.form(placed, {wanted: 1}))
        assert life.ask(life.form(placed, {wanted: 1}, why="defective"))

    def test_begins_when_goods_are_under_way(self) -> None:
        wanted = make.sellable()
        placed = life.prepare(make.paid_order({wanted: 1}))

        with pytest.raises(NotNow):
            life.ask(life.form(placed, {wanted: 1}))


class TestSteps:
    def test_refuses_to_jump(self) -> None:
        wanted = make.sellable()
        placed = life.deliver(make.paid_order({wanted: 1}))
        case_id = life.ask(life.form(placed, {wanted: 1}))
        by = life.seller(case_id)

        steps: list[Callable[[], None]] = [
            partial(claim_decisions.collect, case_id, by),
            partial(
                claim_decisions.finish_return, case_id, by, sellable=True, inspection="이상 없음"
            ),
            partial(claim_decisions.complete_exchange, case_id, by),
        ]
        for step in steps:
            with pytest.raises((claim_desk.ClaimMoved, claim_desk.WrongKind)), transaction():
                step()
        assert life.case(case_id).status is ClaimStatus.REQUESTED

    def test_says_what_inspection_found(self) -> None:
        wanted = make.sellable()
        placed = life.deliver(make.paid_order({wanted: 1}))
        case_id = life.ask(life.form(placed, {wanted: 1}))
        life.collect(case_id)
        by = life.seller(case_id)

        with pytest.raises(claim_decisions.InspectionMissing), transaction():
            claim_decisions.finish_return(case_id, by, sellable=True, inspection="  ")

    def test_may_be_rejected_after_inspection_and_pays_nothing(self) -> None:
        wanted = make.sellable()
        placed = life.deliver(make.paid_order({wanted: 1}))
        case_id = life.ask(life.form(placed, {wanted: 1}))
        life.collect(case_id)
        by = life.seller(case_id)

        with transaction():
            claim_decisions.reject(case_id, by, reason="사용한 흔적이 있습니다")

        assert payments.list_refunds(placed.payment_id) == []
        assert life.line_of(placed, wanted).status is LineStatus.DELIVERED
        books.check()

    def test_is_not_taken_back_once_the_goods_arrived(self) -> None:
        wanted = make.sellable()
        placed = life.deliver(make.paid_order({wanted: 1}))
        case_id = life.ask(life.form(placed, {wanted: 1}))
        life.collect(case_id)

        with pytest.raises(claim_desk.ClaimMoved), transaction():
            claims.withdraw(case_id=case_id, order_id=placed.order_id, actor="guest", at=life.AFTER)

    def test_returns_no_more_pieces_than_there_are(self) -> None:
        wanted = make.sellable()
        placed = life.deliver(make.paid_order({wanted: 2}))
        life.bring_back(life.ask(life.form(placed, {wanted: 1})))

        with pytest.raises(standing.TooManyCanceled):
            life.ask(life.form(placed, {wanted: 2}))

    def test_notes_the_parcel_it_comes_back_in(self) -> None:
        wanted = make.sellable()
        placed = life.deliver(make.paid_order({wanted: 1}))
        case_id = life.ask(life.form(placed, {wanted: 1}))
        by = life.seller(case_id)

        with pytest.raises(claim_decisions.NotCollecting), transaction():
            claim_decisions.set_waybill(case_id, by, carrier="EPOST", waybill="6123456789012")
        life.accept(case_id)
        with pytest.raises(claim_desk.WaybillMissing), transaction():
            claim_decisions.set_waybill(case_id, by, carrier="EPOST", waybill=" ")
        with transaction():
            claim_decisions.set_waybill(case_id, by, carrier="EPOST", waybill="6123-4567-89012")

        assert life.case(case_id).return_carrier == "우체국택배"
        assert life.case(case_id).return_waybill == "6123456789012"
