"""A buyer's own reviews: lines that wait for one, and those written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import exists, select

from marketplace.core.db import db
from marketplace.enterprises.models import Enterprise
from marketplace.orders.models import Line, Order
from marketplace.reviews.models import Review
from marketplace.reviews.queries import Photo, list_photos
from marketplace.reviews.writing import CHANGED_WITHIN, REVIEWABLE, NotBought, ReviewMissing

PAGE: Final = 20


@dataclass(frozen=True, kw_only=True)
class ToWrite:
    """One bought line without a review."""

    line_id: int
    product_id: int
    product_name: str
    option_label: str
    enterprise_name: str
    ordered_at: datetime


@dataclass(frozen=True, kw_only=True)
class Written:
    """One own review."""

    id: int
    product_id: int
    product_name: str
    option_label: str
    rating: int
    body: str
    created_at: datetime
    hidden_at: datetime | None
    hidden_reason: str | None
    reply: str | None
    replied_at: datetime | None
    photos: tuple[Photo, ...]

    def may_change(self, at: datetime) -> bool:
        """Tell whether the review may still be changed."""
        return self.hidden_at is None and at < self.created_at + CHANGED_WITHIN


_BOUGHT: Final = (
    select(
        Line.id.label("line_id"),
        Line.product_id,
        Line.product_name,
        Line.option_label,
        Enterprise.name.label("enterprise_name"),
        Order.ordered_at,
    )
    .join(Order, Order.id == Line.order_id)
    .join(Enterprise, Enterprise.id == Line.enterprise_id)
)
_LINES: Final = _BOUGHT.where(
    Line.status.in_(REVIEWABLE), ~exists().where(Review.line_id == Line.id)
)


def list_to_write(person_id: int, *, before_id: int | None = None) -> list[ToWrite]:
    """List what a person bought and has not reviewed, newest first."""
    statement = _LINES.where(Order.person_id == person_id)
    if before_id is not None:
        statement = statement.where(Line.id < before_id)
    rows = db.session.execute(statement.order_by(Line.id.desc()).limit(PAGE))
    return [ToWrite(**row._mapping) for row in rows]


def get_to_write(line_id: int, *, person_id: int) -> ToWrite:
    """
    Return one line that waits for this person's review.

    :raises NotBought:
    """
    row = db.session.execute(
        _LINES.where(Line.id == line_id, Order.person_id == person_id)
    ).one_or_none()
    if row is None:
        raise NotBought
    return ToWrite(**row._mapping)


def get_bought(line_id: int, *, person_id: int) -> ToWrite:
    """
    Return one line of this person's, whether it waits for a review or not.

    :raises NotBought:
    """
    row = db.session.execute(
        _BOUGHT.where(Line.id == line_id, Order.person_id == person_id)
    ).one_or_none()
    if row is None:
        raise NotBought
    return ToWrite(**row._mapping)


def list_written(person_id: int, *, before_id: int | None = None) -> list[Written]:
    """List a person's reviews, newest first, in two queries."""
    statement = (
        select(Review, Line.product_name, Line.option_label)
        .join(Line, Line.id == Review.line_id)
        .where(Review.person_id == person_id)
    )
    if before_id is not None:
        statement = statement.where(Review.id < before_id)
    rows = db.session.execute(statement.order_by(Review.id.desc()).limit(PAGE)).all()
    photos = list_photos([row.Review.id for row in rows], names={r.Review.id: r[1] for r in rows})
    return [_written(row.Review, row[1], row[2], photos.get(row.Review.id, ())) for row in rows]


def get_written(review_id: int, *, person_id: int) -> Written:
    """
    Return one of a person's own reviews.

    :raises ReviewMissing:
    """
    row = db.session.execute(
        select(Review, Line.product_name, Line.option_label)
        .join(Line, Line.id == Review.line_id)
        .where(Review.id == review_id, Review.person_id == person_id)
    ).one_or_none()
    if row is None:
        raise ReviewMissing
    photos = list_photos([review_id], names={review_id: row[1]})
    return _written(row.Review, row[1], row[2], photos.get(review_id, ()))


def _written(review: Review, name: str, option: str, photos: tuple[Photo, ...]) -> Written:
    return Written(
        id=review.id,
        product_id=review.product_id,
        product_name=name,
        option_label=option,
        rating=review.rating,
        body=review.body,
        created_at=review.created_at,
        hidden_at=review.hidden_at,
        hidden_reason=review.hidden_reason,
        reply=review.reply,
        replied_at=review.replied_at,
        photos=photos,
    )
