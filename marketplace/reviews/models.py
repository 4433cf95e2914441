"""Reviews and product questions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, func
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
