"""What comes back for cancelled and returned goods: always the share frozen at order time."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from marketplace.core.money import Won, allocate, round_half_up
from marketplace.orders.frozen_order import (
    AmountNotPositive,
    FrozenLine,
    FrozenOrder,
    MoreThanPaid,
    MoreUnitsThanLeft,
    NothingLeft,
    PreviousRefundsWrong,
    Refunds,
    UnknownEnterprise,
)


@dataclass(frozen=True, slots=True)
class OfUnits:
    """Return some units: (sku, how many)."""

    units: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class OfAmounts:
    """Pay back named amounts: (sku, won)."""

    amounts: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class OfShipping:
    """Pay back shipping: an amount, or all that is left of it."""

    amount: int | None


@dataclass(frozen=True, slots=True)
class OfEverything:
    """Pay back whatever is left of the order."""


@dataclass(frozen=True, slots=True)
class OfEachUnit:
    """Return the units of one line one after the other."""

    sku: str


RefundRequest = OfUnits | OfAmounts | OfShipping | OfEverything | OfEachUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class Refunded:
    """The outcome of one request, all of it or an error."""

    total: Won
    remaining: Won
    parts: Refunds
    unit_refunds: tuple[Won, ...] = ()


def refund(order: FrozenOrder, request: RefundRequest, previous: Refunds) -> Refunded:
    """
    Compute one refund; a request that cannot be met in full is refused in full.

    :raises UnknownLine, MoreUnitsThanLeft, AmountNotPositive, MoreThanPaid, NothingLeft:
    """
    _check_previous(order, previous)
    before, after = previous, previous.copy()
    unit_refunds: list[Won] = []
    match request:
        case OfUnits(units):
            for sku, quantity in _together(units).items():
                after.add(sku, sum(_next_units(order.line(sku), before.of(sku), quantity)))
        case OfAmounts(amounts):
            for sku, amount in amounts:
                after.add(sku, _within(amount, order.line(sku).paid - after.of(sku)))
        case OfShipping(amount):
            left = order.shipping_paid - before.shipping
            after.shipping += (
                _within(amount, left)
                if amount is not None
                else _rest(left, paid=order.shipping_paid)
            )
        case OfEachUnit(sku):
            unit_refunds = _next_units(order.line(sku), before.of(sku), None)
            after.add(sku, sum(unit_refunds))
        case OfEverything():
            _rest(refundable(order, before), paid=order.paid)
            after = Refunds({line.sku: line.paid for line in order.lines}, order.shipping_paid)
    return Refunded(
        total=Won(after.total - before.total),
        remaining=refundable(order, after),
        parts=after.since(before),
        unit_refunds=tuple(unit_refunds),
    )


def refundable(order: FrozenOrder, previous: Refunds) -> Won:
    """Return what could still be paid back of an order."""
    return Won(order.paid - previous.total)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundSequence:
    """Every unit returned in turn, then shipping; against everything returned at once."""

    steps: tuple[Won, ...]
    refund_all: Won
    paid: Won
    remaining: Won


def refund_sequence(order: FrozenOrder) -> RefundSequence:
    """Return an order unit by unit, shipping last."""
    done = Refunds()
    steps: list[Won] = []
    for line in order.lines:
        returned = refund(order, OfEachUnit(line.sku), done)
        steps.extend(returned.unit_refunds)
        done.add(line.sku, returned.total)
    if order.has_shipping:
        steps.append(refund(order, OfShipping(None), done).total)
        done.shipping = order.shipping_paid
    return RefundSequence(
        steps=tuple(steps),
        refund_all=refund(order, OfEverything(), Refunds()).total,
        paid=order.paid,
        remaining=refundable(order, done),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedRefund:
    """A refund of one payment: what each enterprise's share gives, and what is left of it."""

    refunded: Won
    by_enterprise: Mapping[str, Won]
    share_left: Mapping[str, Won]


def share_left(shares: Mapping[str, int], refunded: Mapping[str, int]) -> dict[str, Won]:
    """Return what is left of each enterprise's share of a payment."""
    return {name: Won(share - refunded.get(name, 0)) for name, share in shares.items()}


