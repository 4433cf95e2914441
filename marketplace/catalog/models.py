"""Categories, products, variants, pictures, shipping policies and stock."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Base
from marketplace.core.money import Won
from marketplace.enterprises.models import Enterprise


class Category(Base):
    """One node of the category tree; `path` holds its ancestors and itself, for subtree filters."""

    __tablename__ = "category"
    __table_args__ = (Index("ix_category_path", "path", postgresql_using="gin"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"), index=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    position: Mapped[int]
    path: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    notice_kind: Mapped[str]


class ShippingKind(StrEnum):
    """How a shipping policy asks for money (korea.md §1.3)."""

    FREE = "free"
    CONDITIONAL_FREE = "conditional_free"
    PAID = "paid"
    PER_QUANTITY = "per_quantity"


class ShippingPolicy(Base):
    """One way an enterprise ships. Products sharing it travel as one bundle."""

    __tablename__ = "shipping_policy"
    __table_args__ = (
        CheckConstraint("fee >= 0 AND jeju_surcharge >= 0 AND island_surcharge >= 0", name="fees"),
        CheckConstraint(
            "(kind = 'conditional_free') = (free_over IS NOT NULL)", name="free_over_given"
        ),
        CheckConstraint(
            "(kind = 'per_quantity') = (fee_per_units IS NOT NULL)", name="fee_per_units_given"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    enterprise_id: Mapped[int] = mapped_column(ForeignKey(Enterprise.id), index=True)
    name: Mapped[str]
    kind: Mapped[ShippingKind]
    fee: Mapped[Won] = mapped_column(default=Won(0))
    free_over: Mapped[Won | None]
    fee_per_units: Mapped[int | None]
    jeju_surcharge: Mapped[Won] = mapped_column(default=Won(0))
    island_surcharge: Mapped[Won] = mapped_column(default=Won(0))
    return_fee: Mapped[Won] = mapped_column(default=Won(0))
    is_default: Mapped[bool] = mapped_column(default=False)


class RemoteZone(StrEnum):
    """Where carriers ask for more."""

    JEJU = "jeju"
    ISLAND = "island"


class RemoteArea(Base):
    """One range of postcodes, both ends included, of a remote zone. Edited by the office."""

    __tablename__ = "remote_area"

    id: Mapped[int] = mapped_column(primary_key=True)
    zip_from: Mapped[str] = mapped_column(index=True)
    zip_to: Mapped[str]
    zone: Mapped[RemoteZone]


class TaxKind(StrEnum):
    """How a product is taxed."""

    TAXABLE = "taxable"
    TAX_FREE = "tax_free"


class ProductStatus(StrEnum):
    """Whether a product is for sale."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    ON_SALE = "on_sale"
    SUSPENDED = "suspended"
    ENDED = "ended"


class Product(Base):
    """One product of one enterprise."""

    __tablename__ = "product"
    __table_args__ = (
        CheckConstraint("price >= 0 AND price <= consumer_price", name="price_within_consumer"),
        CheckConstraint("lead_days BETWEEN 0 AND 60", name="lead_days_range"),
        Index("ix_product_enterprise_status", "enterprise_id", "status"),
        Index("ix_product_published", "published_at", "id"),
        Index("ix_product_in_review", "id", postgresql_where=text("status = 'in_review'")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    enterprise_id: Mapped[int] = mapped_column(ForeignKey(Enterprise.id))
    category_id: Mapped[int] = mapped_column(ForeignKey(Category.id), index=True)
    shipping_policy_id: Mapped[int] = mapped_column(ForeignKey(ShippingPolicy.id), index=True)
    name: Mapped[str]
    summary: Mapped[str] = mapped_column(server_default="")
    # Sanitised HTML.
    story: Mapped[str] = mapped_column(server_default="")
    consumer_price: Mapped[Won]
    price: Mapped[Won]
    tax_kind: Mapped[TaxKind] = mapped_column(default=TaxKind.TAXABLE)
    status: Mapped[ProductStatus] = mapped_column(default=ProductStatus.DRAFT)
    origin: Mapped[str] = mapped_column(server_default="")
    lead_days: Mapped[int] = mapped_column(default=1)
    is_gift: Mapped[bool] = mapped_column(default=False)
    coupon_eligible: Mapped[bool] = mapped_column(default=True)
    tags: Mapped[list[str]] = mapped_column(ARRAY(String), server_default="{}")
    option_names: Mapped[list[str]] = mapped_column(ARRAY(String), server_default="{}")
    notice: Mapped[dict[str, str]] = mapped_column(JSONB, server_default="{}")
    sold_count: Mapped[int] = mapped_column(default=0, server_default="0")
    # What the office asked to change before it may be sold.
    review_note: Mapped[str | None]
    published_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class Variant(Base):
    """One buyable combination of a product's options, with its stock."""

    __tablename__ = "variant"
    __table_args__ = (
        UniqueConstraint("product_id", "option_values"),
        CheckConstraint("reserved >= 0 AND reserved <= on_hand", name="reserved_within_stock"),
        CheckConstraint("low_stock_at >= 0", name="low_stock_at_not_negative"),
        Index(
            "ix_variant_low",
            "id",
            postgresql_where=text(
                "low_stock_told_at IS NULL AND is_active AND on_hand - reserved <= low_stock_at"
            ),
        ),
        Index("ix_variant_told", "id", postgresql_where=text("low_stock_told_at IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey(Product.id), index=True)
    code: Mapped[str | None]
    option_values: Mapped[list[str]] = mapped_column(ARRAY(String), server_default="{}")
    price_difference: Mapped[Won] = mapped_column(default=Won(0))
    on_hand: Mapped[int] = mapped_column(default=0)
    reserved: Mapped[int] = mapped_column(default=0, server_default="0")
    position: Mapped[int] = mapped_column(default=0)
    is_active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    # Pieces left at which the enterprise is told.
    low_stock_at: Mapped[int] = mapped_column(default=5, server_default="5")
    low_stock_told_at: Mapped[datetime | None]


class ReservationState(StrEnum):
    """What became of pieces set aside."""

    HELD = "held"
    DEDUCTED = "deducted"
    RELEASED = "released"
    RETURNED = "returned"


class StockReservation(Base):
    """Pieces of one variant set aside for one reference, such as `order:12`."""

    __tablename__ = "stock_reservation"
    __table_args__ = (
        UniqueConstraint("reference", "variant_id"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("returned BETWEEN 0 AND quantity", name="returned_within_quantity"),
        Index("ix_stock_reservation_held", "expires_at", postgresql_where=text("state = 'held'")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str]
    variant_id: Mapped[int] = mapped_column(ForeignKey(Variant.id), index=True)
    quantity: Mapped[int]
    # Pieces that came back to stock after deduction.
    returned: Mapped[int] = mapped_column(default=0, server_default="0")
    state: Mapped[ReservationState] = mapped_column(default=ReservationState.HELD)
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Picture(Base):
    """One picture of a product: stored in several widths and formats under its key."""

    __tablename__ = "picture"
    __table_args__ = (CheckConstraint("alt <> ''", name="alt_given"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey(Product.id), index=True)
    storage_key: Mapped[str]
    alt: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]
    # A tiny blurred picture as a data URI, shown while the real one loads.
    placeholder: Mapped[str] = mapped_column(server_default="")
    position: Mapped[int] = mapped_column(default=0)


class Wish(Base):
    """One product somebody put on the wish list."""

    __tablename__ = "wish"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey(Product.id), primary_key=True, index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
