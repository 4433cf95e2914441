"""Reviews and product questions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.accounts.models import Person
from marketplace.catalog.models import Product
from marketplace.core.db import Base
from marketplace.orders.models import Line


class Review(Base):
    """What a buyer says of a line bought; one per line."""

    __tablename__ = "review"
    __table_args__ = (
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating_range"),
        Index("ix_review_product", "product_id", "created_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    line_id: Mapped[int] = mapped_column(ForeignKey(Line.id), unique=True)
    product_id: Mapped[int] = mapped_column(ForeignKey(Product.id))
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id), index=True)
    rating: Mapped[int]
    body: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    hidden_at: Mapped[datetime | None]
    hidden_reason: Mapped[str | None]
    reply: Mapped[str | None]
    replied_at: Mapped[datetime | None]


class ReviewPhoto(Base):
    """One photo of a review, stored as product pictures are."""

    __tablename__ = "review_photo"

    id: Mapped[int] = mapped_column(primary_key=True)
    review_id: Mapped[int] = mapped_column(ForeignKey(Review.id), index=True)
    storage_key: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]
    placeholder: Mapped[str] = mapped_column(server_default="")
    position: Mapped[int] = mapped_column(default=0)


class ReviewReport(Base):
    """Somebody thinks a review should not be there; the office decides."""

    __tablename__ = "review_report"
    __table_args__ = (
        Index("ix_review_report_open", "id", postgresql_where=text("decided_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    review_id: Mapped[int] = mapped_column(ForeignKey(Review.id), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id))
    reason: Mapped[str]
    reported_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey(Person.id))
    is_upheld: Mapped[bool | None]
    answer: Mapped[str | None]


class Question(Base):
    """A question about a product and the enterprise's answer."""

    __tablename__ = "question"
    __table_args__ = (Index("ix_question_product", "product_id", "asked_at", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey(Product.id))
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id), index=True)
    body: Mapped[str]
    is_secret: Mapped[bool] = mapped_column(default=False)
    asked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    answer: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[int | None] = mapped_column(ForeignKey(Person.id))
