"""Reviews and questions of a product."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Integer, bindparam, func, select

from marketplace.accounts.models import Person
from marketplace.core import masking
from marketplace.core.db import db
from marketplace.reviews.models import Question, Review


@dataclass(frozen=True)
class ReviewCard:
    """One review with its writer masked."""

    id: int
    writer: str
    rating: int
    body: str
    created_at: datetime


@dataclass(frozen=True)
class QuestionCard:
    """One question; a secret one shows only that it was asked."""

    id: int
    writer: str
    body: str
    asked_at: datetime
    answer: str | None
    is_secret: bool


@dataclass(frozen=True)
class Told:
    """What buyers say of a product: counts, the mean in tenths of a star, and the newest."""

    review_count: int
    rating_tenths: int | None
    reviews: tuple[ReviewCard, ...]
    question_count: int
    questions: tuple[QuestionCard, ...]


# Built once: building a statement costs as much as running it.
_REVIEWS: Final = (
    select(
        Review,
        Person.name,
        func.count().over().label("total"),
        func.sum(Review.rating).over().label("stars"),
    )
    .join(Person, Person.id == Review.person_id)
    .where(Review.product_id == bindparam("product"), Review.hidden_at.is_(None))
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


def summary_of(product_id: int, *, limit: int = 10) -> Told:
    """Return the newest reviews and questions of a product in two queries."""
    asked = {"product": product_id, "most": limit}
    reviews = db.session.execute(_REVIEWS, asked).all()
    questions = db.session.execute(_QUESTIONS, asked).all()
    count = reviews[0].total if reviews else 0
    return Told(
        review_count=count,
        rating_tenths=(int(reviews[0].stars) * 20 + count) // (count * 2) if count else None,
        reviews=tuple(_review(row.Review, row.name) for row in reviews),
        question_count=questions[0].total if questions else 0,
        questions=tuple(_question(row.Question, row.name) for row in questions),
    )


def _review(review: Review, name: str) -> ReviewCard:
    return ReviewCard(review.id, masking.name(name), review.rating, review.body, review.created_at)


def _question(question: Question, name: str) -> QuestionCard:
    return QuestionCard(
        id=question.id,
        writer=masking.name(name),
        body="비밀글입니다." if question.is_secret else question.body,
        asked_at=question.asked_at,
        answer=None if question.is_secret else question.answer,
        is_secret=question.is_secret,
    )
