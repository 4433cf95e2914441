"""Reviews by those who bought: written once per line, changed for a month, taken back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, select

from marketplace.catalog.picture_rows import StoredPicture
from marketplace.core import outbox
from marketplace.core.db import db
from marketplace.core.errors import Conflict, InvalidInput, NotFound
from marketplace.orders.models import Line, LineStatus, Order
from marketplace.reviews.models import Review, ReviewPhoto, ReviewReport

SHORTEST: Final = 10
LONGEST: Final = 2_000
MOST_PHOTOS: Final = 5
CHANGED_WITHIN: Final = timedelta(days=30)
RATINGS: Final = range(1, 6)
# Goods that were kept: an exchanged line was confirmed with what came instead.
REVIEWABLE: Final = (LineStatus.CONFIRMED, LineStatus.EXCHANGED)


class ReviewMissing(NotFound):
    """There is no such review, or it is not this person's."""

    message = "후기를 찾을 수 없습니다."


class NotBought(NotFound):
    """The line is not this person's."""

    message = "구매하신 상품을 찾을 수 없습니다."


class NotConfirmed(Conflict):
    """Only what was kept can be reviewed."""

    message = "구매확정한 상품에만 후기를 쓸 수 있습니다."


class AlreadyWritten(Conflict):
    """One line, one review."""

    message = "이미 후기를 쓰셨습니다. 내 후기에서 고칠 수 있습니다."


class TooLateToChange(Conflict):
    """A month has passed."""

    message = "후기를 쓴 지 30일이 지나 고칠 수 없습니다."


class HiddenByOffice(Conflict):
    """What the office hid is neither changed nor written anew."""

    message = "운영자가 가린 후기는 고치거나 지울 수 없습니다. 고객센터에 문의해 주세요."


class RatingInvalid(InvalidInput):
    """Stars are whole and one to five."""

    message = "별점을 1점부터 5점 사이에서 골라 주세요."
    field = "rating"


class BodyInvalid(InvalidInput):
    """A review says something, and not a book."""

    message = "후기는 10자 이상 2,000자까지 쓸 수 있습니다."
    field = "body"


class TooManyPhotos(InvalidInput):
    """Five photos show enough."""

    message = "사진은 5장까지 올릴 수 있습니다."
    field = "photos"


def write(
    *,
    line_id: int,
    person_id: int,
    rating: int,
    body: str,
    photos: Sequence[StoredPicture],
    at: datetime,
) -> int:
    """
    Write what a buyer says of a line, and return the review's id.

    :raises NotBought, NotConfirmed, AlreadyWritten, RatingInvalid, BodyInvalid, TooManyPhotos:
    """
    line = db.session.scalars(
        select(Line)
        .join(Order, Order.id == Line.order_id)
        .where(Line.id == line_id, Order.person_id == person_id)
        # Waits for somebody who returns the line or reviews it in another window.
        .with_for_update(of=Line)
    ).one_or_none()
    if line is None:
        raise NotBought
    if line.status not in REVIEWABLE:
        raise NotConfirmed
    if db.session.scalar(select(Review.id).where(Review.line_id == line_id)) is not None:
        raise AlreadyWritten
    review = Review(
        line_id=line_id,
        product_id=line.product_id,
        person_id=person_id,
        rating=_rating(rating),
        body=_body(body),
        created_at=at,
    )
    db.session.add(review)
    db.session.flush()
    _add_photos(review.id, photos)
    rate(review.product_id)
    return review.id


def change(
    *,
    review_id: int,
    person_id: int,
    rating: int,
    body: str,
    added: Sequence[StoredPicture],
    removed: Collection[int],
    at: datetime,
) -> None:
    """
    Change one's own review within a month: its words, its stars and its photos.

    :raises ReviewMissing, HiddenByOffice, TooLateToChange, RatingInvalid, BodyInvalid,
        TooManyPhotos:
    """
    review = _own(review_id, person_id)
    if at >= review.created_at + CHANGED_WITHIN:
        raise TooLateToChange
    review.rating = _rating(rating)
    review.body = _body(body)
    db.session.execute(
        delete(ReviewPhoto).where(ReviewPhoto.review_id == review_id, ReviewPhoto.id.in_(removed))
    )
    _add_photos(review_id, added)
    rate(review.product_id)


def take_back(*, review_id: int, person_id: int) -> None:
    """
    Delete one's own review with its photos and reports.

    :raises ReviewMissing, HiddenByOffice:
    """
    review = _own(review_id, person_id)
    db.session.execute(delete(ReviewReport).where(ReviewReport.review_id == review_id))
    db.session.execute(delete(ReviewPhoto).where(ReviewPhoto.review_id == review_id))
    db.session.delete(review)
    db.session.flush()
    rate(review.product_id)


def _own(review_id: int, person_id: int) -> Review:
    review = db.session.scalars(
        select(Review)
        .where(Review.id == review_id, Review.person_id == person_id)
        .with_for_update()
    ).one_or_none()
    if review is None:
        raise ReviewMissing
    if review.hidden_at is not None:
        raise HiddenByOffice
    return review


def _rating(rating: int) -> int:
    if rating not in RATINGS:
        raise RatingInvalid
    return rating


def _body(body: str) -> str:
    clean = body.strip()
    if not SHORTEST <= len(clean) <= LONGEST:
        raise BodyInvalid
    return clean


def _add_photos(review_id: int, photos: Sequence[StoredPicture]) -> None:
    there, last = db.session.execute(
        select(func.count(), func.max(ReviewPhoto.position)).where(
            ReviewPhoto.review_id == review_id
        )
    ).one()
    if there + len(photos) > MOST_PHOTOS:
        raise TooManyPhotos
    for position, photo in enumerate(photos, start=(last or 0) + 1):
        db.session.add(
            ReviewPhoto(
                review_id=review_id,
                storage_key=photo.key,
                width=photo.width,
                height=photo.height,
                placeholder=photo.placeholder,
                position=position,
            )
        )
    db.session.flush()


def rate(product_id: int) -> None:
    """Ask the index to count a product's reviews anew."""
    outbox.enqueue("search.rate", {"product_ids": [product_id]})
