"""Cut one checkout into one order per enterprise, and its payments with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from marketplace.core.errors import InvalidInput
from marketplace.core.money import Won, allocate, allocate_grid


class PaymentsAboveOrders(InvalidInput):
    """More was paid than the orders cost."""

    message = "결제 금액 {paid:,}원이 주문 금액 {owed:,}원보다 큽니다."


class DiscountAboveAmount(InvalidInput):
    """A line cannot be discounted by more than it costs."""

    message = "{sku}의 할인 {discount:,}원이 금액 {amount:,}원보다 큽니다."


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitLine:
    """One line of the checkout, with the discount frozen on it."""

    sku: str
    enterprise: str
    amount: Won
    line_discount: Won


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterpriseOrder:
    """What one enterprise sells of the checkout."""

    enterprise: str
    skus: tuple[str, ...]
    items: Won
    discount: Won
    delivery: Won
    payments: Mapping[str, Won]

    @property
    def total(self) -> Won:
        """Return what the enterprise's part costs the buyer."""
        return Won(self.items - self.discount + self.delivery)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentShares:
    """What each payment pays of each order, and what each order got."""

    shares: tuple[tuple[Won, ...], ...]
    by_order: tuple[Won, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Captures:
    """What was captured per enterprise, and which captures were refused, by position."""

    captured: Mapping[str, Won]
    refused: tuple[int, ...]


def split_order(
    lines: Sequence[SplitLine], *, delivery_fee: int, payments: Mapping[str, int]
) -> list[EnterpriseOrder]:
    """
    Make one order per enterprise, in the order the enterprises first appear.

    One delivery fee for the whole cart is shared by what the items cost before discounts.

    :raises DiscountAboveAmount, PaymentsAboveOrders:
    """
    parts: dict[str, list[SplitLine]] = {}
    for line in lines:
        if line.line_discount > line.amount:
            raise DiscountAboveAmount(sku=line.sku, discount=line.line_discount, amount=line.amount)
        parts.setdefault(line.enterprise, []).append(line)
    items = [Won(sum(line.amount for line in part)) for part in parts.values()]
    discounts = [Won(sum(line.line_discount for line in part)) for part in parts.values()]
    deliveries = allocate(delivery_fee, items if any(items) else [1] * len(items))
    totals = [
        item - discount + delivery
        for item, discount, delivery in zip(items, discounts, deliveries, strict=True)
    ]
    paid = allocate_payments(orders=totals, payments=list(payments.values()))
    return [
        EnterpriseOrder(
            enterprise=enterprise,
            skus=tuple(line.sku for line in part),
            items=items[i],
            discount=discounts[i],
            delivery=deliveries[i],
            payments={
                payment: shares[i] for payment, shares in zip(payments, paid.shares, strict=True)
            },
        )
        for i, (enterprise, part) in enumerate(parts.items())
    ]


def allocate_payments(*, orders: Sequence[int], payments: Sequence[int]) -> PaymentShares:
    """
    Share every payment over the orders by what they still need, to the won both ways.

    :raises PaymentsAboveOrders:
    """
    if sum(payments) > sum(orders):
        raise PaymentsAboveOrders(paid=sum(payments), owed=sum(orders))
    grid = allocate_grid(payments, orders)
    by_order = tuple(Won(sum(row[i] for row in grid)) for i in range(len(orders)))
    return PaymentShares(shares=tuple(tuple(row) for row in grid), by_order=by_order)


def capture_shared_payment(
    shares: Mapping[str, int], captures: Sequence[tuple[str, int]]
) -> Captures:
    """
    Capture each enterprise's share of one payment, in one or several steps.

    A capture beyond what is left of the enterprise's own share is refused whole, so that nobody
    is ever paid from another's share.
    """
    captured = {enterprise: Won(0) for enterprise in shares}
    refused = []
    for position, (enterprise, amount) in enumerate(captures):
        if amount > shares.get(enterprise, 0) - captured.get(enterprise, 0):
            refused.append(position)
        else:
            captured[enterprise] = Won(captured.get(enterprise, 0) + amount)
    return Captures(captured=captured, refused=tuple(refused))
