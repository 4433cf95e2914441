"""Reviews and questions of a product, as everybody or one reader sees them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Integer, bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from marketplace.accounts.models import Person
from marketplace.catalog.models import Product
from marketplace.core import masking
from marketplace.core.db import db
from marketplace.reviews.models import Question, Review, ReviewPhoto
from marketplace.reviews.panel_models import Panel, PanelEntry, PanelStatus

PAGE: Final = 20
HIDDEN_WORDS: Final = "비밀글입니다."


@dataclass(frozen=True, kw_only=True)
class Photo:
    """One photo of a review; its alternative text says which product and which of them."""

    id: int
    key: str
    placeholder: str
    alt: str


@dataclass(frozen=True)
class ReviewCard:
    """One review with its writer masked, and what the enterprise replied."""

    id: int
    writer: str
    rating: int
    body: str
    created_at: datetime
    reply: str | None = None
    photos: tuple[Photo, ...] = ()
    is_own: bool = False


@dataclass(frozen=True)
class QuestionCard:
    """One question; a secret one shows others only that it was asked."""

    id: int
    writer: str
    body: str
    asked_at: datetime
    answer: str | None
    is_secret: bool
    is_readable: bool = True
    is_own: bool = False
    is_answered: bool = False


@dataclass(frozen=True)
class Reader:
    """Who looks: somebody by id, who may read every secret question of this product or not."""

    person_id: int | None = None
    reads_secrets: bool = False


@dataclass(frozen=True)
class Told:
    """What buyers say of a product: counts, the mean in tenths of a star, and the newest."""

    review_count: int
    rating_tenths: int | None
    reviews: tuple[ReviewCard, ...]
    question_count: int
    questions: tuple[QuestionCard, ...]
    # The published rounds of a review panel it did well in, newest first.
    won_panels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cursor:
    """Where a page of a list ended."""

    at: datetime
    id: int


# Built once: building a statement costs as much as running it.
_PHOTOS: Final = (
    select(
        func.json_agg(
            aggregate_order_by(
                func.json_build_array(
                    ReviewPhoto.id, ReviewPhoto.storage_key, ReviewPhoto.placeholder
                ),
                ReviewPhoto.position,
                ReviewPhoto.id,
            )
        )
    )
    .where(ReviewPhoto.review_id == Review.id)
    .correlate(Review)
    .scalar_subquery()
)
_WON: Final = (
    select(func.json_agg(aggregate_order_by(Panel.name, Panel.held_on.desc(), Panel.id.desc())))
    .join(PanelEntry, PanelEntry.panel_id == Panel.id)
    .where(
        PanelEntry.product_id == Product.id,
        PanelEntry.has_badge,
        Panel.status == PanelStatus.PUBLISHED,
    )
    .correlate(Product)
    .scalar_subquery()
)
# From the product: its badges are there whether anybody reviewed it or not.
_REVIEWS: Final = (
    select(
        Review,
        Person.name,
        func.count(Review.id).over().label("total"),
        func.sum(Review.rating).over().label("stars"),
        _PHOTOS.label("photos"),
        _WON.label("won"),
    )
    .select_from(Product)
    .outerjoin(Review, (Review.product_id == Product.id) & Review.hidden_at.is_(None))
    .outerjoin(Person, Person.id == Review.person_id)
    .where(Product.id == bindparam("product"))
    .order_by(Review.created_at.desc(), Review.id.desc())
    .limit(bindparam("most", type_=Integer))
)
_QUESTIONS: Final = (
    select(Question, Person.name, func.count().over().label("total"))
    .join(Person, Person.id == Question.person_id)
    .where(Question.product_id == bindparam("product"))
    .order_by(Question.asked_at.desc(), Question.id.desc())
    .limit(bindparam("most", type_=Integer))
)


def summary_of(
    product_id: int, *, name: str = "", reader: Reader | None = None, limit: int = 10
) -> Told:
    """Return the newest reviews and questions of a product in two queries."""
    asked = {"product": product_id, "most": limit}
    sees = reader or Reader()
    reviews = db.session.execute(_REVIEWS, asked).all()
    questions = db.session.execute(_QUESTIONS, asked).all()
    count = reviews[0].total if reviews else 0
    return Told(
        review_count=count,
        rating_tenths=tenths_of(int(reviews[0].stars), count) if count else None,
        reviews=tuple(
            _card(row.Review, row.name, _photos(row.photos or (), name), sees)
            for row in reviews
            if row.Review is not None
        ),
        question_count=questions[0].total if questions else 0,
        questions=tuple(_question(row.Question, row.name, sees) for row in questions),
        won_panels=tuple(reviews[0].won or ()) if reviews else (),
    )


def tenths_of(stars: int, count: int) -> int:
    """Return the mean of some stars in tenths, rounded half up."""
    return (stars * 20 + count) // (count * 2)


def count_by_rating(product_id: int) -> dict[int, int]:
    """Count the reviews of a product by their stars, five first."""
    found = dict(
        db.session.execute(
            select(Review.rating, func.count())
            .where(Review.product_id == product_id, Review.hidden_at.is_(None))
            .group_by(Review.rating)
        ).all()
    )
    return {rating: found.get(rating, 0) for rating in range(5, 0, -1)}


def list_reviews(
    product_id: int,
    *,
    name: str,
    reader: Reader,
    rating: int | None = None,
    after: Cursor | None = None,
) -> list[ReviewCard]:
    """List a product's reviews, newest first, of one rating when given; two queries."""
    statement = (
        select(Review, Person.name)
        .join(Person, Person.id == Review.person_id)
        .where(Review.product_id == product_id, Review.hidden_at.is_(None))
    )
    if rating is not None:
        statement = statement.where(Review.rating == rating)
    if after is not None:
        statement = statement.where(
            or_(
                Review.created_at < after.at,
                (Review.created_at == after.at) & (Review.id < after.id),
            )
        )
    ordered = statement.order_by(Review.created_at.desc(), Review.id.desc()).limit(PAGE)
    return list(_cards(db.session.execute(ordered).all(), name, reader))


