"""What keeps a shop's goods current: prices to come, price history, restock alerts, imports."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.accounts.models import Person
from marketplace.catalog.models import Product, Variant
from marketplace.core.db import Base
from marketplace.core.money import Won
from marketplace.enterprises.models import Enterprise


class PlanState(StrEnum):
    """Where a planned price stands."""

    WAITING = "waiting"
    RUNNING = "running"
    ENDED = "ended"
    DROPPED = "dropped"


class PricePlan(Base):
    """A sale price from one instant until another; the price before comes back afterwards."""

    __tablename__ = "price_plan"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="period"),
        CheckConstraint("price >= 0", name="price_not_negative"),
        Index(
            "uq_price_plan_open",
            "product_id",
            unique=True,
            postgresql_where=text("state IN ('waiting', 'running')"),
        ),
        Index("ix_price_plan_due", "state", "starts_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey(Product.id), index=True)
    price: Mapped[Won]
    # What the product cost when the plan began.
    price_before: Mapped[Won | None]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    state: Mapped[PlanState] = mapped_column(default=PlanState.WAITING)
    created_by: Mapped[int | None] = mapped_column(ForeignKey(Person.id))


class PriceChange(Base):
    """One change of a product's prices. Append-only."""

    __tablename__ = "price_change"
    __table_args__ = (Index("ix_price_change_product", "product_id", "at", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey(Product.id))
    consumer_price: Mapped[Won]
    price: Mapped[Won]
    actor: Mapped[str]
    at: Mapped[datetime]


class RestockAlert(Base):
    """A person waits for one variant to be in stock again."""

    __tablename__ = "restock_alert"

    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id), primary_key=True)
    variant_id: Mapped[int] = mapped_column(ForeignKey(Variant.id), primary_key=True, index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ImportState(StrEnum):
    """Where an uploaded product sheet stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class ProductImport(Base):
    """One uploaded product sheet and what became of its rows."""

    __tablename__ = "product_import"
    __table_args__ = (UniqueConstraint("enterprise_id", "sha256"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    enterprise_id: Mapped[int] = mapped_column(ForeignKey(Enterprise.id))
    uploaded_by: Mapped[int] = mapped_column(ForeignKey(Person.id))
    filename: Mapped[str]
    sha256: Mapped[str]
    storage_key: Mapped[str]
    state: Mapped[ImportState] = mapped_column(default=ImportState.WAITING)
    total: Mapped[int] = mapped_column(default=0, server_default="0")
    done: Mapped[int] = mapped_column(default=0, server_default="0")
    created: Mapped[int] = mapped_column(default=0, server_default="0")
    updated: Mapped[int] = mapped_column(default=0, server_default="0")
    unchanged: Mapped[int] = mapped_column(default=0, server_default="0")
    # Rows of {row, column, message}.
    errors: Mapped[list[dict[str, object]]] = mapped_column(JSONB, server_default="[]")
    failure: Mapped[str | None]
    uploaded_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]
