"""What a cancel does to shipping, to the won and over several cancels."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from marketplace.catalog.models import ShippingKind, ShippingPolicy, Variant
from marketplace.checkout import canceling
from marketplace.checkout.placing import PlacedOrder
from marketplace.core.db import db, transaction
from marketplace.coupons.models import Coupon, CouponKind, CouponState
from marketplace.ledger import posting
from marketplace.orders.models import Bundle
from marketplace.payments import queries as payments
from tests import make
from tests.service.checkout import books
from tests.service.checkout.test_canceling import cancel, pieces_of

pytestmark = pytest.mark.usefixtures("isolated")

FEE, FREE_OVER = 3_000, 30_000


class TestShipping:
    def test_goes_back_with_the_last_goods_of_its_bundle(self) -> None:
        kept, gone = make.enterprise(), make.enterprise()
        staying = make.sellable(kept, ships=make.shipping(kept, fee=2_500))
        leaving = make.sellable(gone, ships=make.shipping(gone, fee=3_000))
        placed = make.paid_order({staying: 1, leaving: 2})

        first = cancel(placed, (leaving, 1))
        second = cancel(placed, (leaving, 1))

        assert (first.shipping_refund, second.shipping_refund) == (0, 3_000)
        assert posting.balance(f"held:enterprise:{gone.id}") == 0
        assert posting.balance(f"held:enterprise:{kept.id}") == -12_500

    def test_falls_due_when_too_little_is_left_for_free_shipping(self) -> None:
        seller = make.enterprise()
        ships = make.shipping(seller, ShippingKind.CONDITIONAL_FREE, fee=3_000, free_over=30_000)
        first, second = (make.sellable(seller, price=20_000, ships=ships) for _ in range(2))
        placed = make.paid_order({first: 1, second: 1})

        shown = canceling.preview(
            order_id=placed.order_id, quantities=pieces_of(placed, (first, 1))
        )
        case = cancel(placed, (first, 1))
        rest = cancel(placed, (second, 1))

        assert (shown.shipping_due, shown.cash_refund) == (3_000, 17_000)
        assert (case.cash_refund, case.shipping_refund) == (20_000, -3_000)
        # Nothing is shipped after all: what was kept for shipping goes back too.
        assert (rest.cash_refund, rest.shipping_refund) == (20_000, 3_000)
        assert posting.balance(f"held:enterprise:{seller.id}") == 0
        books.check()

    def test_never_takes_more_than_the_goods_bring_back(self) -> None:
        buyer, seller = make.person(), make.enterprise()
        ships = make.shipping(seller, ShippingKind.CONDITIONAL_FREE, fee=3_000, free_over=30_000)
        first, second = (make.sellable(seller, price=20_000, ships=ships) for _ in range(2))
        drive = make.campaign(amount=19_000, scope={"products": [first.product_id]})
        coupon = make.claimed_coupon(drive, by=buyer)
        placed = make.paid_order({first: 1, second: 1}, by=buyer, coupons=[coupon])

        case = cancel(placed, (first, 1))

        assert (case.cash_refund, case.shipping_refund) == (1_000, -1_000)
        assert payments.list_refunds(placed.payment_id) == []
        books.check()

    def test_stays_as_agreed_when_the_enterprise_changed_its_terms(self) -> None:
        seller = make.enterprise()
        ships = make.shipping(seller, ShippingKind.CONDITIONAL_FREE, fee=3_000, free_over=30_000)
        first, second = (make.sellable(seller, price=20_000, ships=ships) for _ in range(2))
        placed = make.paid_order({first: 1, second: 1})
        with transaction():
            db.session.execute(
                update(ShippingPolicy)
                .where(ShippingPolicy.id == ships.id)
                .values(free_over=90_000, fee=9_000)
            )

        assert cancel(placed, (first, 1)).shipping_refund == 0

    def test_by_quantity_shrinks_with_the_quantity(self) -> None:
        seller = make.enterprise()
        ships = make.shipping(seller, ShippingKind.PER_QUANTITY, fee=3_000, fee_per_units=2)
        wanted = make.sellable(seller, price=5_000, ships=ships)
        placed = make.paid_order({wanted: 5})

        case = cancel(placed, (wanted, 2))

        assert placed.pay_total == 25_000 + 9_000
        assert (case.cash_refund, case.shipping_refund) == (10_000, 3_000)
        books.check()

    def test_paid_by_a_coupon_goes_back_to_the_coupon(self) -> None:
        buyer, seller = make.person(), make.enterprise()
        wanted = make.sellable(seller, ships=make.shipping(seller, fee=3_000))
        drive = make.campaign(kind=CouponKind.FREE_SHIPPING, amount=3_000)
        coupon = make.claimed_coupon(drive, by=buyer)
        placed = make.paid_order({wanted: 1}, by=buyer, coupons=[coupon])

        case = cancel(placed, (wanted, 1))

        assert placed.pay_total == 10_000
        assert (case.cash_refund, case.shipping_refund, case.coupon_return) == (10_000, 0, 3_000)
        restored = db.session.get_one(Coupon, coupon.id, populate_existing=True)
        assert restored.state is CouponState.CLAIMED
        books.check()


def free_from_thirty_thousand(prices: list[int]) -> tuple[PlacedOrder, list[Variant]]:
    """Buy one piece of each of one enterprise's goods, which ship free from 30,000 won."""
    seller = make.enterprise()
    ships = make.shipping(seller, ShippingKind.CONDITIONAL_FREE, fee=FEE, free_over=FREE_OVER)
    goods = [make.sellable(seller, price=price, ships=ships) for price in prices]
    return make.paid_order(dict.fromkeys(goods, 1), provider="bank_transfer"), goods


