"""구매확정: buyers or a timer end an order well, and what enterprises are owed falls due."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from sqlalchemy import Select, and_, bindparam, func, not_, select, text
from sqlalchemy.sql.elements import ColumnElement

from marketplace.checkout import accounts
from marketplace.core import outbox
from marketplace.core.calendar import SEOUL, day_in_seoul
from marketplace.core.db import db
from marketplace.core.errors import Conflict, InvalidInput, NotFound
from marketplace.ledger import posting
from marketplace.ledger.models import Entry
from marketplace.ledger.posting import credit, debit
from marketplace.orders import lifecycle, status
from marketplace.orders.models import ClaimCase, ClaimLine, Line, LineStatus
from marketplace.orders.shipment_models import Shipment, ShipmentLine

TIMER: Final = "timer"
KIND: Final = "confirmed"
# 청약철회 lasts seven days, the day of delivery not counted: it ends with the seventh.
_MAY_BE_RETURNED: Final = 7
_ROUND: Final = 500

# What is still held for a line: its price without what its enterprise gave away, less what went
# back to the buyer and to public money.
_LINES: Final = text(
    """
SELECT l.id, l.enterprise_id,
       l.gross - l.enterprise_funded - l.refunded_amount - coalesce(back.amount, 0) AS amount
  FROM order_line l
  LEFT JOIN (SELECT s.line_id, sum(s.returned_amount) AS amount
               FROM order_line_share s
               JOIN funder_grant g ON g.id = s.grant_id JOIN funder f ON f.id = g.funder_id
              WHERE s.line_id = ANY(:lines) AND f.kind <> 'enterprise'
              GROUP BY s.line_id) back ON back.line_id = l.id
 WHERE l.id = ANY(:lines)
 ORDER BY l.id
"""
)
# The same for the shipping of bundles whose last living line is confirmed and that were not posted.
_BUNDLES: Final = text(
    """
SELECT b.id, b.enterprise_id,
       b.shipping_fee + b.surcharge - b.shipping_refunded - coalesce(given.amount, 0) AS amount
  FROM bundle b
  JOIN (SELECT bundle_id FROM order_line WHERE order_id = :order GROUP BY bundle_id
        HAVING bool_or(status IN ('confirmed', 'exchanged', 'returned'))
           AND bool_and(status IN ('confirmed', 'exchanged', 'canceled', 'canceled_unpaid',
                                   'returned', 'soldout'))) ended ON ended.bundle_id = b.id
  LEFT JOIN LATERAL (SELECT sum(CASE WHEN f.kind = 'enterprise' THEN s.amount
                                     ELSE s.returned_amount END) AS amount
                       FROM bundle_shipping_share s
                       JOIN funder_grant g ON g.id = s.grant_id
                       JOIN funder f ON f.id = g.funder_id
                      WHERE s.bundle_id = b.id) given ON true
 WHERE b.order_id = :order
   AND NOT EXISTS (SELECT 1 FROM ledger_entry e
                    WHERE e.kind = 'confirmed' AND e.reference = 'bundle:' || b.id)
 ORDER BY b.id
