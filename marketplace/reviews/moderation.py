"""Reports of reviews, and what the office decides: hidden with a reason, or kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select

from marketplace.accounts.models import Person
from marketplace.audit import trail
from marketplace.catalog.models import Product
from marketplace.core import masking, outbox
from marketplace.core.db import db
from marketplace.core.errors import Conflict, InvalidInput
from marketplace.reviews import writing
from marketplace.reviews.models import Review, ReviewReport
from marketplace.reviews.queries import Photo, list_photos
from marketplace.reviews.writing import ReviewMissing

PAGE: Final = 30
LONGEST_REASON: Final = 300


class ReasonInvalid(InvalidInput):
    """Whoever reports or hides says why."""

    message = "까닭을 2자 이상 300자까지 적어 주세요."
    field = "reason"


class AlreadyReported(Conflict):
    """One report per person is enough."""

    message = "이미 신고하신 후기입니다. 운영자가 확인하고 있습니다."


class OwnReview(Conflict):
    """Nobody reports themselves."""

    message = "직접 쓰신 후기는 내 후기에서 지울 수 있습니다."


class NothingToDecide(Conflict):
    """Somebody else was faster."""

    message = "이미 처리된 후기입니다."


@dataclass(frozen=True, kw_only=True)
class Reported:
    """One review with what people say against it."""

    id: int
    product_id: int
    product_name: str
    writer: str
    rating: int
    body: str
    created_at: datetime
    hidden_at: datetime | None
    hidden_reason: str | None
    photos: tuple[Photo, ...]
    reasons: tuple[tuple[str, datetime], ...]


def report(*, review_id: int, person_id: int, reason: str, at: datetime) -> int:
    """
    Say that a review should not be there; return the product it is about.

    :raises ReviewMissing, OwnReview, AlreadyReported, ReasonInvalid:
    """
    review = _locked(review_id)
    if review.hidden_at is not None:
        raise ReviewMissing
    if review.person_id == person_id:
        raise OwnReview
    already = select(ReviewReport.id).where(
        ReviewReport.review_id == review_id, ReviewReport.person_id == person_id
    )
    if db.session.scalar(already) is not None:
        raise AlreadyReported
    db.session.add(
        ReviewReport(
            review_id=review_id, person_id=person_id, reason=_reason(reason), reported_at=at
        )
    )
    return review.product_id


def hide(*, review_id: int, reason: str, by: int, at: datetime, ip: str | None) -> None:
    """
    Hide a review, tell its writer and those who reported it.

    :raises ReviewMissing, NothingToDecide, ReasonInvalid:
    """
    review = _locked(review_id)
    if review.hidden_at is not None:
        raise NothingToDecide
    review.hidden_at, review.hidden_reason = at, _reason(reason)
    _decide_reports(review_id, is_upheld=True, answer=review.hidden_reason, by=by, at=at)
    writing.rate(review.product_id)
    outbox.enqueue(
        "notifications.deliver",
        {"kind": "review_hidden", "review_id": review_id},
        key=f"review_hidden:{review_id}:{at.isoformat()}",
    )
    _record("review.hidden", review_id, by=by, ip=ip, reason=review.hidden_reason)


def keep(*, review_id: int, answer: str, by: int, at: datetime, ip: str | None) -> None:
    """
    Keep a reported review, or show a hidden one again.

    :raises ReviewMissing, NothingToDecide, ReasonInvalid:
    """
    review = _locked(review_id)
    reason = _reason(answer)
    decided = _decide_reports(review_id, is_upheld=False, answer=reason, by=by, at=at)
    if not decided and review.hidden_at is None:
        raise NothingToDecide
    if review.hidden_at is not None:
        review.hidden_at = review.hidden_reason = None
        writing.rate(review.product_id)
    _record("review.kept", review_id, by=by, ip=ip, reason=reason)


def list_reported(*, before_id: int | None = None) -> list[Reported]:
    """List the reviews with open reports, newest first, in three queries."""
    opened = select(ReviewReport.review_id).where(ReviewReport.decided_at.is_(None))
    return _list(Review.id.in_(opened), before_id)


def list_hidden(*, before_id: int | None = None) -> list[Reported]:
    """List the hidden reviews, newest first, in three queries."""
    return _list(Review.hidden_at.is_not(None), before_id)


def count_open() -> int:
    """Count the reviews with open reports."""
    return (
        db.session.scalar(
            select(func.count(func.distinct(ReviewReport.review_id))).where(
                ReviewReport.decided_at.is_(None)
            )
        )
        or 0
    )


def _list(which: object, before_id: int | None) -> list[Reported]:
    statement = (
        select(Review, Product.name, Person.name)
        .join(Product, Product.id == Review.product_id)
        .join(Person, Person.id == Review.person_id)
        .where(which)  # type: ignore[arg-type]
    )
    if before_id is not None:
        statement = statement.where(Review.id < before_id)
    rows = db.session.execute(statement.order_by(Review.id.desc()).limit(PAGE)).all()
    ids = [row[0].id for row in rows]
    photos = list_photos(ids, names={row[0].id: row[1] for row in rows})
    reasons = _reasons(ids)
    return [
        Reported(
            id=review.id,
            product_id=review.product_id,
            product_name=product,
            writer=masking.name(writer),
            rating=review.rating,
            body=review.body,
            created_at=review.created_at,
            hidden_at=review.hidden_at,
            hidden_reason=review.hidden_reason,
            photos=photos.get(review.id, ()),
            reasons=tuple(reasons.get(review.id, ())),
        )
        for review, product, writer in rows
    ]


def _reasons(review_ids: list[int]) -> dict[int, list[tuple[str, datetime]]]:
    found: dict[int, list[tuple[str, datetime]]] = {}
    for row in db.session.execute(
        select(ReviewReport.review_id, ReviewReport.reason, ReviewReport.reported_at)
        .where(ReviewReport.review_id.in_(review_ids))
        .order_by(ReviewReport.id)
    ):
        found.setdefault(row.review_id, []).append((row.reason, row.reported_at))
    return found


def _decide_reports(review_id: int, *, is_upheld: bool, answer: str, by: int, at: datetime) -> int:
    reports = db.session.scalars(
        select(ReviewReport).where(
            ReviewReport.review_id == review_id, ReviewReport.decided_at.is_(None)
        )
    ).all()
    for each in reports:
        each.decided_at, each.decided_by = at, by
        each.is_upheld, each.answer = is_upheld, answer
        outbox.enqueue(
            "notifications.deliver",
            {"kind": "review_report_decided", "report_id": each.id},
            key=f"review_report_decided:{each.id}",
        )
    return len(reports)


def _locked(review_id: int) -> Review:
    review = db.session.get(Review, review_id, with_for_update=True)
    if review is None:
        raise ReviewMissing
    return review


def _reason(typed: str) -> str:
    clean = typed.strip()
    if not 2 <= len(clean) <= LONGEST_REASON:
        raise ReasonInvalid
    return clean


def _record(action: str, review_id: int, *, by: int, ip: str | None, reason: str) -> None:
    trail.record(
        action,
        subject_kind="review",
        subject_id=review_id,
        actor_id=by,
        details={"reason": reason},
        ip=ip,
    )