def list_questions(
    product_id: int, *, reader: Reader, after: Cursor | None = None
) -> list[QuestionCard]:
    """List a product's questions, newest first, as this reader may see them."""
    statement = (
        select(Question, Person.name)
        .join(Person, Person.id == Question.person_id)
        .where(Question.product_id == product_id)
    )
    if after is not None:
        statement = statement.where(_asked_before(after))
    rows = db.session.execute(
        statement.order_by(Question.asked_at.desc(), Question.id.desc()).limit(PAGE)
    )
    return [_question(question, writer, reader) for question, writer in rows]


def count_questions(product_id: int) -> int:
    """Count the questions about a product."""
    return (
        db.session.scalar(
            select(func.count()).select_from(Question).where(Question.product_id == product_id)
        )
        or 0
    )


def list_photos(
    review_ids: Sequence[int], *, names: Mapping[int, str]
) -> dict[int, tuple[Photo, ...]]:
    """List the photos of some reviews, named after their products, in one query or none."""
    if not review_ids:
        return {}
    found: dict[int, list[tuple[int, str, str]]] = {}
    for photo in db.session.scalars(
        select(ReviewPhoto)
        .where(ReviewPhoto.review_id.in_(review_ids))
        .order_by(ReviewPhoto.review_id, ReviewPhoto.position, ReviewPhoto.id)
    ):
        told = (photo.id, photo.storage_key, photo.placeholder)
        found.setdefault(photo.review_id, []).append(told)
    return {each: _photos(photos, names.get(each, "")) for each, photos in found.items()}


def sums_of(product_ids: Sequence[int] | None = None) -> dict[int, tuple[int, int]]:
    """Return the sum and the number of stars of some products, or of all, hidden reviews aside."""
    statement = select(Review.product_id, func.sum(Review.rating), func.count()).where(
        Review.hidden_at.is_(None)
    )
    if product_ids is not None:
        statement = statement.where(Review.product_id.in_(product_ids))
    rows = db.session.execute(statement.group_by(Review.product_id)).all()
    return {product_id: (int(stars), count) for product_id, stars, count in rows}


def _asked_before(after: Cursor) -> ColumnElement[bool]:
    return or_(
        Question.asked_at < after.at,
        (Question.asked_at == after.at) & (Question.id < after.id),
    )


def _cards(rows: Sequence[tuple[Review, str]], name: str, reader: Reader) -> tuple[ReviewCard, ...]:
    ids = [review.id for review, _ in rows]
    photos = list_photos(ids, names=dict.fromkeys(ids, name))
    return tuple(
        _card(review, writer, photos.get(review.id, ()), reader) for review, writer in rows
    )


def _photos(rows: Iterable[Sequence[Any]], name: str) -> tuple[Photo, ...]:
    return tuple(
        Photo(id=row[0], key=row[1], placeholder=row[2], alt=f"{name} 후기 사진 {place}".strip())
        for place, row in enumerate(rows, start=1)
    )


def _card(review: Review, writer: str, photos: tuple[Photo, ...], reader: Reader) -> ReviewCard:
    return ReviewCard(
        id=review.id,
        writer=masking.name(writer),
        rating=review.rating,
        body=review.body,
        created_at=review.created_at,
        reply=review.reply,
        photos=photos,
        is_own=review.person_id == reader.person_id,
    )


def _question(question: Question, name: str, reader: Reader) -> QuestionCard:
    is_own = reader.person_id is not None and question.person_id == reader.person_id
    readable = not question.is_secret or is_own or reader.reads_secrets
    return QuestionCard(
        id=question.id,
        writer=masking.name(name),
        body=question.body if readable else HIDDEN_WORDS,
        asked_at=question.asked_at,
        answer=question.answer if readable else None,
        is_secret=question.is_secret,
        is_readable=readable,
        is_own=is_own,
        is_answered=question.answer is not None,
    )
