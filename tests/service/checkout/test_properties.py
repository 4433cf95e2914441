"""Whatever is bought and cancelled, the book balances and nobody gains or loses a won."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marketplace.catalog.models import ShippingKind, Variant
from marketplace.checkout import canceling
from marketplace.checkout.placing import PlacedOrder
from marketplace.core.db import transaction
from marketplace.coupons.models import CouponKind, FunderKind
from marketplace.ledger import posting
from marketplace.orders import queries as orders
from marketplace.payments import queries as payments
from tests import make
from tests.service.checkout import books

pytestmark = pytest.mark.usefixtures("isolated")

CITY, DISTRICT, OWN = FunderKind.CITY, FunderKind.DISTRICT, FunderKind.ENTERPRISE


@dataclass(frozen=True)
class Goods:
    seller: int
    price: int
    quantity: int


@dataclass(frozen=True)
class CouponRules:
    kind: CouponKind
    amount: int
    rate_bps: int
    funding: tuple[tuple[FunderKind, int], ...]


@dataclass(frozen=True)
class Purchase:
    goods: tuple[Goods, ...]
    shipping: tuple[tuple[ShippingKind, int], ...]
    coupons: tuple[CouponRules, ...]


goods = st.builds(
    Goods,
    seller=st.integers(0, 2),
    price=st.integers(1, 60_000),
    quantity=st.integers(1, 4),
)
coupon_rules = st.builds(
    CouponRules,
    kind=st.sampled_from(list(CouponKind)),
    amount=st.integers(1, 40_000),
    rate_bps=st.integers(1, 10_000),
    funding=st.sampled_from(
        [
            ((CITY, 7_000), (DISTRICT, 3_000)),
            ((CITY, 3_333), (DISTRICT, 3_333), (OWN, 3_334)),
            ((DISTRICT, 10_000),),
        ]
    ),
)
purchases = st.builds(
    Purchase,
    goods=st.lists(goods, min_size=1, max_size=5).map(tuple),
    shipping=st.lists(
        st.tuples(st.sampled_from(list(ShippingKind)), st.integers(0, 5_000)),
        min_size=3,
        max_size=3,
    ).map(tuple),
    coupons=st.lists(coupon_rules, max_size=3).map(tuple),
)
# Which of the lines that are left, and how many of its pieces, one after the other.
cuts = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 4)), max_size=8)


def buy(purchase: Purchase) -> tuple[PlacedOrder, list[int]]:
    buyer = make.person()
    sellers = [make.enterprise() for _ in purchase.shipping]
    policies = [
        make.shipping(
            seller,
            kind,
            fee=0 if kind is ShippingKind.FREE else fee,
            free_over=30_000 if kind is ShippingKind.CONDITIONAL_FREE else None,
            fee_per_units=2 if kind is ShippingKind.PER_QUANTITY else None,
        )
        for seller, (kind, fee) in zip(sellers, purchase.shipping, strict=True)
    ]
    wanted: dict[Variant, int] = {
        make.sellable(
            sellers[one.seller], price=one.price, ships=policies[one.seller]
        ): one.quantity
        for one in purchase.goods
    }
    coupons = [
        make.claimed_coupon(
            make.campaign(
                kind=rules.kind,
                amount=rules.amount,
                rate_bps=rules.rate_bps if rules.kind is CouponKind.PERCENT else None,
                max_discount=rules.amount if rules.kind is CouponKind.PERCENT else None,
                funding=dict(rules.funding),
                cap=1,
            ),
            by=buyer,
        )
        for rules in purchase.coupons
    ]
    placed = make.paid_order(wanted, by=buyer, coupons=coupons, provider="bank_transfer")
    return placed, [seller.id for seller in sellers]


def cancel(placed: PlacedOrder, which: int, pieces: int) -> int:
    """Cancel pieces of one of the lines that are left; return the money that goes back."""
    left = [line for line in orders.get(placed.order_id).lines if line.cancelable_quantity]
    if not left:
        return 0
    line = left[which % len(left)]
    quantities = {line.id: min(pieces, line.cancelable_quantity)}
    shown = canceling.preview(order_id=placed.order_id, quantities=quantities)
    with transaction():
        case = canceling.cancel_lines(
            order_id=placed.order_id,
            attempt_key=make.attempt_key(),
            quantities=quantities,
            reason="",
            actor="guest",
            at=make.NOW + timedelta(hours=1),
        )
    assert shown.cash_refund == case.cash_refund + case.shipping_refund >= 0
    return shown.cash_refund


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(purchase=purchases, steps=cuts)
def test_money_is_conserved(purchase: Purchase, steps: list[tuple[int, int]]) -> None:
    owed_before = posting.balance("refund_due")
    placed, sellers = buy(purchase)
    books.check()

    back = sum(cancel(placed, which, pieces) for which, pieces in steps)
    books.check()
    assert back <= placed.pay_total
    while any(line.cancelable_quantity for line in orders.get(placed.order_id).lines):
        back += cancel(placed, 0, 4)

    books.check()
    # Everything cancelled: everything is back, and no enterprise keeps or owes anything.
    assert back == placed.pay_total
    assert sum(one.amount for one in payments.list_refunds(placed.payment_id)) == back
    assert posting.balance("refund_due") - owed_before == -back
    held = posting.balances([f"held:enterprise:{seller}" for seller in sellers])
    assert set(held.values()) == {0}
