"""Parcels are asked about, late goods reminded of and orders confirmed by the real worker."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from marketplace.checkout.placing import PlacedOrder
from marketplace.core import clock, outbox
from marketplace.core.db import db, transaction
from marketplace.core.settings import Settings
from marketplace.ledger.models import Entry
from marketplace.notifications.models import Notice
from marketplace.orders import queries
from marketplace.orders.models import Bundle, LineStatus
from marketplace.orders.shipment_models import Shipment
from tests import make
from tests.faults import crew

KINDS = ("orders.track", "orders.confirm_overdue", "orders.remind_overdue")


@pytest.fixture
def shop(live_app: Flask) -> Iterator[None]:
    """A shop with real commits."""
    with live_app.app_context():
        yield


def status_of(placed: PlacedOrder) -> LineStatus:
    db.session.rollback()
    return queries.get(placed.order_id).status


@pytest.mark.usefixtures("shop")
def test_a_round_of_each_does_its_work_once(
    live_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Only the demo district has carriers of its own.
    monkeypatch.setenv("DEMO", "1")
    now = clock.now()
    enterprise, owner = make.enterprise(), make.person()
    make.member(enterprise, owner)
    under_way, arrived, fresh, late = (
        make.paid_order({make.sellable(enterprise): 1}, at=now) for _ in range(4)
    )
    make.shipped(under_way, at=now - timedelta(days=3))
    make.delivered(arrived, at=now - timedelta(days=10))
    make.shipped(fresh, at=now)
    with transaction():
        db.session.execute(
            update(Bundle)
            .where(Bundle.order_id == late.order_id)
            .values(ship_by=(now - timedelta(days=5)).date())
        )
        for kind in KINDS:
            for number in range(3):
                outbox.enqueue(kind, {}, key=f"{kind}/{number}")

    with crew.working(live_settings):
        crew.wait_until(crew.all_done, seconds=60, instead=crew.unfinished)

    assert status_of(under_way) is LineStatus.DELIVERED
    assert status_of(arrived) is LineStatus.CONFIRMED
    assert status_of(fresh) is LineStatus.SHIPPING
    assert status_of(late) is LineStatus.PAID
    asked = db.session.scalars(select(Shipment.tracked_at).order_by(Shipment.id)).all()
    assert [moment is not None for moment in asked] == [True, False, True]
    references = db.session.scalars(select(Entry.reference).where(Entry.kind == "confirmed")).all()
    assert len(references) == len(set(references)) == 2
    told = db.session.scalars(select(Notice).where(Notice.person_id == owner.id)).all()
    assert len(told) == 1
