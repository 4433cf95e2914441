"""Where parcels are: the port to whoever knows, and what becomes of the answers."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from sqlalchemy import select

from marketplace.core.db import db
from marketplace.core.settings import Settings
from marketplace.orders import fulfilment, lifecycle
from marketplace.orders.models import Bundle
from marketplace.orders.shipment_models import Shipment, ShipmentMethod

CARRIER: Final = "carrier"
_ASK_AGAIN: Final = timedelta(minutes=25)
# Nobody waits for a parcel of two months ago; its enterprise or the buyer says what became of it.
_GIVEN_UP: Final = timedelta(days=60)
_ROUND: Final = 200


class Event(StrEnum):
    """What carriers say of a parcel (korea.md §1.4)."""

    INFORMATION_RECEIVED = "information_received"
    AT_PICKUP = "at_pickup"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    ATTEMPT_FAIL = "attempt_fail"
    DELIVERED = "delivered"
    AVAILABLE_FOR_PICKUP = "available_for_pickup"
    EXCEPTION = "exception"
    UNKNOWN = "unknown"


EVENT_NAMES: Final = {
    Event.INFORMATION_RECEIVED: "운송장 접수",
    Event.AT_PICKUP: "상품 인수",
    Event.IN_TRANSIT: "이동 중",
    Event.OUT_FOR_DELIVERY: "배달 출발",
    Event.ATTEMPT_FAIL: "배달하지 못함",
    Event.DELIVERED: "배달 완료",
    Event.AVAILABLE_FOR_PICKUP: "찾아갈 수 있음",
    Event.EXCEPTION: "배송에 문제 있음",
    Event.UNKNOWN: "아직 조회되지 않음",
}


class TrackingUnavailable(Exception):
    """The carrier does not answer now."""


@dataclass(frozen=True)
class Parcel:
    """A parcel to ask about."""

    shipment_id: int
    carrier_code: str
    waybill: str
    shipped_at: datetime


@dataclass(frozen=True)
class Sighting:
    """The last a carrier knows of a parcel; `at` when it happened there."""

    event: Event
    at: datetime | None = None


class Tracker(Protocol):
    """Whoever knows where parcels are."""

    def look(self, parcel: Parcel, *, at: datetime) -> Sighting:
        """
        Return the last that is known; an unknown number is Event.UNKNOWN.

        :raises TrackingUnavailable:
        """


class LocalTracker:
    """The carriers of the demo district: each parcel's journey follows from its number alone."""

    def look(self, parcel: Parcel, *, at: datetime) -> Sighting:
        """Return how far a parcel has come; every journey takes 18 to 41 hours."""
        number = f"{parcel.carrier_code}/{parcel.waybill}".encode()
        hours = 18 + int(hashlib.sha256(number).hexdigest()[:8], 16) % 24
        arrives_at = parcel.shipped_at + timedelta(hours=hours)
        stops = (
            (parcel.shipped_at + timedelta(hours=1), Event.AT_PICKUP),
            (parcel.shipped_at + timedelta(hours=6), Event.IN_TRANSIT),
            (arrives_at - timedelta(hours=3), Event.OUT_FOR_DELIVERY),
            (arrives_at, Event.DELIVERED),
        )
        passed = [Sighting(event, when) for when, event in stops if when <= at]
        return passed[-1] if passed else Sighting(Event.INFORMATION_RECEIVED, parcel.shipped_at)


def tracker_of(settings: Settings) -> Tracker | None:
    """Return who knows, or None where no carrier is connected and enterprises say so themselves."""
    return LocalTracker() if settings.demo else None


def list_travelling(*, at: datetime, limit: int = _ROUND) -> Sequence[Parcel]:
    """Return parcels under way that nobody asked about for a while, the longest first."""
    rows = db.session.execute(
        select(Shipment.id, Shipment.carrier_code, Shipment.waybill, Shipment.shipped_at)
        .where(
            Shipment.delivered_at.is_(None),
            Shipment.method == ShipmentMethod.PARCEL,
            Shipment.shipped_at > at - _GIVEN_UP,
            Shipment.tracked_at.is_(None) | (Shipment.tracked_at < at - _ASK_AGAIN),
        )
        .order_by(Shipment.tracked_at.asc().nulls_first(), Shipment.id)
        .limit(limit)
    )
    return [
        Parcel(shipment_id, carrier or "", waybill or "", shipped_at)
        for shipment_id, carrier, waybill, shipped_at in rows
    ]


def record(parcel: Parcel, sighting: Sighting, *, at: datetime) -> None:
    """Note what a carrier said; a parcel it delivered takes its lines along."""
    order_id = db.session.scalars(
        select(Bundle.order_id)
        .join(Shipment, Shipment.bundle_id == Bundle.id)
        .where(Shipment.id == parcel.shipment_id)
    ).one()
    lifecycle.lock(order_id)
    shipment = db.session.get_one(Shipment, parcel.shipment_id, populate_existing=True)
    # Its enterprise may have corrected the number while the carrier was asked.
    if (shipment.carrier_code, shipment.waybill) != (parcel.carrier_code, parcel.waybill):
        return
    shipment.tracked_at = at
    shipment.last_event = EVENT_NAMES[sighting.event]
    db.session.flush()
    if sighting.event is Event.DELIVERED:
        # A carrier's clock may run ahead of ours, or behind the parcel's own leaving.
        arrived_at = min(max(sighting.at or at, shipment.shipped_at), at)
        fulfilment.arrive(shipment_id=shipment.id, actor=CARRIER, at=arrived_at)


def note_unanswered(parcel: Parcel, *, at: datetime) -> None:
    """Note that a carrier did not answer, so that others are asked about first."""
    shipment = db.session.get_one(Shipment, parcel.shipment_id, with_for_update=True)
    shipment.tracked_at = at