"""
)


class NothingToConfirm(Conflict):
    """Nothing has arrived that was not confirmed before."""

    message = "구매확정할 상품이 없습니다. 배송완료된 상품만 확정할 수 있습니다."


class LineUnknown(NotFound):
    """The order has no such line."""

    message = "주문에 없는 상품입니다."


class NothingChosen(InvalidInput):
    """No line was chosen."""

    message = "구매확정할 상품을 골라 주세요."


class NotDelivered(Conflict):
    """A line is not where confirming starts from."""

    message = "{name}은(는) {present} 상태라 구매확정할 수 없습니다."


class ClaimOpen(Conflict):
    """A return or an exchange of it is under way."""

    message = "{name}은(는) 반품·교환이 진행 중입니다. 끝난 뒤에 구매확정해 주세요."


@dataclass(frozen=True)
class _Line:
    id: int
    name: str
    status: LineStatus
    has_claim: bool


def confirm_lines(
    *,
    order_id: int,
    line_ids: Collection[int] | None,
    actor: str,
    at: datetime,
    ip: str | None = None,
) -> tuple[int, ...]:
    """
    Confirm lines of an order, all that have arrived when none is named; return their ids.

    Lines with an open claim are refused when named and left alone otherwise.

    :raises OrderNotFound, LineUnknown, NothingChosen, NothingToConfirm, NotDelivered, ClaimOpen:
    """
    lifecycle.lock(order_id)
    chosen = _choose(_lines_of(order_id), line_ids)
    status.move(line_ids=chosen, to=LineStatus.CONFIRMED, actor=actor, at=at, ip=ip)
    post_lines(line_ids=chosen, at=at)
    post_finished_bundles(order_id=order_id, at=at)
    outbox.enqueue(
        "notifications.deliver",
        {"kind": "order_confirmed", "order_id": order_id, "line_ids": sorted(chosen)},
        key=f"order_confirmed:{order_id}:{min(chosen)}",
    )
    return tuple(chosen)


def confirm_overdue(*, order_id: int, days: int, at: datetime) -> tuple[int, ...]:
    """Confirm those lines of an order whose time to object is over; return their ids."""
    lifecycle.lock(order_id)
    due = db.session.scalars(
        _due_lines(days, at).where(Line.order_id == order_id).order_by(Line.id)
    ).all()
    if not due:
        return ()
    return confirm_lines(order_id=order_id, line_ids=due, actor=TIMER, at=at)


def list_due(*, days: int, at: datetime, limit: int = _ROUND) -> Sequence[int]:
    """Return the ids of orders with lines whose time to object is over."""
    due = _due_lines(days, at).subquery()
    return db.session.scalars(
        select(Line.order_id)
        .where(Line.id.in_(select(due.c.id)))
        .distinct()
        .order_by(Line.order_id)
        .limit(limit)
    ).all()


def ends_before(*, days: int, at: datetime) -> datetime:
    """Return the instant before which something must have arrived to be confirmed by now."""
    # The days after the day of delivery have passed entirely when the next one begins.
    whole_days = max(days, _MAY_BE_RETURNED + 1)
    day = day_in_seoul(at) - timedelta(days=whole_days - 1)
    return datetime.combine(day, time(), SEOUL)


def post_lines(*, line_ids: Collection[int], at: datetime) -> None:
    """Move what is held for confirmed or exchanged lines to what their enterprises are owed."""
    for row in db.session.execute(_LINES, {"lines": list(line_ids)}):
        _post(f"line:{row.id}", row.enterprise_id, int(row.amount), at=at)


def post_finished_bundles(*, order_id: int, at: datetime) -> None:
    """Do the same for the shipping of bundles of which nothing is left open; again does nothing."""
    for row in db.session.execute(_BUNDLES, {"order": order_id}):
        _post(f"bundle:{row.id}", row.enterprise_id, int(row.amount), at=at)


def is_posted(reference: str) -> bool:
    """Say whether the money of a line (`line:<id>`) or a bundle's shipping has fallen due."""
    found = select(Entry.id).where(Entry.kind == KIND, Entry.reference == reference)
    return db.session.scalar(found) is not None


def _post(reference: str, enterprise_id: int, amount: int, *, at: datetime) -> None:
    # Goods given away move no money.
    if amount:
        legs = [
            debit(accounts.held(enterprise_id), amount),
            credit(accounts.payable(enterprise_id), amount),
        ]
        posting.post(kind=KIND, reference=reference, legs=legs, at=at)


def _has_claim() -> ColumnElement[bool]:
    return (
        select(ClaimLine.line_id)
        .join(ClaimCase, ClaimCase.id == ClaimLine.claim_case_id)
        .where(ClaimLine.line_id == Line.id, ClaimCase.finished_at.is_(None))
        .correlate(Line)
        .exists()
    )


def _due_lines(days: int, at: datetime) -> Select[int]:
    arrived = (
        select(func.max(Shipment.delivered_at))
        .join(ShipmentLine, ShipmentLine.shipment_id == Shipment.id)
        .where(ShipmentLine.line_id == Line.id)
        .correlate(Line)
        .scalar_subquery()
    )
    return select(Line.id).where(
        and_(
            Line.status == LineStatus.DELIVERED,
            arrived < ends_before(days=days, at=at),
            not_(_has_claim()),
        )
    )


def _lines_of(order_id: int) -> list[_Line]:
    rows = db.session.execute(
        select(Line.id, Line.product_name, Line.status, _has_claim())
        .where(Line.order_id == bindparam("order"))
        .order_by(Line.id),
        {"order": order_id},
    )
    return [_Line(*row) for row in rows]


def _choose(lines: Iterable[_Line], line_ids: Collection[int] | None) -> list[int]:
    if line_ids is None:
        arrived = [
            line.id for line in lines if line.status is LineStatus.DELIVERED and not line.has_claim
        ]
        if not arrived:
            raise NothingToConfirm
        return arrived
    by_id = {line.id: line for line in lines}
    if not line_ids:
        raise NothingChosen
    for line_id in line_ids:
        line = by_id.get(line_id)
        if line is None:
            raise LineUnknown
        if line.status is not LineStatus.DELIVERED:
            raise NotDelivered(name=line.name, present=status.LABELS[line.status])
        if line.has_claim:
            raise ClaimOpen(name=line.name)
    return sorted(set(line_ids))
