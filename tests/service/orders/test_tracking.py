"""Asking carriers, and what becomes of their answers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from marketplace.core.db import transaction
from marketplace.orders import fulfilment, tracking
from marketplace.orders.models import LineStatus
from marketplace.orders.tracking import Event, LocalTracker, Sighting
from tests import make

pytestmark = pytest.mark.usefixtures("isolated")

SOON = make.NOW + timedelta(minutes=30)
LATER = make.NOW + timedelta(days=3)


class TestLocalTracker:
    def test_moves_a_parcel_on_and_never_back(self) -> None:
        make.shipped(make.paid_order({make.sellable(): 1}))
        (parcel,) = tracking.list_travelling(at=SOON)

        seen = [
            LocalTracker().look(parcel, at=make.NOW + timedelta(hours=hours)).event
            for hours in range(48)
        ]

        assert seen[0] is Event.INFORMATION_RECEIVED
        assert seen[-1] is Event.DELIVERED
        order = list(dict.fromkeys(seen))
        assert seen == sorted(seen, key=order.index)


class TestListTravelling:
    def test_asks_those_first_that_nobody_asked_about(self) -> None:
        first, second = (make.shipped(make.paid_order({make.sellable(): 1})) for _ in range(2))
        parcel = next(one for one in tracking.list_travelling(at=SOON) if one.shipment_id == first)
        with transaction():
            tracking.note_unanswered(parcel, at=SOON)

        assert [one.shipment_id for one in tracking.list_travelling(at=SOON)] == [second]
        again = tracking.list_travelling(at=SOON + timedelta(minutes=26))
        assert [one.shipment_id for one in again] == [second, first]

    def test_leaves_out_what_arrived_and_what_nobody_waits_for(self) -> None:
        make.delivered(make.paid_order({make.sellable(): 1}))
        make.shipped(make.paid_order({make.sellable(): 1}))

        assert len(tracking.list_travelling(at=SOON)) == 1
        assert tracking.list_travelling(at=make.NOW + timedelta(days=61)) == []


class TestRecord:
    def test_lets_lines_arrive_when_the_carrier_brought_them(self) -> None:
        placed = make.paid_order({make.sellable(): 1})
        make.shipped(placed)
        (parcel,) = tracking.list_travelling(at=SOON)

        record(parcel, Sighting(Event.DELIVERED, make.NOW + timedelta(days=2)))

        bundle = make.bundle_of(placed)
        assert bundle.lines[0].status is LineStatus.DELIVERED
        assert bundle.shipments[0].delivered_at == make.NOW + timedelta(days=2)
        assert bundle.shipments[0].last_event == "배달 완료"

    def test_changes_nothing_when_told_twice(self) -> None:
        placed = make.paid_order({make.sellable(): 1})
        make.shipped(placed)
        (parcel,) = tracking.list_travelling(at=SOON)

        for _ in range(2):
            record(parcel, Sighting(Event.DELIVERED, LATER))

        assert make.bundle_of(placed).lines[0].status is LineStatus.DELIVERED

    def test_believes_no_clock_that_runs_ahead_or_behind(self) -> None:
        ahead, behind = (make.paid_order({make.sellable(): 1}) for _ in range(2))
        make.shipped(ahead)
        make.shipped(behind)
        first, second = tracking.list_travelling(at=SOON)

        record(first, Sighting(Event.DELIVERED, LATER + timedelta(days=9)))
        record(second, Sighting(Event.DELIVERED, make.NOW - timedelta(days=9)))

        assert make.bundle_of(ahead).shipments[0].delivered_at == LATER
        assert make.bundle_of(behind).shipments[0].delivered_at == make.NOW

    @pytest.mark.parametrize("event", [Event.UNKNOWN, Event.EXCEPTION, Event.ATTEMPT_FAIL])
    def test_only_notes_what_is_no_arrival(self, event: Event) -> None:
        placed = make.paid_order({make.sellable(): 1})
        make.shipped(placed)
        (parcel,) = tracking.list_travelling(at=SOON)

        record(parcel, Sighting(event))

        bundle = make.bundle_of(placed)
        assert bundle.lines[0].status is LineStatus.SHIPPING
        assert bundle.shipments[0].last_event == tracking.EVENT_NAMES[event]

    def test_forgets_an_answer_about_a_number_that_was_corrected(self) -> None:
        placed = make.paid_order({make.sellable(): 1})
        shipment_id = make.shipped(placed)
        (parcel,) = tracking.list_travelling(at=SOON)
        with transaction():
            fulfilment.correct_waybill(
                shipment_id=shipment_id,
                enterprise_ids=[make.bundle_of(placed).enterprise_id],
                carrier_code="CJGLS",
                waybill="999988887777",
                actor="person:7",
                actor_id=None,
                at=SOON,
            )

        record(parcel, Sighting(Event.DELIVERED, LATER))

        assert make.bundle_of(placed).lines[0].status is LineStatus.SHIPPING


def record(parcel: tracking.Parcel, sighting: Sighting) -> None:
    with transaction():
        tracking.record(parcel, sighting, at=LATER)
