"""The steps of order lines: who moved them, when, and where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import insert

from marketplace.core.db import db
from marketplace.demo.district.content_timeline import Timeline
from marketplace.demo.district.order_prices import PricedOrder
from marketplace.orders import status
from marketplace.orders.models import LineHistory, LineStatus

_Step = tuple[LineStatus, datetime, str]


def final_status(timeline: Timeline) -> LineStatus:
    """Return where the lines of an order stand, before any of them is cancelled."""
    return [LineStatus.PAYMENT_WAITING, *(to for to, _, _ in steps(timeline))][-1]


def steps(timeline: Timeline) -> list[_Step]:
    """Return the moves of an order's lines; a cancelled order stops when it is paid."""
    if timeline.closed_at is not None:
        return [(LineStatus.CANCELED_UNPAID, timeline.closed_at, "timer")]
    if timeline.paid_at is None:
        return []
    moves: list[_Step] = [(LineStatus.PAID, timeline.paid_at, "payment:provider")]
    if timeline.canceled_at is None:
        moves += later_steps(timeline)
    return moves


def later_steps(timeline: Timeline) -> list[_Step]:
    """Return the moves after payment that have happened."""
    confirmer = "timer" if timeline.confirmed_by_timer else "buyer"
    moments = (
        (LineStatus.PREPARING, timeline.preparing_at, "enterprise"),
        (LineStatus.SHIPPING, timeline.shipped_at, "enterprise"),
        (LineStatus.DELIVERED, timeline.delivered_at, "carrier"),
        (LineStatus.CONFIRMED, timeline.confirmed_at, confirmer),
    )
    return [(to, moment, actor) for to, moment, actor in moments if moment is not None]


def write_histories(orders: list[tuple[PricedOrder, tuple[int, ...]]]) -> None:
    """Write every step of every line."""
    db.session.execute(
        insert(LineHistory), [row for order, ids in orders for row in _rows(order, ids)]
    )


def advance(line_ids: list[int], timeline: Timeline) -> None:
    """Move the lines that a cancel left over through the rest of their order's story."""
    for to, moment, actor in later_steps(timeline):
        status.move(line_ids=line_ids, to=to, actor=actor, at=moment)


def _rows(order: PricedOrder, line_ids: tuple[int, ...]) -> Iterator[dict[str, object]]:
    buyer = f"person:{order.person_id}"
    before: LineStatus | None = None
    placed: _Step = (LineStatus.PAYMENT_WAITING, order.seed.ordered_at, buyer)
    for to, moment, actor in [placed, *steps(order.timeline)]:
        for line_id in line_ids:
            yield {
                "line_id": line_id,
                "from_status": before,
                "to_status": to,
                "actor": buyer if actor == "buyer" else actor,
                "at": moment,
            }
        before = to
