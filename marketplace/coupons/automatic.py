"""Coupons that come by themselves: for joining, for a birthday, for a first order."""

from __future__ import annotations

import calendar
from datetime import datetime

from sqlalchemy import Select, extract, or_, select

from marketplace.accounts.models import Person, PersonStatus
from marketplace.core import outbox
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import db
from marketplace.core.errors import Conflict, NotFound
from marketplace.coupons import claims
from marketplace.coupons.models import (
    AutomaticTrigger,
    Campaign,
    CampaignStatus,
    ClaimSource,
    IssueMode,
)

__all__ = ["AutomaticTrigger", "give", "greet_birthdays"]


def give(*, trigger: AutomaticTrigger, person_id: int, at: datetime) -> int:
    """
    Give a person a coupon of every open campaign with this trigger; return how many are new.

    Safe to repeat. A campaign that is all taken or not for this person is passed over.
    """
    fresh = 0
    for campaign_id in db.session.scalars(_open(trigger, at)).all():
        try:
            claimed = claims.claim(
                campaign_id=campaign_id, person_id=person_id, at=at, source=ClaimSource.AUTOMATIC
            )
        except (Conflict, NotFound):
            continue
        fresh += claimed.fresh
    return fresh


def greet_birthdays(*, at: datetime) -> int:
    """Ask for the coupons of everybody whose birthday is today in Seoul; return how many."""
    if db.session.scalar(_open(AutomaticTrigger.BIRTHDAY, at).limit(1)) is None:
        return 0
    today = day_in_seoul(at)
    days = [(today.month, today.day)]
    # Who was born on 29 February is greeted on the 28th in other years.
    if days == [(2, 28)] and not calendar.isleap(today.year):
        days.append((2, 29))
    born = or_(
        *(
            (extract("month", Person.birth_on) == month) & (extract("day", Person.birth_on) == day)
            for month, day in days
        )
    )
    people = db.session.scalars(
        select(Person.id)
        .where(born, Person.status == PersonStatus.ACTIVE, Person.email_confirmed_at.is_not(None))
        .order_by(Person.id)
    ).all()
    for person_id in people:
        outbox.enqueue(
            "coupons.give_automatic",
            {"trigger": AutomaticTrigger.BIRTHDAY.value, "person_id": person_id},
            key=f"birthday:{person_id}:{today}",
        )
    return len(people)


def _open(trigger: AutomaticTrigger, at: datetime) -> Select[int]:
    return (
        select(Campaign.id)
        .where(
            Campaign.issue_mode == IssueMode.AUTOMATIC,
            Campaign.trigger == trigger,
            Campaign.status == CampaignStatus.RUNNING,
            Campaign.starts_at <= at,
            Campaign.ends_at > at,
        )
        .order_by(Campaign.id)
    )
