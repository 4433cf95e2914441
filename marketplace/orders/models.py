"""Orders, bundles, lines with their frozen shares, history and claim cases."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.accounts.models import Person
from marketplace.catalog.models import Product, ShippingPolicy, TaxKind, Variant
from marketplace.core.db import Base
from marketplace.core.money import Won
from marketplace.coupons.models import Grant, Redemption
from marketplace.enterprises.models import Enterprise


class SalesChannel(StrEnum):
    """Where a sale happened."""

    OWN_MALL = "own_mall"
    COUNTER = "counter"
    SMARTSTORE = "smartstore"
    COUPANG = "coupang"
    PUBLIC_PROCUREMENT = "public_procurement"
    CROWDFUNDING = "crowdfunding"
    GIFT_SET = "gift_set"
    EVENT_BOOTH = "event_booth"


class Order(Base):
    """What one buyer ordered at once, over any number of enterprises. Its state is its lines'."""

    __tablename__ = "customer_order"
    __table_args__ = (
        CheckConstraint("pay_total = gross_total + shipping_total - coupon_total", name="totals"),
        CheckConstraint("pay_total >= 0 AND coupon_total >= 0", name="not_negative"),
        CheckConstraint(
            "(person_id IS NULL) = (guest_password_hash IS NOT NULL)", name="person_or_guest"
        ),
        CheckConstraint("person_id IS NOT NULL OR coupon_total = 0", name="guests_without_coupons"),
        Index("ix_order_person", "person_id", "ordered_at", "id"),
        Index(
            "ix_order_unpaid",
            "expires_at",
            postgresql_where=text("closed_at IS NULL AND paid_at IS NULL"),
        ),
        Index("ix_order_paid", "paid_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    # YYYYMMDD and eight characters without look-alikes.
    number: Mapped[str] = mapped_column(unique=True)
    # The checkout form's own key: pressing the button again finds this order.
    attempt_key: Mapped[str] = mapped_column(unique=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey(Person.id))
    guest_password_hash: Mapped[str | None]
    channel: Mapped[SalesChannel] = mapped_column(default=SalesChannel.OWN_MALL)
    provider: Mapped[str]
    buyer_name: Mapped[str]
    buyer_phone: Mapped[str]
    buyer_email: Mapped[str]
    recipient_name: Mapped[str]
    recipient_phone: Mapped[str]
    zip_code: Mapped[str]
    road_address: Mapped[str]
    address_detail: Mapped[str] = mapped_column(server_default="")
    delivery_memo: Mapped[str] = mapped_column(server_default="")
    # When the buyer let the sellers have what they need to deliver, and to which text (제3자 제공).
    seller_consent_at: Mapped[datetime | None]
    seller_consent_version: Mapped[str | None]
    gross_total: Mapped[Won]
    shipping_total: Mapped[Won]
    coupon_total: Mapped[Won]
    pay_total: Mapped[Won]
    ordered_at: Mapped[datetime] = mapped_column(index=True)
    # Until when an unpaid order keeps its stock and coupons.
    expires_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]
    # When it ended unpaid.
    closed_at: Mapped[datetime | None]


class Bundle(Base):
    """The part of an order that one enterprise ships together."""

    __tablename__ = "bundle"
    __table_args__ = (
        UniqueConstraint("order_id", "shipping_policy_id"),
        CheckConstraint(
            "shipping_fee >= 0 AND surcharge >= 0 AND shipping_discount >= 0 "
            "AND shipping_discount <= shipping_fee + surcharge",
            name="fees",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey(Order.id))
    enterprise_id: Mapped[int] = mapped_column(ForeignKey(Enterprise.id), index=True)
    shipping_policy_id: Mapped[int] = mapped_column(ForeignKey(ShippingPolicy.id))
    position: Mapped[int]
    shipping_fee: Mapped[Won]
    surcharge: Mapped[Won] = mapped_column(default=Won(0))
    # What coupons pay of the shipping.
    shipping_discount: Mapped[Won] = mapped_column(default=Won(0))
    shipping_refunded: Mapped[Won] = mapped_column(default=Won(0), server_default="0")
    # The day by which goods must have left (3영업일, 전자상거래법 §15), once they are paid.
    ship_by: Mapped[date | None]
    # What the enterprise told the buyer when that day could not be kept.
    delayed_until: Mapped[date | None]
    delay_reason: Mapped[str | None]
    delay_told_at: Mapped[datetime | None]


class LineStatus(StrEnum):
    """Where one line of an order stands (korea.md §1.1)."""

    PAYMENT_WAITING = "payment_waiting"
    PAID = "paid"
    PREPARING = "preparing"
    SHIPPING = "shipping"
    DELIVERED = "delivered"
    CONFIRMED = "confirmed"
    CANCELED = "canceled"
    CANCELED_UNPAID = "canceled_unpaid"
    RETURNED = "returned"
    EXCHANGED = "exchanged"
    SOLDOUT = "soldout"


class Line(Base):
    """One product of an order with everything about money frozen when it was ordered."""

    __tablename__ = "order_line"
    __table_args__ = (
        UniqueConstraint("order_id", "variant_id"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("gross = unit_price * quantity", name="gross"),
        CheckConstraint("coupon_amount BETWEEN 0 AND gross", name="coupon_within_gross"),
        CheckConstraint(
            "enterprise_funded BETWEEN 0 AND coupon_amount", name="enterprise_funded_within"
        ),
        CheckConstraint(
            "canceled_quantity BETWEEN 0 AND quantity", name="canceled_within_quantity"
        ),
        CheckConstraint(
            "refunded_amount BETWEEN 0 AND gross - coupon_amount", name="refunded_within_paid"
        ),
        Index("ix_order_line_enterprise_status", "enterprise_id", "status", "id"),
        Index("ix_order_line_product", "product_id"),
        Index(
            "ix_order_line_unsent",
            "bundle_id",
            postgresql_where=text("status = 'paid' OR status = 'preparing'"),
        ),
        Index("ix_order_line_delivered", "order_id", postgresql_where=text("status = 'delivered'")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey(Order.id))
    bundle_id: Mapped[int] = mapped_column(ForeignKey(Bundle.id), index=True)
    enterprise_id: Mapped[int] = mapped_column(ForeignKey(Enterprise.id))
    product_id: Mapped[int] = mapped_column(ForeignKey(Product.id))
    variant_id: Mapped[int] = mapped_column(ForeignKey(Variant.id))
    position: Mapped[int]
    product_name: Mapped[str]
    option_label: Mapped[str] = mapped_column(server_default="")
    # The enterprise's valid designations on the day, so that statistics by kind stay.
    designation_kinds: Mapped[list[str]] = mapped_column(ARRAY(String), server_default="{}")
    unit_price: Mapped[Won]
    quantity: Mapped[int]
    gross: Mapped[Won]
    coupon_amount: Mapped[Won] = mapped_column(default=Won(0))
    enterprise_funded: Mapped[Won] = mapped_column(default=Won(0))
    tax_kind: Mapped[TaxKind]
    commission_bps: Mapped[int]
    status: Mapped[LineStatus] = mapped_column(default=LineStatus.PAYMENT_WAITING)
    canceled_quantity: Mapped[int] = mapped_column(default=0, server_default="0")
    refunded_amount: Mapped[Won] = mapped_column(default=Won(0), server_default="0")
    confirmed_at: Mapped[datetime | None]


class LineShare(Base):
    """What one grant pays of one line through one redemption, frozen; and what went back."""

    __tablename__ = "order_line_share"
    __table_args__ = (
        CheckConstraint("amount >= 0", name="amount_not_negative"),
        CheckConstraint("returned_amount BETWEEN 0 AND amount", name="returned_within_amount"),
    )

    line_id: Mapped[int] = mapped_column(ForeignKey(Line.id), primary_key=True)
    redemption_id: Mapped[int] = mapped_column(
        ForeignKey(Redemption.id), primary_key=True, index=True
    )
    grant_id: Mapped[int] = mapped_column(ForeignKey(Grant.id), primary_key=True)
    amount: Mapped[Won]
    returned_amount: Mapped[Won] = mapped_column(default=Won(0), server_default="0")


class ShippingShare(Base):
    """What one grant pays of one bundle's shipping through one redemption, frozen."""

    __tablename__ = "bundle_shipping_share"
    __table_args__ = (
        CheckConstraint("amount >= 0", name="amount_not_negative"),
        CheckConstraint("returned_amount BETWEEN 0 AND amount", name="returned_within_amount"),
    )

    bundle_id: Mapped[int] = mapped_column(ForeignKey(Bundle.id), primary_key=True)
    redemption_id: Mapped[int] = mapped_column(
        ForeignKey(Redemption.id), primary_key=True, index=True
    )
    grant_id: Mapped[int] = mapped_column(ForeignKey(Grant.id), primary_key=True)
    amount: Mapped[Won]
    returned_amount: Mapped[Won] = mapped_column(default=Won(0), server_default="0")


class LineHistory(Base):
    """One step of one line: from, to, who, when. Append-only."""

    __tablename__ = "order_line_history"

    id: Mapped[int] = mapped_column(primary_key=True)
    line_id: Mapped[int] = mapped_column(ForeignKey(Line.id), index=True)
    from_status: Mapped[str | None]
    to_status: Mapped[str]
    actor: Mapped[str]
    note: Mapped[str] = mapped_column(server_default="")
    ip: Mapped[str | None]
    at: Mapped[datetime]


class ClaimKind(StrEnum):
    """What a buyer asks for after paying."""

    CANCEL = "cancel"
    RETURN = "return"
    EXCHANGE = "exchange"


class ClaimStatus(StrEnum):
    """Where a claim case stands (korea.md §1.1)."""

    REQUESTED = "requested"
    COLLECTING = "collecting"
    COLLECTED = "collected"
    REDELIVERING = "redelivering"
    DONE = "done"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Fault(StrEnum):
    """Whose doing it is, which decides who pays the way back (전자상거래법 §18)."""

    BUYER = "buyer"
    SELLER = "seller"


class PickUp(StrEnum):
    """How goods come back."""

    COLLECTED = "collected"
    SENT = "sent"
    BROUGHT = "brought"


class ClaimCase(Base):
    """One cancel, return or exchange of some lines of an order."""

    __tablename__ = "claim_case"
    __table_args__ = (
        # The buyer's form key: pressing the button again finds this case.
        UniqueConstraint("order_id", "attempt_key"),
        CheckConstraint("return_fee >= 0", name="return_fee_not_negative"),
        CheckConstraint(
            "kind = 'cancel' OR (bundle_id IS NOT NULL AND fault IS NOT NULL)",
            name="goods_come_back_to_somebody",
        ),
        CheckConstraint(
            "(status = 'rejected') = (rejection_reason IS NOT NULL)", name="rejected_with_reason"
        ),
        Index(
            "ix_claim_case_open",
            "bundle_id",
            postgresql_where=text("finished_at IS NULL"),
        ),
        Index(
            "ix_claim_case_refund_due",
            "refund_due_on",
            postgresql_where=text("finished_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey(Order.id), index=True)
    attempt_key: Mapped[str]
    kind: Mapped[ClaimKind]
    status: Mapped[ClaimStatus]
    reason: Mapped[str]
    requested_by: Mapped[str]
    # What one enterprise answers; a cancel made at once may be about several and has none.
    bundle_id: Mapped[int | None] = mapped_column(ForeignKey(Bundle.id))
    # A code of orders.reasons; `reason` is in the buyer's own words.
    reason_code: Mapped[str] = mapped_column(server_default="other")
    fault: Mapped[Fault | None]
    pick_up: Mapped[PickUp | None]
    return_carrier: Mapped[str | None]
    return_waybill: Mapped[str | None]
    collected_at: Mapped[datetime | None]
    # What inspection found.
    inspection: Mapped[str | None]
    # Kept from the refund for the way back.
    return_fee: Mapped[Won] = mapped_column(default=Won(0), server_default="0")
    rejection_reason: Mapped[str | None]
    # Three business days after goods came back or a cancel was asked for.
    refund_due_on: Mapped[date | None]
    cash_refund: Mapped[Won] = mapped_column(default=Won(0))
    shipping_refund: Mapped[Won] = mapped_column(default=Won(0))
    coupon_return: Mapped[Won] = mapped_column(default=Won(0))
    requested_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class ClaimLine(Base):
    """How many pieces of one line a claim case is about, and what they bring back."""

    __tablename__ = "claim_line"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity_positive"),)

    claim_case_id: Mapped[int] = mapped_column(ForeignKey(ClaimCase.id), primary_key=True)
    line_id: Mapped[int] = mapped_column(ForeignKey(Line.id), primary_key=True, index=True)
    quantity: Mapped[int]
    cash_refund: Mapped[Won]
    coupon_return: Mapped[Won]
    # What is sent instead, in an exchange.
    new_variant_id: Mapped[int | None] = mapped_column(ForeignKey(Variant.id))


class ClaimHistory(Base):
    """One step of one claim case: from, to, who, when. Append-only."""

    __tablename__ = "claim_history"

    id: Mapped[int] = mapped_column(primary_key=True)
    claim_case_id: Mapped[int] = mapped_column(ForeignKey(ClaimCase.id), index=True)
    from_status: Mapped[str | None]
    to_status: Mapped[str]
    actor: Mapped[str]
    note: Mapped[str] = mapped_column(server_default="")
    at: Mapped[datetime]
