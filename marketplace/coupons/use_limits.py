"""How often one person may use coupons of a campaign per day and per month, counted in Seoul."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Final

from sqlalchemy import and_, func, or_, select

from marketplace.core.calendar import SEOUL, day_in_seoul
from marketplace.core.db import db
from marketplace.coupons.models import (
    Campaign,
    CampaignVersion,
    Coupon,
    Redemption,
    RedemptionState,
)
from marketplace.coupons.refusals import LimitDay, LimitPerson

LIVE: Final = or_(
    Redemption.state == RedemptionState.HELD,
    and_(
        Redemption.state == RedemptionState.REDEEMED,
        Redemption.reversed_amount < Redemption.amount,
    ),
)


def refuse_unless_within(
    *,
    version_id: int,
    campaign_id: int,
    person_id: int | None,
    per_day: int | None,
    per_month: int | None,
    at: datetime,
) -> None:
    """
    Refuse one more use of a campaign by a person who had as many as a day or a month allows.

    A use counts on the day it was held. Called with every coupon of the use locked, in the
    transaction that writes the use. Paper coupons spent by nobody known have no such limit.

    :raises LimitDay, LimitPerson:
    """
    if person_id is None or (per_day is None and per_month is None):
        return
    _wait_for_other_uses_of(person_id)
    day, month = day_of(at), month_of(at)
    used_at = db.session.scalars(
        select(Redemption.held_at)
        .join(Coupon, Coupon.id == Redemption.coupon_id)
        .where(
            Coupon.person_id == person_id,
            Coupon.campaign_id == campaign_id,
            Redemption.held_at >= month[0],
            Redemption.held_at < month[1],
            LIVE,
        )
    ).all()
    today = sum(day[0] <= each < day[1] for each in used_at)
    if per_day is not None and today >= per_day:
        raise LimitDay(name=_name(version_id), limit=per_day)
    if per_month is not None and len(used_at) >= per_month:
        raise LimitPerson(name=_name(version_id), limit=per_month)


def day_of(at: datetime) -> tuple[datetime, datetime]:
    """Return the start and the end of the day in Seoul that holds a moment."""
    today = day_in_seoul(at)
    return _midnight(today), _midnight(date.fromordinal(today.toordinal() + 1))


def month_of(at: datetime) -> tuple[datetime, datetime]:
    """Return the start and the end of the month in Seoul that holds a moment."""
    first = day_in_seoul(at).replace(day=1)
    # Every month ends within 31 days, and none ends twice within them.
    next_first = date.fromordinal(first.toordinal() + 31).replace(day=1)
    return _midnight(first), _midnight(next_first)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SEOUL).astimezone(UTC)


def _wait_for_other_uses_of(person_id: int) -> None:
    """
    Let the limited uses of one person go one after the other until the transaction ends.

    Uses of two different coupons share no row, so each would count without the other. The lock
    is the person's, not one per campaign, and comes after all locks on coupons, which are taken
    in order of id: whoever waits here holds nothing that the one ahead will still ask for. It is
    a statement of its own because a count sees only what was committed before it began.
    """
    key = func.hashtextextended(f"coupon_use:{person_id}", 0)
    db.session.execute(select(func.pg_advisory_xact_lock(key)))


def _name(version_id: int) -> str:
    return db.session.scalars(
        select(Campaign.name)
        .join(CampaignVersion, CampaignVersion.campaign_id == Campaign.id)
        .where(CampaignVersion.id == version_id)
    ).one()
