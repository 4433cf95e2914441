"""Ask for a notice about every coupon that will expire soon: once per coupon, by day."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Final

from sqlalchemy import select

from marketplace.accounts.models import Person, PersonStatus
from marketplace.core import outbox
from marketplace.core.calendar import SEOUL, day_in_seoul
from marketplace.core.db import db
from marketplace.coupons.models import Coupon, CouponState

AHEAD: Final = timedelta(days=3)
# People read at noon, and it is far from the night that advertising keeps quiet in.
_NOON: Final = time(12)


def announce(*, at: datetime) -> int:
    """
    Ask for the notices of coupons that expire within three days; return how many there are.

    Whoever was told of a coupon is not told again: the notice's key is the coupon.
    """
    due = db.session.scalars(
        select(Coupon.id)
        .join(Person, Person.id == Coupon.person_id)
        .where(
            Coupon.state == CouponState.CLAIMED,
            Coupon.expires_at > at,
            Coupon.expires_at <= at + AHEAD,
            Person.status == PersonStatus.ACTIVE,
        )
        .order_by(Coupon.expires_at, Coupon.id)
    ).all()
    for coupon_id in due:
        outbox.enqueue(
            "notifications.deliver",
            {"kind": "coupon_expiring", "coupon_id": coupon_id},
            key=f"coupon_expiring:{coupon_id}",
            run_after=_noon_or_now(at),
        )
    return len(due)


def _noon_or_now(at: datetime) -> datetime:
    noon = datetime.combine(day_in_seoul(at), _NOON, SEOUL)
    return max(noon, at)
