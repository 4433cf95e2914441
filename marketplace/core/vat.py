"""Value-added tax contained in Korean prices."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from marketplace.core.errors import InvalidInput
from marketplace.core.money import Won, allocate, round_half_up

STANDARD: Final = Fraction(10)
TAX_FREE: Final = Fraction(0)


class DiscountAboveTotal(InvalidInput):
    """A line cannot be discounted by more than it costs."""

    message = "할인 {discount:,}원이 금액 {total:,}원보다 큽니다."


@dataclass(frozen=True, slots=True)
class Supply:
    """A price taken apart: supply value (공급가액) and tax (부가세)."""

    supply: Won
    vat: Won


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxedLine:
    """What one line costs with tax, what is taken off it, and its rate in per cent."""

    total: Won
    discount: Won
    rate: Fraction


@dataclass(frozen=True, slots=True)
class OrderTax:
    """What is paid in all and the tax inside it."""

    total: Won
    vat: Won


def split_included(total: int, rate: Fraction = STANDARD) -> Supply:
    """Take the tax out of a price that includes it; the supply value is rounded half up."""
    supply = round_half_up(total * 100 / (100 + rate))
    return Supply(supply=supply, vat=Won(total - supply))


def of_order(lines: Iterable[TaxedLine]) -> OrderTax:
    """
    Compute the tax once per rate, on the sum of that rate's lines after discounts.

    :raises DiscountAboveTotal:
    """
    paid: dict[Fraction, int] = {}
    for line in lines:
        if line.discount > line.total:
            raise DiscountAboveTotal(discount=line.discount, total=line.total)
        paid[line.rate] = paid.get(line.rate, 0) + line.total - line.discount
    vat = sum(split_included(amount, rate).vat for rate, amount in paid.items())
    return OrderTax(total=Won(sum(paid.values())), vat=Won(vat))


def inside_voucher(*, order_total: int, order_vat: int, voucher: int) -> Won:
    """Return the part of an order's tax that falls on what a voucher paid of it."""
    paid = min(voucher, order_total)
    return allocate(order_vat, [paid, order_total - paid])[0] if order_total else Won(0)


def base(line_total: int, *, enterprise_funded: int) -> Won:
    """Return what a line is taxed on: public money never lowers it, the enterprise's own does."""
    return Won(max(0, line_total - enterprise_funded))
