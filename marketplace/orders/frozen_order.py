"""An order as it was paid, and what was paid back of it: the ground every refund stands on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from marketplace.core.errors import Conflict, InvalidInput
from marketplace.core.money import Won


class RefundRefused(Conflict):
    """This cannot be refunded."""

    reason = ""


class UnknownLine(RefundRefused):
    """The order has no such line."""

    message = "주문에 없는 상품입니다: {sku}"
    reason = "unknown_line"


class MoreUnitsThanLeft(RefundRefused):
    """More units are to be returned than were bought and not yet refunded."""

    message = "{sku}은(는) {left}개만 환불할 수 있습니다."
    reason = "more_units_than_left"


class AmountNotPositive(RefundRefused):
    """A refund is of at least one won."""

    message = "환불 금액은 1원 이상이어야 합니다."
    reason = "amount_not_positive"


class MoreThanPaid(RefundRefused):
    """Nobody gets back more than was paid and not yet refunded."""

    message = "환불할 수 있는 금액은 {left:,}원입니다."
    reason = "more_than_paid"


class NothingLeft(RefundRefused):
    """Everything was refunded before."""

    message = "이미 모두 환불되었습니다."
    reason = "nothing_left"


class UnknownEnterprise(RefundRefused):
    """The payment has no share of this enterprise."""

    message = "이 결제에 없는 기업입니다: {enterprise}"
    reason = "unknown_enterprise"


class PreviousRefundsWrong(InvalidInput):
    """More was paid back before than was ever paid."""

    message = "이전 환불 {refunded:,}원이 결제 금액 {paid:,}원보다 큽니다."


class FrozenOrderWrong(InvalidInput):
    """A discount is larger than what it was given on."""

    message = "할인 {discount:,}원이 금액 {amount:,}원보다 큽니다."


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenLine:
    """One line as it was ordered: every coupon's part in it is in `discount`."""

    sku: str
    unit_price: int
    quantity: int
    discount: int

    def __post_init__(self) -> None:
        if self.discount > self.gross:
            raise FrozenOrderWrong(discount=self.discount, amount=self.gross)

    @property
    def gross(self) -> int:
        """Return what the line cost before discounts."""
        return self.unit_price * self.quantity

    @property
    def paid(self) -> int:
        """Return what the buyer paid for the line."""
        return self.gross - self.discount

    def discount_of(self, *, returned: int, units: int) -> Won:
        """Return the discount frozen on the next units after those returned before."""
        return Won(self._discount_of_first(returned + units) - self._discount_of_first(returned))

    def refund_of(self, *, returned: int, units: int) -> Won:
        """Return what the next units bring back after those returned before."""
        return Won(self.unit_price * units - self.discount_of(returned=returned, units=units))

    def _discount_of_first(self, units: int) -> int:
        # Equal parts by largest remainder: the earlier units carry the won that is left over.
        each, left_over = divmod(self.discount, self.quantity)
        return each * units + min(units, left_over)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenOrder:
    """An order as it was paid."""

    lines: tuple[FrozenLine, ...]
    has_shipping: bool = False
    shipping_fee: int = 0
    shipping_discount: int = 0

    def __post_init__(self) -> None:
        if self.shipping_discount > self.shipping_fee:
            raise FrozenOrderWrong(discount=self.shipping_discount, amount=self.shipping_fee)

    @property
    def shipping_paid(self) -> int:
        """Return what the buyer paid for shipping."""
        return self.shipping_fee - self.shipping_discount

    @property
    def paid(self) -> Won:
        """Return what the buyer paid in all."""
        return Won(sum(line.paid for line in self.lines) + self.shipping_paid)

    def line(self, sku: str) -> FrozenLine:
        """
        Return the line of a product.

        :raises UnknownLine:
        """
        for line in self.lines:
            if line.sku == sku:
                return line
        raise UnknownLine(sku=sku)


@dataclass(slots=True)
class Refunds:
    """What was paid back so far: by product, and of shipping."""

    lines: dict[str, int] = field(default_factory=dict)
    shipping: int = 0

    @property
    def total(self) -> Won:
        """Return everything paid back."""
        return Won(sum(self.lines.values()) + self.shipping)

    def of(self, sku: str) -> int:
        """Return what was paid back of one product."""
        return self.lines.get(sku, 0)

    def add(self, sku: str, amount: int) -> None:
        """Note that more of a product was paid back."""
        self.lines[sku] = self.of(sku) + amount

    def since(self, before: Refunds) -> Refunds:
        """Return what was added after an earlier record."""
        added = {sku: amount - before.of(sku) for sku, amount in self.lines.items()}
        return Refunds(
            lines={sku: amount for sku, amount in added.items() if amount},
            shipping=self.shipping - before.shipping,
        )

    def copy(self) -> Refunds:
        """Return the same record, free to be continued."""
        return Refunds(lines=dict(self.lines), shipping=self.shipping)


def previous_refunds(lines: Iterable[tuple[str, int]], shipping: Iterable[int]) -> Refunds:
    """Add up what was paid back before."""
    record = Refunds(shipping=sum(shipping))
    for sku, amount in lines:
        record.add(sku, amount)
    return record