def refund_shared_payment(
    *,
    amount: int,
    shares: Mapping[str, int],
    refunded: Mapping[str, int],
    paid: int,
    enterprise: str | None = None,
) -> SharedRefund:
    """
    Take a refund of one payment from the shares of the enterprises in it.

    One enterprise's refund never touches another's share; a refund of nobody in particular is
    taken from all by what is left of them.

    :raises UnknownEnterprise, AmountNotPositive, MoreThanPaid:
    """
    left = share_left(shares, refunded)
    if enterprise is None:
        open_shares = left
    elif enterprise in left:
        open_shares = {enterprise: left[enterprise]}
    else:
        raise UnknownEnterprise(enterprise=enterprise)
    _within(amount, min(sum(open_shares.values()), paid - sum(refunded.values())))
    parts = dict(zip(open_shares, allocate(amount, list(open_shares.values())), strict=True))
    return SharedRefund(
        refunded=Won(amount),
        by_enterprise=parts,
        share_left={name: Won(share - parts.get(name, 0)) for name, share in left.items()},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Clawback:
    """Who gives how much of a refund back. The platform's part may be negative."""

    enterprise: Won
    platform: Won


def split_refund(
    refund_amount: int,
    *,
    paid: int,
    enterprise_earning: int,
    platform_net: int,
    refunded_before: int = 0,
) -> Clawback:
    """
    Split a refund over enterprise and platform as the sale was split.

    Partial refunds add up: after the last one exactly the earnings of the sale have gone back.

    :raises MoreThanPaid:
    """
    if refund_amount > paid - refunded_before:
        raise MoreThanPaid(left=paid - refunded_before)
    if paid == 0:
        return Clawback(enterprise=Won(0), platform=Won(0))
    before = _clawback(refunded_before, paid, enterprise_earning, platform_net)
    after = _clawback(refunded_before + refund_amount, paid, enterprise_earning, platform_net)
    return Clawback(
        enterprise=Won(after.enterprise - before.enterprise),
        platform=Won(after.platform - before.platform),
    )


def return_shares(discount: int, shares_left: Sequence[int]) -> list[Won]:
    """
    Say what each frozen share (of a coupon and a grant) gives back of a returned discount.

    It goes by what is left of the shares, so that the last return empties every one of them.
    """
    return allocate(discount, shares_left)


def _next_units(line: FrozenLine, refunded: int, quantity: int | None) -> list[Won]:
    returned = _returned_units(line, refunded)
    units_left = line.quantity - returned
    if quantity is not None and quantity > units_left:
        raise MoreUnitsThanLeft(sku=line.sku, left=units_left)
    left = line.paid - refunded
    refunds: list[Won] = []
    for unit in range(returned, returned + (units_left if quantity is None else quantity)):
        # Something may have been paid back without a unit coming back: never more than the rest.
        refunds.append(Won(min(line.refund_of(returned=unit, units=1), left)))
        left -= refunds[-1]
    return refunds


def _returned_units(line: FrozenLine, refunded: int) -> int:
    def of_first(units: int) -> Won:
        return line.refund_of(returned=0, units=units)

    reached = bisect_left(range(line.quantity + 1), refunded, key=of_first)
    return reached if of_first(reached) == refunded else reached - 1


def _together(units: Sequence[tuple[str, int]]) -> Counter[str]:
    together: Counter[str] = Counter()
    for sku, quantity in units:
        together[sku] += quantity
    return together


def _within(amount: int, left: int) -> int:
    if amount <= 0:
        raise AmountNotPositive
    if amount > left:
        raise MoreThanPaid(left=left)
    return amount


def _rest(left: int, *, paid: int) -> int:
    if paid and not left:
        raise NothingLeft
    return left


def _check_previous(order: FrozenOrder, previous: Refunds) -> None:
    paid = {line.sku: line.paid for line in order.lines}
    for sku, amount in previous.lines.items():
        if amount > paid.get(sku, 0):
            raise PreviousRefundsWrong(refunded=amount, paid=paid.get(sku, 0))
    if previous.shipping > order.shipping_paid:
        raise PreviousRefundsWrong(refunded=previous.shipping, paid=order.shipping_paid)


def _clawback(refunded: int, paid: int, earning: int, net: int) -> Clawback:
    enterprise = round_half_up(Fraction(earning * refunded, paid))
    both = round_half_up(Fraction((earning + net) * refunded, paid))
    return Clawback(enterprise=enterprise, platform=Won(both - enterprise))
