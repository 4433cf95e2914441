"""Order tasks: asking carriers, reminding of what should have left, and confirming in the end."""

from __future__ import annotations

import logging
from functools import partial

from marketplace.checkout import confirmation
from marketplace.core import clock, outbox
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import in_transaction, transaction
from marketplace.orders import delays, tracking
from marketplace.orders.tracking import Parcel, Tracker
from workers.app import job, settings

_log = logging.getLogger(__name__)


@job("orders.track", phased=True)
def track() -> None:
    """Ask carriers about parcels under way, each outside of any transaction."""
    tracker = tracking.tracker_of(settings)
    if tracker is None:
        return
    with transaction():
        parcels = tracking.list_travelling(at=clock.now())
    for parcel in parcels:
        _look(tracker, parcel)


@job("orders.confirm_overdue", phased=True)
def confirm_overdue() -> None:
    """Confirm what nobody objected to in time, each order in its own transaction."""
    at, days = clock.now(), settings.auto_confirm_days
    with transaction():
        due = confirmation.list_due(days=days, at=at)
    for order_id in due:
        in_transaction(partial(confirmation.confirm_overdue, order_id=order_id, days=days, at=at))


@job("orders.remind_overdue")
def remind_overdue() -> None:
    """Tell enterprises once a day how many bundles should have left."""
    day = day_in_seoul(clock.now())
    for late in delays.list_overdue(on=day):
        for person_id in late.person_ids:
            outbox.enqueue(
                "notifications.deliver",
                {
                    "kind": "ship_overdue",
                    "enterprise_id": late.enterprise_id,
                    "person_id": person_id,
                    "on": day.isoformat(),
                },
                key=f"ship_overdue:{late.enterprise_id}:{person_id}:{day}",
            )


def _look(tracker: Tracker, parcel: Parcel) -> None:
    try:
        sighting = tracker.look(parcel, at=clock.now())
    except tracking.TrackingUnavailable:
        _log.info("shipment %s: its carrier does not answer", parcel.shipment_id)
        in_transaction(lambda: tracking.note_unanswered(parcel, at=clock.now()))
    else:
        in_transaction(lambda: tracking.record(parcel, sighting, at=clock.now()))
