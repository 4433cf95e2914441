"""Cancelling pieces of an order."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace.accounts.models import Role
from marketplace.catalog.models import Variant
from marketplace.checkout import canceling
from marketplace.checkout.canceling import CanceledCase
from marketplace.checkout.placing import PlacedOrder
from marketplace.core.db import db, transaction
from marketplace.core.outbox import Job
from marketplace.coupons.models import Coupon, CouponKind, CouponState, FunderKind, RedemptionShare
from marketplace.ledger import posting
from marketplace.orders import canceling as cases
from marketplace.orders import queries as orders
from marketplace.orders import status
from marketplace.orders.models import ClaimStatus, LineStatus
from marketplace.payments import payment
from marketplace.payments import queries as payments
from marketplace.payments.models import PaymentState
from tests import make
from tests.service.checkout import books

pytestmark = pytest.mark.usefixtures("isolated")

AFTER = make.NOW + timedelta(hours=1)


def cancel(
    placed: PlacedOrder, *pieces: tuple[Variant, int], key: str | None = None
) -> CanceledCase:
    with transaction():
        return canceling.cancel_lines(
            order_id=placed.order_id,
            attempt_key=key or make.attempt_key(),
            quantities=pieces_of(placed, *pieces),
            reason="단순 변심",
            actor="guest",
            at=AFTER,
        )


def pieces_of(placed: PlacedOrder, *pieces: tuple[Variant, int]) -> dict[int, int]:
    lines = {line.variant_id: line.id for line in orders.get(placed.order_id).lines}
    return {lines[wanted.id]: quantity for wanted, quantity in pieces}


class TestFrozenShares:
    def test_the_middle_line_of_three_brings_back_its_own_share(self) -> None:
        """korea.md §9.7."""
        buyer, seller = make.person(), make.enterprise()
        city, district = make.grant(FunderKind.CITY), make.grant(FunderKind.DISTRICT)
        drive = make.campaign(amount=10_000, grants=[(city, 7_000), (district, 3_000)])
        coupon = make.claimed_coupon(drive, by=buyer)
        ships = make.shipping(seller, fee=3_000)
        goods = [make.sellable(seller, price=20_000, ships=ships) for _ in range(3)]
        placed = make.paid_order(dict.fromkeys(goods, 1), by=buyer, coupons=[coupon])

        case = cancel(placed, (goods[1], 1))

        assert (case.cash_refund, case.coupon_return) == (20_000 - 3_333, 3_333)
        assert (make.money_of(city)[1], make.money_of(district)[1]) == (4_667, 2_000)
        lines = orders.get(placed.order_id).lines
        assert [line.refunded_amount for line in lines] == [0, 16_667, 0]
        assert [line.status for line in lines] == [
            LineStatus.PAID,
            LineStatus.CANCELED,
            LineStatus.PAID,
        ]
        still_used = db.session.get_one(Coupon, coupon.id, populate_existing=True)
        assert still_used.state is CouponState.REDEEMED
        books.check()

    def test_pieces_of_one_line_come_back_to_the_won(self) -> None:
        buyer, seller = make.person(), make.enterprise()
        wanted = make.sellable(seller, price=10_000, ships=make.shipping(seller, fee=0))
        coupon = make.claimed_coupon(make.campaign(amount=1_000), by=buyer)
        placed = make.paid_order({wanted: 3}, by=buyer, coupons=[coupon])

        refunds = [cancel(placed, (wanted, 1)) for _ in range(3)]

        assert [case.cash_refund for case in refunds] == [9_666, 9_667, 9_667]
        assert [case.coupon_return for case in refunds] == [334, 333, 333]
        assert sum(case.cash_refund for case in refunds) == placed.pay_total
        books.check()

    def test_the_coupon_can_be_used_again_after_the_last_line_it_covered(self) -> None:
        buyer, seller = make.person(), make.enterprise()
        first, second = make.sellable(seller), make.sellable(seller)
        drive = make.campaign(amount=4_000, scope={"products": [first.product_id]})
        coupon = make.claimed_coupon(drive, by=buyer)
        placed = make.paid_order({first: 1, second: 1}, by=buyer, coupons=[coupon])

        shown = canceling.preview(
            order_id=placed.order_id, quantities=pieces_of(placed, (first, 1))
        )
        cancel(placed, (first, 1))

        assert shown.restored_coupons == (drive.name,)
        restored = db.session.get_one(Coupon, coupon.id, populate_existing=True)
        assert (restored.state, restored.balance) == (CouponState.CLAIMED, 4_000)
        books.check()

    def test_a_stored_value_gets_each_part_back_at_once(self) -> None:
        buyer, seller = make.person(), make.enterprise()
        wanted = make.sellable(seller, price=10_000, ships=make.shipping(seller, fee=0))
        drive = make.campaign(kind=CouponKind.STORED_VALUE, amount=30_000)
        coupon = make.claimed_coupon(drive, by=buyer)
        placed = make.paid_order({wanted: 2}, by=buyer, coupons=[coupon])

        case = cancel(placed, (wanted, 1))

        assert (case.cash_refund, case.coupon_return) == (0, 10_000)
        left = db.session.get_one(Coupon, coupon.id, populate_existing=True)
        assert (left.balance, left.state) == (20_000, CouponState.CLAIMED)
        assert payments.list_refunds(placed.payment_id) == []
        books.check()

    def test_an_enterprises_own_share_goes_back_to_nobody(self) -> None:
        buyer, seller = make.person(), make.enterprise()
        drive = make.campaign(
            amount=4_000, funding={FunderKind.DISTRICT: 5_000, FunderKind.ENTERPRISE: 5_000}
        )
        coupon = make.claimed_coupon(drive, by=buyer)
        wanted = make.sellable(seller, price=10_000, ships=make.shipping(seller, fee=0))
        placed = make.paid_order({wanted: 1}, by=buyer, coupons=[coupon])

        cancel(placed, (wanted, 1))

        assert posting.balance(f"held:enterprise:{seller.id}") == 0
        assert posting.balance("refund_due") == -6_000
        returned = db.session.scalars(select(RedemptionShare.reversed_amount)).all()
        assert list(returned) == [2_000, 2_000]
        books.check()


class TestCancelLines:
    def test_gives_back_stock_asks_for_the_refund_and_writes(self) -> None:
        wanted = make.sellable()
        placed = make.paid_order({wanted: 3})

        case = cancel(placed, (wanted, 2))

        assert make.stock_of(wanted) == (99, 0)
        (refund,) = payments.list_refunds(placed.payment_id)
        assert (refund.amount, refund.reference) == (20_000, f"claim_case:{case.claim_case_id}")
        (claim,) = orders.list_claims(placed.order_id)
        assert (claim.status, claim.cash_refund) == (ClaimStatus.DONE, 20_000)
        kinds = [job.kind for job in db.session.scalars(select(Job).order_by(Job.id))]
        assert kinds[-2:] == ["checkout.send_refund", "notifications.deliver"]
        order = orders.get(placed.order_id)
        assert (order.status, order.refunded_total) == (LineStatus.PAID, 20_000)

    def test_shows_first_exactly_what_it_then_does(self) -> None:
        buyer, first, second = make.person(), make.enterprise(), make.enterprise()
        coupon = make.claimed_coupon(make.campaign(amount=7_777), by=buyer)
        goods = [make.sellable(first), make.sellable(second, price=23_000)]
        placed = make.paid_order(dict.fromkeys(goods, 3), by=buyer, coupons=[coupon])
        pieces = [(goods[0], 3), (goods[1], 1)]

        shown = canceling.preview(order_id=placed.order_id, quantities=pieces_of(placed, *pieces))
        before = orders.get(placed.order_id)
        case = cancel(placed, *pieces)

        assert before.refunded_total == 0
        assert (shown.goods_refund, shown.shipping_refund, shown.coupon_return) == (
            case.cash_refund,
            case.shipping_refund,
            case.coupon_return,
        )
        assert orders.get(placed.order_id).refunded_total == shown.cash_refund

    def test_pressed_twice_is_one_case(self) -> None:
        wanted, key = make.sellable(), make.attempt_key()
        placed = make.paid_order({wanted: 3})

        first = cancel(placed, (wanted, 1), key=key)
        again = cancel(placed, (wanted, 1), key=key)

        assert (again.claim_case_id, again.is_new) == (first.claim_case_id, False)
        assert make.stock_of(wanted) == (98, 0)

    def test_is_too_late_once_it_is_being_prepared(self) -> None:
        wanted = make.sellable(name="수제 잼")
        placed = make.paid_order({wanted: 1})
        with transaction():
            status.move(
                line_ids=list(pieces_of(placed, (wanted, 1))),
                to=LineStatus.PREPARING,
                actor="member:1",
                at=AFTER,
            )

        with pytest.raises(cases.TooLate, match=r"수제 잼.*상품준비중"):
            cancel(placed, (wanted, 1))

    def test_refuses_more_than_is_left_nothing_and_foreign_lines(self) -> None:
        wanted, other = make.sellable(), make.sellable()
        placed, foreign = make.paid_order({wanted: 2}), make.paid_order({other: 1})

        with pytest.raises(cases.TooManyCanceled, match="2개까지"):
            cancel(placed, (wanted, 3))
        with pytest.raises(cases.NothingChosen):
            cancel(placed, (wanted, 0))
        with pytest.raises(cases.TooManyCanceled):
            cancel(placed, (wanted, -1))
        with pytest.raises(cases.LineUnknown), transaction():
            canceling.cancel_lines(
                order_id=placed.order_id,
                attempt_key=make.attempt_key(),
                quantities=pieces_of(foreign, (other, 1)),
                reason="",
                actor="guest",
                at=AFTER,
            )

    def test_of_an_unpaid_order_is_another_thing(self) -> None:
        wanted = make.sellable()
        placed = make.placed_order({wanted: 1}, provider="bank_transfer")

        with pytest.raises(canceling.NotPaidYet):
            cancel(placed, (wanted, 1))
        with transaction():
            canceling.cancel_unpaid(order_id=placed.order_id, actor="guest", at=AFTER)
            canceling.cancel_unpaid(order_id=placed.order_id, actor="guest", at=AFTER)

        assert orders.get(placed.order_id).status is LineStatus.CANCELED_UNPAID
        assert payment.get_held(placed.payment_id).state is PaymentState.CANCELED
        assert make.stock_of(wanted) == (100, 0)
        with pytest.raises(canceling.AlreadyEnded):
            cancel(placed, (wanted, 1))

    def test_lowers_a_departments_bill_instead_of_paying_back(self) -> None:
        clerk, seller = make.person(roles=[Role.DEPARTMENT_BUYER]), make.enterprise()
        wanted = make.sellable(seller, price=10_000, ships=make.shipping(seller, fee=0))
        placed = make.paid_order({wanted: 3}, by=clerk, provider="invoice")

        cancel(placed, (wanted, 1))
        billed = payment.get_held(placed.payment_id)
        cancel(placed, (wanted, 2))

        assert billed.amount == 20_000
        assert payment.get_held(placed.payment_id).state is PaymentState.CANCELED
        assert payments.list_refunds(placed.payment_id) == []
        assert posting.balance("provider:invoice") == 0
        assert posting.balance("refund_due") == 0