def kept_for_shipping(placed: PlacedOrder) -> int:
    """Return what the buyer paid for shipping so far, less what went back."""
    bundle = db.session.scalars(
        select(Bundle)
        .where(Bundle.order_id == placed.order_id)
        .execution_options(populate_existing=True)
    ).one()
    return bundle.shipping_fee - bundle.shipping_refunded


class TestOwedShipping:
    def test_is_kept_from_the_next_refund_when_the_first_was_too_small(self) -> None:
        placed, goods = free_from_thirty_thousand([100, 14_950, 14_950])

        first = cancel(placed, (goods[0], 1))
        shown = canceling.preview(
            order_id=placed.order_id, quantities=pieces_of(placed, (goods[1], 1))
        )
        second = cancel(placed, (goods[1], 1))
        books.check()

        assert (first.cash_refund, first.shipping_refund) == (100, -100)
        assert shown.shipping_due == 2_900
        assert (second.cash_refund, second.shipping_refund) == (14_950, -2_900)
        assert kept_for_shipping(placed) == FEE
        # Nothing is shipped after all.
        last = cancel(placed, (goods[2], 1))
        assert (last.cash_refund, last.shipping_refund) == (14_950, 3_000)
        books.check()

    def test_is_forgiven_with_the_last_goods(self) -> None:
        placed, goods = free_from_thirty_thousand([29_900, 100])

        cancel(placed, (goods[1], 1))
        last = cancel(placed, (goods[0], 1))

        assert (last.cash_refund, last.shipping_refund) == (29_900, 100)
        assert sum(one.amount for one in payments.list_refunds(placed.payment_id)) == 30_000
        books.check()

    def test_is_each_bundles_own(self) -> None:
        seller, other = make.enterprise(), make.enterprise()
        ships = make.shipping(seller, ShippingKind.CONDITIONAL_FREE, fee=FEE, free_over=FREE_OVER)
        small, large = (make.sellable(seller, price=won, ships=ships) for won in (100, 29_900))
        foreign = make.sellable(other, price=9_000, ships=make.shipping(other, fee=2_000))
        placed = make.paid_order({small: 1, large: 1, foreign: 2})

        cancel(placed, (small, 1))
        case = cancel(placed, (foreign, 1))

        assert (case.cash_refund, case.shipping_refund) == (9_000, 0)
        books.check()


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
# Two dear ones and change: the cheap ones are what makes shipping free, and bring back too little.
@given(
    change=st.lists(st.sampled_from([50, 100, 150, 2_000, 31_000]), min_size=2, max_size=4),
    order=st.randoms(use_true_random=False),
)
def test_what_goods_cost_to_ship_is_kept_as_soon_as_refunds_allow(
    change: list[int], order: random.Random
) -> None:
    prices = [14_900, 14_900, *change]
    placed, goods = free_from_thirty_thousand(prices)
    paid: int = placed.pay_total
    left = dict(zip(goods, prices, strict=True))

    for gone in order.sample(goods, len(goods)):
        price = left.pop(gone)
        case = cancel(placed, (gone, 1))
        back = case.cash_refund + case.shipping_refund
        paid -= back
        due = 0 if not left or sum(left.values()) >= FREE_OVER else FEE
        assert case.cash_refund == price
        assert back >= 0
        assert kept_for_shipping(placed) <= due
        # As long as something is owed, nothing goes back.
        assert kept_for_shipping(placed) == due or back == 0
        books.check()

    assert paid == 0
