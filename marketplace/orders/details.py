"""An order as its readers meet it: frozen values, with everything derivable derived."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from marketplace.catalog.models import TaxKind
from marketplace.core.money import Won
from marketplace.orders import status
from marketplace.orders.models import ClaimKind, ClaimStatus, LineStatus, SalesChannel
from marketplace.orders.shipments import ShipmentDetail

_BY_DEPOSIT = "bank_transfer"


@dataclass(frozen=True, kw_only=True)
class LineDetail:
    """One line of an order; amounts in won."""

    id: int
    product_id: int
    variant_id: int
    product_name: str
    option_label: str
    designation_kinds: tuple[str, ...]
    picture_key: str | None
    picture_alt: str
    unit_price: Won
    quantity: int
    canceled_quantity: int
    gross: Won
    coupon_amount: Won
    enterprise_funded: Won
    refunded_amount: Won
    tax_kind: TaxKind
    commission_bps: int
    status: LineStatus
    label: str

    @property
    def paid(self) -> Won:
        """Return what the buyer paid for the line in money."""
        return Won(self.gross - self.coupon_amount)

    @property
    def living_quantity(self) -> int:
        """Return how many pieces are not cancelled."""
        return self.quantity - self.canceled_quantity

    @property
    def cancelable_quantity(self) -> int:
        """Return how many pieces the buyer may cancel at once, without asking."""
        return self.living_quantity if self.status is LineStatus.PAID else 0

    @property
    def is_confirmable(self) -> bool:
        """Say whether the buyer may say now that all is well."""
        return self.status is LineStatus.DELIVERED


@dataclass(frozen=True, kw_only=True)
class BundleDetail:
    """The part of an order one enterprise ships together."""

    id: int
    enterprise_id: int
    enterprise_name: str
    enterprise_slug: str
    enterprise_phone: str
    shipping_policy_id: int
    shipping_fee: Won
    surcharge: Won
    shipping_discount: Won
    shipping_refunded: Won
    ship_by: date | None
    delayed_until: date | None
    delay_reason: str | None
    shipments: tuple[ShipmentDetail, ...]
    lines: tuple[LineDetail, ...]

    @property
    def status(self) -> LineStatus:
        """Return the state the bundle's lines make."""
        return status.derive([line.status for line in self.lines])

    @property
    def label(self) -> str:
        """Return what the buyer reads of the bundle's state."""
        return _label_of(self.lines, self.status)

    @property
    def shipping_total(self) -> Won:
        """Return what shipping costs before coupons."""
        return Won(self.shipping_fee + self.surcharge)


@dataclass(frozen=True)
class OrderOwner:
    """Whose an order is; nobody's account when a guest placed it."""

    id: int
    number: str
    person_id: int | None


@dataclass(frozen=True, kw_only=True)
class OrderDetail:
    """A whole order."""

    id: int
    number: str
    person_id: int | None
    channel: SalesChannel
    provider: str
    buyer_name: str
    buyer_phone: str
    buyer_email: str
    recipient_name: str
    recipient_phone: str
    zip_code: str
    road_address: str
    address_detail: str
    delivery_memo: str
    gross_total: Won
    shipping_total: Won
    coupon_total: Won
    pay_total: Won
    ordered_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    closed_at: datetime | None
    bundles: tuple[BundleDetail, ...]

    @property
    def lines(self) -> tuple[LineDetail, ...]:
        """Return the lines of all bundles."""
        return tuple(line for bundle in self.bundles for line in bundle.lines)

    @property
    def status(self) -> LineStatus:
        """Return the state the order's lines make."""
        return status.derive([line.status for line in self.lines])

    @property
    def label(self) -> str:
        """Return what the buyer reads of the order's state."""
        return _label_of(self.lines, self.status)

    @property
    def refunded_total(self) -> Won:
        """Return what went back or is going back to the buyer."""
        return Won(
            sum(line.refunded_amount for line in self.lines)
            + sum(bundle.shipping_refunded for bundle in self.bundles)
        )

    @property
    def title(self) -> str:
        """Return the first product and how many others there are."""
        names = [line.product_name for line in self.lines]
        return names[0] if len(names) == 1 else f"{names[0]} 외 {len(names) - 1}건"


@dataclass(frozen=True)
class OrderPage:
    """Some orders, newest first, and where the next page starts."""

    orders: tuple[OrderDetail, ...]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True)
class ClaimDetail:
    """One cancel, return or exchange of an order."""

    id: int
    kind: ClaimKind
    status: ClaimStatus
    reason: str
    requested_by: str
    cash_refund: Won
    shipping_refund: Won
    coupon_return: Won
    return_fee: Won
    requested_at: datetime
    finished_at: datetime | None
    # Whether one enterprise answers it.
    has_page: bool
    # Line id → pieces.
    quantities: dict[int, int]

    @property
    def label(self) -> str:
        """Return what people read of the state."""
        return status.CLAIM_LABELS[self.status]

    @property
    def cash_total(self) -> Won:
        """Return the money that goes back in all."""
        return Won(self.cash_refund + self.shipping_refund - self.return_fee)


@dataclass(frozen=True)
class Step:
    """One step of one line's history."""

    line_id: int
    label: str
    actor: str
    note: str
    at: datetime
    # Something was done that moved nothing.
    is_note: bool = False


def label_of(line_status: LineStatus, provider: str) -> str:
    """Return what the buyer of an order paid through a provider reads."""
    return status.label_of(line_status, by_deposit=provider == _BY_DEPOSIT)


def _label_of(lines: tuple[LineDetail, ...], derived: LineStatus) -> str:
    labels = {line.status: line.label for line in lines}
    return labels.get(derived, status.LABELS[derived])
