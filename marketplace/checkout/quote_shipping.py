"""What shipping costs, by the enterprise's policy and the goods before coupons."""

from __future__ import annotations

from collections.abc import Sequence

from marketplace.checkout.quote_cart import NO_WON, Cart, CartLine, Scope, Shipping
from marketplace.core.money import Won


def fee_of(shipping: Shipping, lines: Sequence[CartLine]) -> Won:
    """Return the fee of one bundle without its surcharge."""
    carried = [line for line in lines if shipping.carries(line)]
    if not carried:
        return NO_WON
    goods = sum(line.gross for line in carried)
    if shipping.free_over is not None and goods >= shipping.free_over:
        return NO_WON
    fee = _tier_fee(shipping, goods)
    if shipping.fee_per_units is None:
        return fee
    units = sum(line.quantity for line in carried)
    return Won(fee * -(-units // shipping.fee_per_units))


def surcharge_of(shipping: Shipping, lines: Sequence[CartLine]) -> Won:
    """Return what Jeju or an island adds, free shipping or not."""
    return shipping.surcharge if any(map(shipping.carries, lines)) else NO_WON


def bundles_in(cart: Cart, scope: Scope) -> list[int]:
    """Return the positions of the bundles that carry a line of a scope."""
    covered = [line for line in cart.lines if scope.covers(line)]
    return [i for i, shipping in enumerate(cart.shipping) if any(map(shipping.carries, covered))]


def _tier_fee(shipping: Shipping, goods: int) -> Won:
    reached = [tier for tier in shipping.tiers if goods >= tier.reached_from]
    return max(reached, key=lambda tier: tier.reached_from).fee if reached else shipping.fee
