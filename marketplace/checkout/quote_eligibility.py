"""Whether a coupon's terms let this buyer use it on this cart now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime

from marketplace.checkout.quote_cart import (
    EVERYTHING,
    BudgetType,
    Cart,
    Coupon,
    Scope,
    Terms,
    Voucher,
    VoucherStatus,
)
from marketplace.checkout.quote_refusals import Reason, Refusal, Shortfall
from marketplace.core import calendar


def refusal_of(terms: Terms, cart: Cart) -> Refusal | None:
    """Return why a coupon or voucher cannot be used whatever the other coupons do."""
    reason = (
        terms.refused
        or _state(terms)
        or (_period(terms, cart.at) if cart.at else None)
        or _channel(terms, cart)
        or _customer(terms, cart)
        or _limits(terms)
        or _goods(terms, cart)
    )
    if reason is not None:
        return Refusal(terms.id, reason)
    return _quantity(terms, cart) or (
        None if terms.min_order_after_previous else _minimum(terms, _gross(terms, cart))
    )


def refusal_by_quota(terms: Terms, used: Counter[str]) -> Refusal | None:
    """Return a refusal when the coupons before it have used up what one of its quotas allows."""
    for quota in terms.quotas:
        if used[quota.name] >= quota.left:
            return Refusal(terms.id, quota.reason)
    return None


def refusal_after_previous(terms: Terms, left_in: Callable[[Scope], int]) -> Refusal | None:
    """Return a refusal when what earlier coupons left is less than the minimum order."""
    if not terms.min_order_after_previous:
        return None
    return _minimum(terms, left_in(terms.min_order_scope))


def _state(terms: Terms) -> Reason | None:
    if not isinstance(terms, Voucher):
        return None
    return {
        VoucherStatus.ACTIVE: None,
        VoucherStatus.REDEEMED: Reason.ALREADY_USED,
        VoucherStatus.CANCELED: Reason.REVERSED,
    }[terms.status]


def _period(terms: Terms, at: datetime) -> Reason | None:
    if terms.starts_at is not None and at < terms.starts_at:
        return Reason.NOT_STARTED
    if terms.ends_at is not None and at >= terms.ends_at:
        return Reason.ENDED
    if terms.expires_at is not None and at >= terms.expires_at:
        return Reason.EXPIRED
    if terms.expires_on is not None and calendar.day_in_seoul(at) > terms.expires_on:
        return Reason.EXPIRED
    return None


def _channel(terms: Terms, cart: Cart) -> Reason | None:
    if terms.channels is None or cart.channel in terms.channels:
        return None
    return Reason.WRONG_CHANNEL


def _customer(terms: Terms, cart: Cart) -> Reason | None:
    customer = cart.customer
    visitor = customer is not None and customer.id is None
    # Coupons need membership; a voucher is a means of payment that whoever holds it may use.
    if visitor and isinstance(terms, Coupon):
        return Reason.NOT_ELIGIBLE
    known = customer if customer is not None and not visitor else None
    if terms.customer_groups is not None and (
        known is None or known.groups.isdisjoint(terms.customer_groups)
    ):
        return Reason.NOT_ELIGIBLE
    if terms.nth_order is not None and (
        known is None or known.completed_orders + 1 != terms.nth_order
    ):
        return Reason.NOT_ELIGIBLE
    return None


def _limits(terms: Terms) -> Reason | None:
    if terms.usage_limit is not None and terms.used >= terms.usage_limit:
        return Reason.LIMIT_TOTAL
    if terms.per_customer_limit is not None and terms.used_by_customer >= terms.per_customer_limit:
        return Reason.LIMIT_PERSON
    for quota in terms.quotas:
        if quota.left <= 0:
            return quota.reason
    budget = terms.budget if isinstance(terms, Coupon) else None
    if budget is not None and budget.type is BudgetType.USES and budget.used >= budget.limit:
        return Reason.BUDGET_EXHAUSTED
    return None


def _goods(terms: Terms, cart: Cart) -> Reason | None:
    required = terms.requires_in_cart
    if required is not None and not any(map(required.covers, cart.lines)):
        return Reason.OUT_OF_SCOPE
    if terms.scope != EVERYTHING and not any(map(terms.scope.covers, cart.lines)):
        return Reason.OUT_OF_SCOPE
    return None


def _quantity(terms: Terms, cart: Cart) -> Refusal | None:
    units = sum(line.quantity for line in cart.lines if terms.scope.covers(line))
    if units >= terms.min_quantity:
        return None
    shortfall = Shortfall(measure="units", needed=terms.min_quantity, found=units)
    return Refusal(terms.id, Reason.BELOW_MINIMUM, shortfall=shortfall)


def _gross(terms: Terms, cart: Cart) -> int:
    return sum(line.gross for line in cart.lines if terms.min_order_scope.covers(line))


def _minimum(terms: Terms, amount: int) -> Refusal | None:
    if amount >= terms.min_order:
        return None
    shortfall = Shortfall(measure="won", needed=terms.min_order, found=amount)
    return Refusal(terms.id, Reason.BELOW_MINIMUM, shortfall=shortfall)
