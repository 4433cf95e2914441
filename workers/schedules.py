"""What runs when. Due moments are rows, so that two tickers start each of them once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from marketplace.core import outbox
from marketplace.core.calendar import SEOUL


@dataclass(frozen=True)
class Schedule:
    """A job kind that starts every so often, counted from midnight in Seoul."""

    kind: str
    every: timedelta

    def due_at(self, at: datetime) -> datetime:
        """Return the last due moment not after `at`."""
        midnight = at.astimezone(SEOUL).replace(hour=0, minute=0, second=0, microsecond=0)
        passed = (at - midnight) // self.every
        return (midnight + passed * self.every).astimezone(at.tzinfo)


SCHEDULES: Final = (
    Schedule("checkout.expire_unpaid", timedelta(minutes=1)),
    Schedule("catalog.run_price_plans", timedelta(minutes=1)),
    Schedule("catalog.watch_stock", timedelta(minutes=1)),
    Schedule("checkout.reconcile", timedelta(minutes=5)),
    Schedule("orders.track", timedelta(minutes=30)),
    # Objecting ends with a day in Seoul; a round an hour takes what one round leaves.
    Schedule("orders.confirm_overdue", timedelta(hours=1)),
    Schedule("orders.remind_overdue", timedelta(days=1)),
    Schedule("coupons.expire", timedelta(minutes=10)),
    Schedule("coupons.serve_waiting", timedelta(minutes=10)),
    Schedule("coupons.greet_birthdays", timedelta(days=1)),
    Schedule("coupons.announce_expiring", timedelta(days=1)),
    Schedule("claims.watch", timedelta(hours=1)),
    Schedule("reporting.watch_fraud", timedelta(minutes=10)),
    Schedule("reporting.check_books", timedelta(hours=1)),
    Schedule("enterprises.remind_designations", timedelta(days=1)),
    # Designations end with the day: their badges and filters must go with them.
    Schedule("search.reindex_all", timedelta(days=1)),
    Schedule("counter.forget_tokens", timedelta(hours=1)),
    Schedule("upkeep.sweep", timedelta(hours=1)),
)


def start_due(at: datetime) -> Iterator[str]:
    """Enqueue every schedule whose moment has come and was not started; yield their kinds."""
    for schedule in SCHEDULES:
        due_at = schedule.due_at(at)
        if outbox.claim_due_moment(schedule.kind, due_at=due_at):
            outbox.enqueue(schedule.kind, {}, key=f"{schedule.kind}@{due_at.isoformat()}")
            yield schedule.kind
