"""What a quote answers: every won of goods, shipping, coupons and vouchers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from marketplace.checkout.quote_coupons import LimitedBy
from marketplace.checkout.quote_refusals import Refusal
from marketplace.core.money import Won, allocate, allocate_grid, allocate_within


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePrice:
    """What one line costs, what coupons take off it and what vouchers pay of it."""

    sku: str
    gross: Won
    discount: Won
    voucher_paid: Won

    @property
    def coupon_amount(self) -> Won:
        """Return everything coupons of any kind give to the line."""
        return Won(self.discount + self.voucher_paid)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippingPrice:
    """What shipping one bundle costs, what coupons take off it and what vouchers pay of it."""

    enterprise: str
    bundle: str | None
    fee: Won
    surcharge: Won
    discount: Won
    voucher_paid: Won

    @property
    def charged(self) -> Won:
        """Return the shipping after shipping coupons."""
        return Won(self.fee + self.surcharge - self.discount)

    @property
    def coupon_amount(self) -> Won:
        """Return everything coupons of any kind give to this shipping."""
        return Won(self.discount + self.voucher_paid)


@dataclass(frozen=True, slots=True, kw_only=True)
class FunderSplit:
    """Who pays for one coupon: line by line and bundle by bundle, and in all."""

    lines: tuple[tuple[Won, ...], ...]
    shipping: tuple[tuple[Won, ...], ...]
    totals: tuple[Won, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One coupon or voucher that gave something, in the order they were used."""

    id: str
    amount: Won
    lines: tuple[Won, ...]
    shipping: tuple[Won, ...]
    # What stays on a voucher; nothing for a coupon.
    remaining: Won | None = None
    limited_by: tuple[LimitedBy, ...] = ()

    @property
    def is_voucher(self) -> bool:
        """Say whether it paid instead of lowering the price."""
        return self.remaining is not None

    def split_over_funders(
        self, weights_bps: Sequence[int], rooms: Sequence[int] | None = None
    ) -> FunderSplit:
        """Split every share of this use over its funders, exact both ways."""
        totals = fund(self.amount, weights_bps, rooms)
        grid = [tuple(row) for row in allocate_grid((*self.lines, *self.shipping), totals)]
        return FunderSplit(
            lines=tuple(grid[: len(self.lines)]),
            shipping=tuple(grid[len(self.lines) :]),
            totals=tuple(totals),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteResult:
    """The price of a cart. Lines and shipping stand in the order of the cart's."""

    lines: tuple[LinePrice, ...]
    shipping: tuple[ShippingPrice, ...]
    uses: tuple[Use, ...]
    refusals: tuple[Refusal, ...]

    @property
    def subtotal(self) -> Won:
        """Return the goods before coupons."""
        return Won(sum(line.gross for line in self.lines))

    @property
    def line_discounts(self) -> tuple[Won, ...]:
        """Return what coupons take off each line."""
        return tuple(line.discount for line in self.lines)

    @property
    def discount_total(self) -> Won:
        """Return what coupons take off the goods."""
        return Won(sum(self.line_discounts))

    @property
    def shipping_before_coupons(self) -> Won:
        """Return the shipping fees with their surcharges."""
        return Won(sum(shipping.fee + shipping.surcharge for shipping in self.shipping))

    @property
    def shipping_total(self) -> Won:
        """Return the shipping after shipping coupons."""
        return Won(sum(shipping.charged for shipping in self.shipping))

    @property
    def total(self) -> Won:
        """Return what is to be paid, by vouchers and by the buyer."""
        return Won(self.subtotal - self.discount_total + self.shipping_total)

    @property
    def voucher_total(self) -> Won:
        """Return what vouchers pay."""
        return Won(sum(use.amount for use in self.uses if use.is_voucher))

    @property
    def coupon_total(self) -> Won:
        """Return what coupons and vouchers give in all."""
        return Won(sum(use.amount for use in self.uses))

    @property
    def amount_due(self) -> Won:
        """Return what the buyer pays."""
        return Won(self.total - self.voucher_total)

    def find_refusal(self, coupon_id: str) -> Refusal | None:
        """Return why a coupon was not used, if it was not."""
        return next((refusal for refusal in self.refusals if refusal.id == coupon_id), None)

    def as_json(self) -> dict[str, object]:
        """Return the result as the JSON of op `quote`."""
        vouchers = [(use.id, use.amount, use.remaining) for use in self.uses if use.is_voucher]
        return {
            "subtotal": self.subtotal,
            "discount_total": self.discount_total,
            "shipping_total": self.shipping_total,
            "total": self.total,
            "line_discounts": list(self.line_discounts),
            "applied": [use.id for use in self.uses],
            "rejected": [refusal.id for refusal in self.refusals],
            "vouchers_used": {name: amount for name, amount, _ in vouchers},
            "vouchers_remaining": {name: remaining for name, _, remaining in vouchers},
            "amount_due": self.amount_due,
        }


def fund(amount: int, weights_bps: Sequence[int], rooms: Sequence[int] | None = None) -> list[Won]:
    """
    Split a coupon's amount over its funders, ties to the first.

    A coupon spent in parts names the room each funder has left for it: nobody pays beyond it, and
    the last part leaves nothing over.

    :raises CannotAllocate:
    """
    if rooms is None:
        return allocate(amount, weights_bps)
    return allocate_within(amount, weights_bps, rooms)


def split_over_funders(
    amount_by_line: Sequence[int], weights_bps: Sequence[int]
) -> list[tuple[Won, ...]]:
    """
    Split each line's share of a coupon over its funders: one row per line.

    Every row sums to the line's share, and every funder's column to the part of the coupon's
    total that largest remainder gives it, ties to the first funder.

    :raises CannotAllocate:
    """
    funders = fund(sum(amount_by_line), weights_bps)
    return [tuple(row) for row in allocate_grid(amount_by_line, funders)]
