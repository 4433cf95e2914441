"""
What goods that go back do to shipping: it goes back with the last of them, or falls due after all.

Goods that were sent have cost their way: then it goes back only when the seller is to blame.

Free shipping that was for more goods than stay falls due. What a refund is too small to keep of
it stays owed, and is kept from later refunds of the same bundle: the debt is no row of its own,
but what the goods that stay cost to ship, less what is kept for shipping so far.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import select

from marketplace.catalog.buyables import shipping_terms
from marketplace.catalog.models import ShippingPolicy
from marketplace.checkout import pricing
from marketplace.checkout.quote_cart import CartLine, Shipping
from marketplace.checkout.quote_shipping import fee_of
from marketplace.core.db import db
from marketplace.core.money import Won
from marketplace.enterprises.models import Enterprise
from marketplace.orders.models import Bundle, Line
from marketplace.orders.standing import LineBack, ShippingBack, Standing


@dataclass(frozen=True)
class Terms:
    """On whose account goods go back, and whether they had been sent."""

    is_sent: bool
    is_sellers_fault: bool


CANCELED_BY_BUYER: Final = Terms(is_sent=False, is_sellers_fault=False)


def shipping_back(
    standing: Standing, lines: Sequence[LineBack], terms: Terms = CANCELED_BY_BUYER
) -> list[ShippingBack]:
    """Return what the bundles of goods that go back bring back, or take, for shipping."""
    touched = [
        bundle
        for bundle in standing.bundles.values()
        if any(back.bundle_id == bundle.id for back in lines)
    ]
    policies = _policies(touched)
    backs = []
    for bundle in touched:
        policy, enterprise_name = policies[bundle.shipping_policy_id]
        parcel = _Parcel(
            standing, bundle, policy, [back for back in lines if back.bundle_id == bundle.id]
        )
        cash, coupon = parcel.change(terms)
        if cash or coupon:
            backs.append(
                standing.shipping_back(
                    bundle.id, cash=cash, coupon=coupon, enterprise_name=enterprise_name
                )
            )
    return backs


def return_fee_of(bundle: Bundle) -> Won:
    """Return what the enterprise of a bundle asks for one way back."""
    fee = db.session.scalar(
        select(ShippingPolicy.return_fee).where(ShippingPolicy.id == bundle.shipping_policy_id)
    )
    return Won(fee or 0)


class _Parcel:
    """One bundle, and those of its goods that go back now."""

    def __init__(
        self, standing: Standing, bundle: Bundle, policy: Shipping, backs: Sequence[LineBack]
    ) -> None:
        self._members = standing.lines_of(bundle.id)
        self._bundle = bundle
        self._policy = policy
        self._before = {line.id: standing.staying(line) for line in self._members}
        going = {back.line_id: back.quantity for back in backs}
        self._after = {
            line_id: pieces - going.get(line_id, 0) for line_id, pieces in self._before.items()
        }
        self._cash = sum(back.cash for back in backs)
        self._in_money, self._by_coupons = standing.shipping_kept(bundle.id)
        self._kept = (
            self._in_money
            + self._by_coupons
            + standing.pending.shipping_charged[bundle.id]
            - bundle.surcharge
        )

    def change(self, terms: Terms) -> tuple[Won, Won]:
        """Return (money, coupon money) that goes back for the shipping."""
        everything = not any(self._after.values())
        if everything and (terms.is_sellers_fault or not terms.is_sent):
            return self._in_money, self._by_coupons
        if terms.is_sent and terms.is_sellers_fault:
            return Won(0), Won(0)
        ordered = {line.id: line.quantity for line in self._members}
        if _fee(self._policy, self._members, ordered) != self._bundle.shipping_fee:
            # The enterprise changed its terms since: what was agreed on stays.
            return Won(0), Won(0)
        owed = self._due(everything=everything) - self._kept
        if owed > 0:
            if terms.is_sellers_fault:
                return Won(0), Won(0)
            # Never more than these goods bring back; the rest waits for the next ones.
            return Won(-min(owed, self._cash)), Won(0)
        if terms.is_sent:
            return Won(0), Won(0)
        # The buyer's own money goes back before the coupons' does.
        cash = min(-owed, self._in_money)
        return Won(cash), Won(min(-owed - cash, self._by_coupons))

    def _due(self, *, everything: bool) -> int:
        if everything:
            # Sent for nothing: free shipping was for goods that were kept.
            return _fee(replace(self._policy, free_over=None), self._members, self._before)
        return _fee(self._policy, self._members, self._after)


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
