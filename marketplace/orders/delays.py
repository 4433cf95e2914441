"""The day goods must have left by, what buyers hear when it cannot be kept, and who is late."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final

from sqlalchemy import ColumnElement, and_, func, or_, select, text

from marketplace.core import outbox
from marketplace.core.calendar import add_business_days, day_in_seoul
from marketplace.core.db import db
from marketplace.core.errors import Conflict, InvalidInput
from marketplace.enterprises.models import Member, MemberRole
from marketplace.orders import lifecycle, status
from marketplace.orders.models import Bundle, Line, LineStatus
from marketplace.orders.ownership import get_bundle

# 전자상거래법 §15: goods leave within three business days after they are paid.
SHIP_WITHIN: Final = 3
# The longest that a product may take (product.lead_days).
_LONGEST: Final = 60
_LATEST_PROMISE: Final = timedelta(days=60)
UNSENT: Final = (LineStatus.PAID, LineStatus.PREPARING)

_PROMISE: Final = text(
    """
UPDATE bundle SET ship_by = (CAST(:days AS date[]))[greatest(:usual, slowest.lead_days)]
  FROM (SELECT l.bundle_id, max(p.lead_days) AS lead_days
          FROM order_line l JOIN product p ON p.id = l.product_id
         WHERE l.order_id = :order GROUP BY l.bundle_id) slowest
 WHERE bundle.id = slowest.bundle_id
"""
)


class NothingToSend(Conflict):
    """Everything has left or ended."""

    message = "아직 보내지 않은 상품이 없습니다."


class DayUnfit(InvalidInput):
    """The new day is no later one, or too far away."""

    message = "새 발송 예정일은 {first} 다음 날부터 {last}까지 고를 수 있습니다."
    field = "until"


class ReasonMissing(InvalidInput):
    """A buyer may know why."""

    message = "늦어지는 이유를 구매자가 알 수 있게 적어 주세요."
    field = "reason"


@dataclass(frozen=True)
class Overdue:
    """How many bundles of one enterprise should have left."""

    enterprise_id: int
    bundles: int
    # Who can do something about it.
    person_ids: tuple[int, ...]


def promise(*, order_id: int, at: datetime) -> None:
    """Set the day each bundle of a paid order must have left by, in one statement."""
    db.session.execute(
        _PROMISE,
        {"order": order_id, "usual": SHIP_WITHIN, "days": list(_days_after(day_in_seoul(at)))},
    )


def tell(
    *,
    bundle_id: int,
    enterprise_ids: Collection[int],
    until: date | None,
    reason: str,
    actor: str,
    at: datetime,
    ip: str | None = None,
) -> None:
    """
    Tell the buyer of a bundle by when and why it leaves later.

    :raises BundleNotFound, NothingToSend, DayUnfit, ReasonMissing:
    """
    owned = get_bundle(bundle_id, enterprise_ids=enterprise_ids)
    lifecycle.lock(owned.order_id)
    bundle = db.session.get_one(Bundle, bundle_id, populate_existing=True)
    line_ids = db.session.scalars(
        select(Line.id)
        .where(Line.bundle_id == bundle_id, Line.status.in_(UNSENT))
        .order_by(Line.id)
    ).all()
    if not line_ids:
        raise NothingToSend
    today = day_in_seoul(at)
    first = max(filter(None, (today, bundle.ship_by, bundle.delayed_until)))
    last = today + _LATEST_PROMISE
    if until is None or not first < until <= last:
        raise DayUnfit(first=first, last=last)
    why = " ".join(reason.split())[:200]
    if not why:
        raise ReasonMissing
    bundle.delayed_until, bundle.delay_reason, bundle.delay_told_at = until, why, at
    db.session.flush()
    status.note(
        line_ids=line_ids, actor=actor, note=f"발송 지연 안내: {until} · {why}", at=at, ip=ip
    )
    outbox.enqueue(
        "notifications.deliver",
        {"kind": "shipping_delayed", "bundle_id": bundle_id},
        key=f"shipping_delayed:{bundle_id}:{until}",
    )


def list_overdue(*, on: date) -> Sequence[Overdue]:
    """Return the enterprises with bundles that should have left before a day, and their people."""
    people = (
        select(func.array_agg(Member.person_id.distinct()))
        .where(
            Member.enterprise_id == Bundle.enterprise_id,
            Member.revoked_at.is_(None),
            Member.role.in_([MemberRole.OWNER, MemberRole.STAFF]),
        )
        .correlate(Bundle)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(Bundle.enterprise_id, func.count(Bundle.id.distinct()), people)
        .join(Line, Line.bundle_id == Bundle.id)
        .where(_is_late(on))
        .group_by(Bundle.enterprise_id)
        .order_by(Bundle.enterprise_id)
    )
    return [Overdue(enterprise, bundles, tuple(found or ())) for enterprise, bundles, found in rows]


def count_overdue(enterprise_id: int, *, on: date) -> int:
    """Return how many bundles of an enterprise should have left before a day."""
    late = (
        select(func.count(Bundle.id.distinct()))
        .join(Line, Line.bundle_id == Bundle.id)
        .where(Bundle.enterprise_id == enterprise_id, _is_late(on))
    )
    return db.session.scalar(late) or 0


def _is_late(on: date) -> ColumnElement[bool]:
    # Written out and not as an array: the partial index is found by these very words.
    unsent = or_(*(Line.status == state for state in UNSENT))
    return and_(unsent, func.coalesce(Bundle.delayed_until, Bundle.ship_by) < on)


@lru_cache(maxsize=8)
def _days_after(day: date) -> tuple[date, ...]:
    days = [add_business_days(day, 1)]
    while len(days) < _LONGEST:
        days.append(add_business_days(days[-1], 1))
    return tuple(days)
