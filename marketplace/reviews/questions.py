"""Questions about products: asked by members, answered by the enterprise."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import ColumnElement, func, select

from marketplace.accounts.models import Person
from marketplace.catalog.models import Product, ProductStatus
from marketplace.core import calendar, masking, outbox
from marketplace.core.db import db
from marketplace.core.errors import Conflict, InvalidInput, NotFound
from marketplace.enterprises.models import Enterprise, EnterpriseStatus, Member, MemberRole
from marketplace.reviews.models import Question

SHORTEST: Final = 5
LONGEST: Final = 1_000
PAGE: Final = 20
# What the mall promises askers; late ones stand out at the desk.
ANSWERED_WITHIN_DAYS: Final = 2


class QuestionMissing(NotFound):
    """There is no such question, or it is none of this person's business."""

    message = "문의를 찾을 수 없습니다."


class ProductGone(NotFound):
    """Nobody can ask about what is not for sale."""

    message = "판매 중인 상품이 아닙니다."


class BodyInvalid(InvalidInput):
    """A question says something, and not a book."""

    message = "문의는 5자 이상 1,000자까지 쓸 수 있습니다."
    field = "body"


class AnswerInvalid(InvalidInput):
    """An answer says something."""

    message = "답변은 1,000자까지 쓸 수 있습니다. 내용을 적어 주세요."
    field = "answer"


class AlreadyAnswered(Conflict):
    """An answered question stays beside its answer."""

    message = "답변이 달린 문의는 지울 수 없습니다."


@dataclass(frozen=True, kw_only=True)
class ToAnswer:
    """One question as the enterprise sees it: secret or not, with its day of promise."""

    id: int
    product_id: int
    product_name: str
    writer: str
    body: str
    is_secret: bool
    asked_at: datetime
    due_on: date
    answer: str | None
    answered_at: datetime | None


def ask(*, product_id: int, person_id: int, body: str, is_secret: bool, at: datetime) -> int:
    """
    Ask about a product on sale; the enterprise's people are told.

    :raises ProductGone, BodyInvalid:
    """
    clean = body.strip()
    if not SHORTEST <= len(clean) <= LONGEST:
        raise BodyInvalid
    enterprise_id = db.session.scalar(
        select(Product.enterprise_id)
        .join(Enterprise, Enterprise.id == Product.enterprise_id)
        .where(
            Product.id == product_id,
            Product.status == ProductStatus.ON_SALE,
            Enterprise.status == EnterpriseStatus.ACTIVE,
        )
    )
    if enterprise_id is None:
        raise ProductGone
    question = Question(
        product_id=product_id, person_id=person_id, body=clean, is_secret=is_secret, asked_at=at
    )
    db.session.add(question)
    db.session.flush()
    for member_id in list_desk_people(enterprise_id):
        outbox.enqueue(
            "notifications.deliver",
            {"kind": "question_asked", "question_id": question.id, "person_id": member_id},
            key=f"question_asked:{question.id}:{member_id}",
        )
    return question.id


def take_back(*, question_id: int, person_id: int) -> int:
    """
    Delete one's own unanswered question; return the product it was about.

    :raises QuestionMissing, AlreadyAnswered:
    """
    question = db.session.scalars(
        select(Question)
        .where(Question.id == question_id, Question.person_id == person_id)
        .with_for_update()
    ).one_or_none()
    if question is None:
        raise QuestionMissing
    if question.answer is not None:
        raise AlreadyAnswered
    db.session.delete(question)
    return question.product_id


def answer(*, question_id: int, enterprise_id: int, text: str, by: int, at: datetime) -> None:
    """
    Answer a question, or change the answer; the asker is told of the first one.

    :raises QuestionMissing, AnswerInvalid:
    """
    question = db.session.scalars(
        select(Question)
        .join(Product, Product.id == Question.product_id)
        .where(Question.id == question_id, Product.enterprise_id == enterprise_id)
        .with_for_update(of=Question)
    ).one_or_none()
    if question is None:
        raise QuestionMissing
    clean = text.strip()
    if not 1 <= len(clean) <= LONGEST:
        raise AnswerInvalid
    is_first = question.answer is None
    question.answer, question.answered_at, question.answered_by = clean, at, by
    if is_first:
        outbox.enqueue(
            "notifications.deliver",
            {"kind": "question_answered", "question_id": question_id},
            key=f"question_answered:{question_id}",
        )


def list_unanswered(enterprise_id: int, *, after_id: int = 0) -> list[ToAnswer]:
    """List what waits for an enterprise's answer, longest waiting first, in one query."""
    return _list(
        enterprise_id, Question.answer.is_(None) & (Question.id > after_id), Question.id.asc()
    )


def list_answered(enterprise_id: int, *, before_id: int | None = None) -> list[ToAnswer]:
    """List what an enterprise answered, newest first, in one query."""
    which: ColumnElement[bool] = Question.answer.is_not(None)
    if before_id is not None:
        which = which & (Question.id < before_id)
    return _list(enterprise_id, which, Question.id.desc())


def count_unanswered(enterprise_id: int) -> int:
    """Count what waits for an enterprise's answer."""
    return (
        db.session.scalar(
            select(func.count())
            .select_from(Question)
            .join(Product, Product.id == Question.product_id)
            .where(Product.enterprise_id == enterprise_id, Question.answer.is_(None))
        )
        or 0
    )


def list_desk_people(enterprise_id: int) -> list[int]:
    """List the owners and the staff of an enterprise, who are told what waits at its desk."""
    return list(
        db.session.scalars(
            select(Member.person_id)
            .where(
                Member.enterprise_id == enterprise_id,
                Member.role.in_((MemberRole.OWNER, MemberRole.STAFF)),
                Member.revoked_at.is_(None),
            )
            .order_by(Member.person_id)
        )
    )


def _list(
    enterprise_id: int, which: ColumnElement[bool], order: ColumnElement[int]
) -> list[ToAnswer]:
    rows = db.session.execute(
        select(Question, Product.name, Person.name)
        .join(Product, Product.id == Question.product_id)
        .join(Person, Person.id == Question.person_id)
        .where(Product.enterprise_id == enterprise_id, which)
        .order_by(order)
        .limit(PAGE)
    )
    return [
        ToAnswer(
            id=question.id,
            product_id=question.product_id,
            product_name=product,
            writer=masking.name(writer),
            body=question.body,
            is_secret=question.is_secret,
            asked_at=question.asked_at,
            due_on=due_on(question.asked_at),
            answer=question.answer,
            answered_at=question.answered_at,
        )
        for question, product, writer in rows
    ]


def due_on(asked_at: datetime) -> date:
    """Return the business day by which a question should be answered."""
    return calendar.add_business_days(calendar.day_in_seoul(asked_at), ANSWERED_WITHIN_DAYS)
