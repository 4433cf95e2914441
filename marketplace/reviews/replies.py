"""What an enterprise answers to reviews of its products."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select

from marketplace.accounts.models import Person
from marketplace.catalog.models import Product
from marketplace.core import masking, outbox
from marketplace.core.db import db
from marketplace.core.errors import InvalidInput
from marketplace.reviews.models import Review
from marketplace.reviews.queries import Photo, list_photos
from marketplace.reviews.writing import ReviewMissing

PAGE: Final = 20
LONGEST: Final = 1_000


class ReplyInvalid(InvalidInput):
    """A reply says something."""

    message = "답글은 1,000자까지 쓸 수 있습니다. 내용을 적어 주세요."
    field = "reply"


@dataclass(frozen=True, kw_only=True)
class ToAnswer:
    """One review of the enterprise's products."""

    id: int
    product_id: int
    product_name: str
    writer: str
    rating: int
    body: str
    created_at: datetime
    is_hidden: bool
    reply: str | None
    replied_at: datetime | None
    photos: tuple[Photo, ...]


def reply(*, review_id: int, enterprise_id: int, text: str, at: datetime) -> None:
    """
    Answer a review, or change the answer; the writer is told of the first one.

    :raises ReviewMissing, ReplyInvalid:
    """
    review = db.session.scalars(
        select(Review)
        .join(Product, Product.id == Review.product_id)
        .where(Review.id == review_id, Product.enterprise_id == enterprise_id)
        .with_for_update(of=Review)
    ).one_or_none()
    if review is None:
        raise ReviewMissing
    clean = text.strip()
    if not 1 <= len(clean) <= LONGEST:
        raise ReplyInvalid
    is_first = review.reply is None
    review.reply, review.replied_at = clean, at
    if is_first:
        outbox.enqueue(
            "notifications.deliver",
            {"kind": "review_replied", "review_id": review_id},
            key=f"review_replied:{review_id}",
        )


def list_page(
    enterprise_id: int, *, is_answered: bool | None = None, before_id: int | None = None
) -> list[ToAnswer]:
    """List the reviews of an enterprise's products, newest first, in two queries."""
    statement = (
        select(Review, Product.name, Person.name)
        .join(Product, Product.id == Review.product_id)
        .join(Person, Person.id == Review.person_id)
        .where(Product.enterprise_id == enterprise_id)
    )
    if is_answered is not None:
        statement = statement.where(
            Review.reply.is_not(None) if is_answered else Review.reply.is_(None)
        )
    if before_id is not None:
        statement = statement.where(Review.id < before_id)
    rows = db.session.execute(statement.order_by(Review.id.desc()).limit(PAGE)).all()
    photos = list_photos([row[0].id for row in rows], names={row[0].id: row[1] for row in rows})
    return [
        ToAnswer(
            id=review.id,
            product_id=review.product_id,
            product_name=product,
            writer=masking.name(writer),
            rating=review.rating,
            body=review.body,
            created_at=review.created_at,
            is_hidden=review.hidden_at is not None,
            reply=review.reply,
            replied_at=review.replied_at,
            photos=photos.get(review.id, ()),
        )
        for review, product, writer in rows
    ]


def count_unanswered(enterprise_id: int) -> int:
    """Count the reviews of an enterprise's products that nobody answered."""
    return (
        db.session.scalar(
            select(func.count())
            .select_from(Review)
            .join(Product, Product.id == Review.product_id)
            .where(
                Product.enterprise_id == enterprise_id,
                Review.reply.is_(None),
                Review.hidden_at.is_(None),
            )
        )
        or 0
    )
