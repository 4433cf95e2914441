"""Two of an enterprise's staff, the buyer and the timer, all at one bundle at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from flask import Flask
from sqlalchemy import func, select

from marketplace.checkout import canceling, confirmation
from marketplace.checkout.placing import PlacedOrder
from marketplace.core.db import db
from marketplace.core.errors import Conflict
from marketplace.ledger.models import Entry
from marketplace.orders import fulfilment, queries, tracking
from marketplace.orders.fulfilment import Way
from marketplace.orders.models import LineHistory, LineStatus
from marketplace.orders.shipment_models import Shipment
from marketplace.orders.tracking import Event, Sighting
from tests import make
from tests.concurrent import crowd
from tests.service.checkout import books

LATER = make.NOW + timedelta(days=9)


def paid(app: Flask) -> tuple[PlacedOrder, int, int, int]:
    """Return a paid order with the ids of its bundle, its enterprise and its only line."""
    with app.app_context():
        placed = make.paid_order({make.sellable(on_hand=5): 2})
        bundle = make.bundle_of(placed)
        return placed, bundle.id, bundle.enterprise_id, bundle.lines[0].id


def moves_to(to: LineStatus) -> int:
    return (
        db.session.scalar(
            select(func.count()).where(
                LineHistory.to_status == to.value, LineHistory.from_status != to.value
            )
        )
        or 0
    )


def test_one_of_many_accepts(crowded_app: Flask) -> None:
    _, bundle_id, enterprise_id, _ = paid(crowded_app)
    accept = partial(
        fulfilment.accept,
        bundle_id=bundle_id,
        enterprise_ids=[enterprise_id],
        actor="person:1",
        at=make.NOW,
    )

    answers = crowd.rush(crowded_app, [accept] * 8)

    assert len(crowd.done(answers)) == 1
    assert len(crowd.of_type(answers, Conflict)) == 7
    with crowded_app.app_context():
        assert moves_to(LineStatus.PREPARING) == 1


def test_accepting_or_cancelling_wins_and_the_other_is_told(crowded_app: Flask) -> None:
    placed, bundle_id, enterprise_id, line_id = paid(crowded_app)
    accept = partial(
        fulfilment.accept,
        bundle_id=bundle_id,
        enterprise_ids=[enterprise_id],
        actor="person:1",
        at=make.NOW,
    )
    cancel = partial(
        canceling.cancel_lines,
        order_id=placed.order_id,
        attempt_key="one",
        quantities={line_id: 2},
        reason="",
        actor="guest",
        at=make.NOW,
    )

    works: list[Callable[[], object]] = [accept, cancel]
    answers = crowd.rush(crowded_app, works * 4)

    assert len(crowd.of_type(answers, Conflict)) >= 4
    with crowded_app.app_context():
        (line,) = queries.get(placed.order_id).lines
        assert line.status in (LineStatus.PREPARING, LineStatus.CANCELED)
        assert moves_to(LineStatus.PREPARING) + moves_to(LineStatus.CANCELED) == 1
        books.check()


def test_one_of_two_staff_ships(crowded_app: Flask) -> None:
    placed, bundle_id, enterprise_id, _ = paid(crowded_app)
    with crowded_app.app_context():
        make.accepted(placed)
    works = [
        partial(
            fulfilment.dispatch,
            bundle_id=bundle_id,
            enterprise_ids=[enterprise_id],
            way=Way(carrier_code="CJGLS", waybill=f"69956837537{number}"),
            actor=f"person:{number}",
            at=make.NOW,
        )
        for number in range(8)
    ]

    answers = crowd.rush(crowded_app, works)

    assert len(crowd.done(answers)) == 1
    assert len(crowd.of_type(answers, fulfilment.NotReady)) == 7
    with crowded_app.app_context():
        assert make.count_of(Shipment) == 1
        assert moves_to(LineStatus.SHIPPING) == 1


def test_carrier_and_staff_bring_it_once(crowded_app: Flask) -> None:
    placed, _, enterprise_id, _ = paid(crowded_app)
    with crowded_app.app_context():
        shipment_id = make.shipped(placed)
        (parcel,) = tracking.list_travelling(at=make.NOW + timedelta(hours=1))
    by_hand = partial(
        fulfilment.mark_delivered,
        shipment_id=shipment_id,
        enterprise_ids=[enterprise_id],
        actor="person:1",
        at=LATER,
    )
    by_carrier = partial(tracking.record, parcel, Sighting(Event.DELIVERED, LATER), at=LATER)

    crowd.rush(crowded_app, [by_hand, by_carrier] * 4)

    with crowded_app.app_context():
        assert moves_to(LineStatus.DELIVERED) == 1


def test_buyer_and_timer_confirm_once_and_are_paid_once(crowded_app: Flask) -> None:
    placed, _, _, line_id = paid(crowded_app)
    with crowded_app.app_context():
        make.delivered(placed)
    by_buyer = partial(
        confirmation.confirm_lines,
        order_id=placed.order_id,
        line_ids=[line_id],
        actor="guest",
        at=LATER,
    )
    by_timer = partial(confirmation.confirm_overdue, order_id=placed.order_id, days=8, at=LATER)

    answers = crowd.rush(crowded_app, [by_buyer, by_timer] * 4)

    assert all(isinstance(answer, tuple | Conflict) for answer in answers)
    assert sum(bool(answer) for answer in crowd.done(answers)) == 1
    with crowded_app.app_context():
        assert moves_to(LineStatus.CONFIRMED) == 1
        references = db.session.scalars(select(Entry.reference).where(Entry.kind == "confirmed"))
        assert len(references.all()) == 2
        books.check()
