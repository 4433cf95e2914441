"""Write an order. Only checkout calls this: it has priced, reserved and held everything before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, insert, select
from sqlalchemy.dialects.postgresql import insert as insert_or_ignore

from marketplace.catalog.models import TaxKind
from marketplace.core.db import db, table_of
from marketplace.core.money import Won
from marketplace.orders import numbers, status
from marketplace.orders.models import Bundle, Line, LineShare, Order, ShippingShare


@dataclass(frozen=True, kw_only=True)
class ShareDraft:
    """What one grant pays through one redemption, in won."""

    redemption_id: int
    grant_id: int
    amount: Won


@dataclass(frozen=True, kw_only=True)
class LineDraft:
    """One product of an order with everything that is frozen on it."""

    product_id: int
    variant_id: int
    product_name: str
    option_label: str
    designation_kinds: tuple[str, ...]
    unit_price: Won
    quantity: int
    coupon_amount: Won
    enterprise_funded: Won
    tax_kind: TaxKind
    commission_bps: int
    shares: tuple[ShareDraft, ...] = ()


@dataclass(frozen=True, kw_only=True)
class BundleDraft:
    """What one enterprise ships together, and what shipping it costs."""

    enterprise_id: int
    shipping_policy_id: int
    shipping_fee: Won
    surcharge: Won
    shipping_discount: Won
    lines: tuple[LineDraft, ...]
    shipping_shares: tuple[ShareDraft, ...] = ()


@dataclass(frozen=True, kw_only=True)
class OrderDraft:
    """Who orders, where it goes and what it comes to."""

    attempt_key: str
    person_id: int | None
    guest_password_hash: str | None
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
    seller_consent_version: str
    gross_total: Won
    shipping_total: Won
    coupon_total: Won
    expires_at: datetime

    @property
    def pay_total(self) -> Won:
        """Return what the buyer pays in money."""
        return Won(self.gross_total + self.shipping_total - self.coupon_total)


@dataclass(frozen=True)
class OpenedOrder:
    """An order's name; `is_new` unless this attempt had opened it before."""

    id: int
    number: str
    person_id: int | None
    is_new: bool


_BY_ATTEMPT: Final = select(Order.id, Order.number, Order.person_id).where(
    Order.attempt_key == bindparam("attempt")
)
# What a draft says in the words of the order's columns.
_WRITTEN: Final = (*(field.name for field in fields(OrderDraft)), "pay_total")
_OPEN: Final = (
    insert_or_ignore(table_of(Order))
    .values(
        {name: bindparam(f"its_{name}") for name in (*_WRITTEN, "number")}
        | {"ordered_at": bindparam("at"), "seller_consent_at": bindparam("at")}
    )
    .on_conflict_do_nothing(index_elements=["attempt_key"])
    .returning(Order.id)
)


def find_by_attempt(attempt_key: str) -> OpenedOrder | None:
    """Return the order an attempt opened before, or None."""
    row = db.session.execute(_BY_ATTEMPT, {"attempt": attempt_key}).one_or_none()
    return None if row is None else OpenedOrder(*row, is_new=False)


def open_order(draft: OrderDraft, *, at: datetime) -> OpenedOrder:
    """
    Write the order's own row, or find the one the same attempt wrote before.

    The same attempt sent twenty times at once waits here for the first one, holding no lock.
    """
    number = numbers.new_number(at=at)
    written = {f"its_{name}": getattr(draft, name) for name in _WRITTEN}
    order_id: int | None = db.session.scalar(
        _OPEN,
        {**written, "its_number": number, "at": at},
    )
    if order_id is not None:
        return OpenedOrder(order_id, number, draft.person_id, is_new=True)
    known = find_by_attempt(draft.attempt_key)
    if known is None:
        raise RuntimeError("an attempt's order vanished while it was being opened")
    return known


def write_order(
    *, order_id: int, bundles: Sequence[BundleDraft], actor: str, at: datetime, ip: str | None
) -> None:
    """Write bundles, lines, frozen shares and the first row of every line's history."""
    bundle_ids = db.session.scalars(
        insert(Bundle).returning(Bundle.id, sort_by_parameter_order=True),
        [
            {
                "order_id": order_id,
                "enterprise_id": bundle.enterprise_id,
                "shipping_policy_id": bundle.shipping_policy_id,
                "position": position,
                "shipping_fee": bundle.shipping_fee,
                "surcharge": bundle.surcharge,
                "shipping_discount": bundle.shipping_discount,
            }
            for position, bundle in enumerate(bundles)
        ],
    ).all()
    placed = [
        (bundle_id, bundle.enterprise_id, line)
        for bundle_id, bundle in zip(bundle_ids, bundles, strict=True)
        for line in bundle.lines
    ]
    line_ids = db.session.scalars(
        insert(Line).returning(Line.id, sort_by_parameter_order=True),
        [
            {
                "order_id": order_id,
                "bundle_id": bundle_id,
                "enterprise_id": enterprise_id,
                "product_id": line.product_id,
                "variant_id": line.variant_id,
                "position": position,
                "product_name": line.product_name,
                "option_label": line.option_label,
                "designation_kinds": list(line.designation_kinds),
                "unit_price": line.unit_price,
                "quantity": line.quantity,
                "gross": Won(line.unit_price * line.quantity),
                "coupon_amount": line.coupon_amount,
                "enterprise_funded": line.enterprise_funded,
                "tax_kind": line.tax_kind,
                "commission_bps": line.commission_bps,
            }
            for position, (bundle_id, enterprise_id, line) in enumerate(placed)
        ],
    ).all()
    _freeze_shares(bundle_ids, bundles, line_ids, [line for _, _, line in placed])
    status.begin(line_ids=line_ids, actor=actor, at=at, ip=ip)


def _freeze_shares(
    bundle_ids: Sequence[int],
    bundles: Sequence[BundleDraft],
    line_ids: Sequence[int],
    lines: Sequence[LineDraft],
) -> None:
    of_lines = [
        {"line_id": line_id, **_values(share)}
        for line_id, line in zip(line_ids, lines, strict=True)
        for share in line.shares
    ]
    if of_lines:
        db.session.execute(insert(LineShare), of_lines)
    of_shipping = [
        {"bundle_id": bundle_id, **_values(share)}
        for bundle_id, bundle in zip(bundle_ids, bundles, strict=True)
        for share in bundle.shipping_shares
    ]
    if of_shipping:
        db.session.execute(insert(ShippingShare), of_shipping)


def _values(share: ShareDraft) -> dict[str, int]:
    return {
        "redemption_id": share.redemption_id,
        "grant_id": share.grant_id,
        "amount": share.amount,
    }
