"""
What a cancel does to shipping: it goes back with the last goods, or falls due after all.

Free shipping that was for more goods than stay falls due. What a refund is too small to keep of
it stays owed, and is kept from later refunds of the same bundle: the debt is no row of its own,
but what the goods that stay cost to ship, less what is kept for shipping so far.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from marketplace.catalog.buyables import shipping_terms
from marketplace.catalog.models import ShippingPolicy
from marketplace.checkout import pricing
from marketplace.checkout.quote_cart import CartLine, Shipping
from marketplace.checkout.quote_shipping import fee_of
from marketplace.core.db import db
from marketplace.core.money import Won
from marketplace.enterprises.models import Enterprise
from marketplace.orders.canceling import LineBack, ShippingBack, Standing
from marketplace.orders.models import Bundle, Line


def shipping_back(standing: Standing, lines: Sequence[LineBack]) -> list[ShippingBack]:
    """Return what the bundles of cancelled goods bring back, or take, for shipping."""
    touched = [
        bundle
        for bundle in standing.bundles.values()
        if any(back.bundle_id == bundle.id for back in lines)
    ]
    policies = _policies(touched)
    backs = []
    for bundle in touched:
        policy, enterprise_name = policies[bundle.shipping_policy_id]
        cash, coupon = _change(
            standing, bundle, policy, [back for back in lines if back.bundle_id == bundle.id]
        )
        if cash or coupon:
            backs.append(
                standing.shipping_back(
                    bundle.id, cash=cash, coupon=coupon, enterprise_name=enterprise_name
                )
            )
    return backs


def _change(
    standing: Standing, bundle: Bundle, policy: Shipping, lines: Sequence[LineBack]
) -> tuple[Won, Won]:
    """Return (money, coupon money) that goes back for one bundle's shipping."""
    members = standing.lines_of(bundle.id)
    now_canceled = {back.line_id: back.quantity for back in lines}
    after = {
        line.id: line.quantity - line.canceled_quantity - now_canceled.get(line.id, 0)
        for line in members
    }
    in_money, by_coupons = standing.shipping_kept(bundle.id)
    if not any(after.values()):
        return in_money, by_coupons
    ordered = {line.id: line.quantity for line in members}
    if _fee(policy, members, ordered) != bundle.shipping_fee:
        # The enterprise changed its terms since: what was agreed on stays.
        return Won(0), Won(0)
    kept = in_money + by_coupons - bundle.surcharge
    owed = _fee(policy, members, after) - kept
    if owed > 0:
        # Never more than these goods bring back; the rest waits for the next ones.
        return Won(-min(owed, sum(back.cash for back in lines))), Won(0)
    # The buyer's own money goes back before the coupons' does.
    cash = min(-owed, in_money)
    return Won(cash), Won(-owed - cash)


def _fee(policy: Shipping, members: Sequence[Line], quantities: dict[int, int]) -> int:
    return fee_of(
        policy,
        [
            CartLine(
                sku=str(line.id),
                enterprise=policy.enterprise,
                bundle=policy.bundle or "",
                unit_price=line.unit_price,
                quantity=quantities[line.id],
            )
            for line in members
            if quantities[line.id]
        ],
    )


def _policies(bundles: Sequence[Bundle]) -> dict[int, tuple[Shipping, str]]:
    rows = db.session.execute(
        select(ShippingPolicy, Enterprise.name)
        .join(Enterprise, Enterprise.id == ShippingPolicy.enterprise_id)
        .where(ShippingPolicy.id.in_([bundle.shipping_policy_id for bundle in bundles]))
    )
    return {
        policy.id: (
            pricing.shipping_of(shipping_terms(policy), policy.enterprise_id, zone=None),
            name,
        )
        for policy, name in rows
    }
