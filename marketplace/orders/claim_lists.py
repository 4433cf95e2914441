"""Claim cases as enterprises and the office read them: by state, by due date, one of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, and_, func, or_, select, true

from marketplace.core.calendar import SEOUL, add_business_days, day_in_seoul
from marketplace.core.db import db
from marketplace.core.money import Won
from marketplace.enterprises.models import Enterprise
from marketplace.orders import numbers, reasons, status
from marketplace.orders.models import (
    Bundle,
    ClaimCase,
    ClaimKind,
    ClaimLine,
    ClaimStatus,
    Line,
    Order,
)
from marketplace.orders.queries import OrderNotFound

PAGE: Final = 30
_ANSWER_DAYS: Final = 3
_ROWS: Final = (
    select(ClaimCase, Order, Enterprise.name)
    .join(Bundle, Bundle.id == ClaimCase.bundle_id)
    .join(Order, Order.id == ClaimCase.order_id)
    .join(Enterprise, Enterprise.id == Bundle.enterprise_id)
)


class Tab(StrEnum):
    """What a list of cases shows."""

    REQUESTED = "requested"
    COLLECTING = "collecting"
    COLLECTED = "collected"
    OVERDUE = "overdue"
    DONE = "done"
    ALL = "all"


@dataclass(frozen=True, kw_only=True)
class ClaimRow:
    """One case in a list; amounts in won."""

    id: int
    kind: ClaimKind
    status: ClaimStatus
    reason: str
    order_number: str
    enterprise_name: str
    buyer_name: str
    title: str
    pieces: int
    requested_at: datetime
    due_on: date | None
    is_overdue: bool
    cash: Won

    @property
    def label(self) -> str:
        """Return what people read of the state."""
        return status.CLAIM_LABELS[self.status]


@dataclass(frozen=True)
class ClaimPage:
    """Some cases, newest first, and where the next page begins."""

    rows: tuple[ClaimRow, ...]
    next_before: int | None


def list_page(
    *,
    on: date,
    tab: Tab = Tab.ALL,
    enterprise_ids: Collection[int] | None = None,
    before: int | None = None,
    limit: int = PAGE,
) -> ClaimPage:
    """Return cases of some enterprises, of all when none are named, in two queries."""
    wanted = _ROWS.where(theirs(enterprise_ids), _in_tab(tab, on))
    if before is not None:
        wanted = wanted.where(ClaimCase.id < before)
    found = db.session.execute(wanted.order_by(ClaimCase.id.desc()).limit(limit + 1)).all()
    shown = found[:limit]
    goods = _goods([case.id for case, _, _ in shown])
    return ClaimPage(
        rows=tuple(_row(case, order, name, goods[case.id], on) for case, order, name in shown),
        next_before=shown[-1][0].id if len(found) > limit else None,
    )


def count_by_tab(*, on: date, enterprise_ids: Collection[int] | None = None) -> Mapping[Tab, int]:
    """Return how many cases each tab of open ones holds, in one query."""
    tabs = (Tab.REQUESTED, Tab.COLLECTING, Tab.COLLECTED, Tab.OVERDUE)
    row = db.session.execute(
        select(*(func.count().filter(_in_tab(tab, on)) for tab in tabs))
        .select_from(ClaimCase)
        .join(Bundle, Bundle.id == ClaimCase.bundle_id)
        .where(theirs(enterprise_ids), ClaimCase.finished_at.is_(None))
    ).one()
    return {tab: int(count) for tab, count in zip(tabs, row, strict=True)}


def find_order(number: str) -> int:
    """
    Return the id of an order by its number, for the office.

    :raises OrderNotFound:
    """
    order_id = db.session.scalar(select(Order.id).where(Order.number == numbers.tidy(number)))
    if order_id is None:
        raise OrderNotFound
    return order_id


def list_overdue(*, on: date, after: int, limit: int) -> Sequence[tuple[int, date]]:
    """
    Return open cases that somebody waits for longer than the law lets them, and since when.

    They come by id, from the one after `after` on.
    """
    rows = db.session.execute(
        select(ClaimCase.id, ClaimCase.refund_due_on, ClaimCase.requested_at)
        .where(ClaimCase.bundle_id.is_not(None), ClaimCase.id > after, _in_tab(Tab.OVERDUE, on))
        .order_by(ClaimCase.id)
        .limit(limit)
    )
    return [(row.id, row.refund_due_on or _answer_by(row.requested_at)) for row in rows]


def theirs(enterprise_ids: Collection[int] | None) -> ColumnElement[bool]:
    """Return the condition of cases some enterprises answer; none names all."""
    return true() if enterprise_ids is None else Bundle.enterprise_id.in_(list(enterprise_ids))


def _in_tab(tab: Tab, on: date) -> ColumnElement[bool]:
    if tab is Tab.ALL:
        return true()
    if tab is Tab.DONE:
        return ClaimCase.finished_at.is_not(None)
    if tab is Tab.COLLECTING:
        return ClaimCase.status.in_([ClaimStatus.COLLECTING, ClaimStatus.REDELIVERING])
    if tab is Tab.OVERDUE:
        return and_(
            ClaimCase.finished_at.is_(None),
            or_(
                ClaimCase.refund_due_on < on,
                and_(
                    ClaimCase.status == ClaimStatus.REQUESTED,
                    ClaimCase.requested_at < _answered_since(on),
                ),
            ),
        )
    return ClaimCase.status == ClaimStatus(tab.value)


def _answered_since(on: date) -> datetime:
    """Return the instant before which a request should have been answered by a day."""
    return datetime.combine(add_business_days(on, -_ANSWER_DAYS), time(), SEOUL)


def _answer_by(requested_at: datetime) -> date:
    return add_business_days(day_in_seoul(requested_at), _ANSWER_DAYS)


def due_on(case: ClaimCase) -> date | None:
    """Return the day by which somebody must have an answer or money."""
    if case.finished_at is not None:
        return None
    if case.status is ClaimStatus.REQUESTED:
        return case.refund_due_on or _answer_by(case.requested_at)
    return case.refund_due_on


def _row(
    case: ClaimCase, order: Order, enterprise: str, goods: list[tuple[str, int]], on: date
) -> ClaimRow:
    names = [name for name, _ in goods]
    due = due_on(case)
    back = case.cash_refund + case.shipping_refund - case.return_fee
    return ClaimRow(
        id=case.id,
        kind=case.kind,
        status=case.status,
        reason=reasons.label_of(case.reason_code),
        order_number=order.number,
        enterprise_name=enterprise,
        buyer_name=order.buyer_name,
        title=names[0] if len(names) == 1 else f"{names[0]} 외 {len(names) - 1}건",
        pieces=sum(pieces for _, pieces in goods),
        requested_at=case.requested_at,
        due_on=due,
        is_overdue=due is not None and due < on,
        cash=Won(0 if case.kind is ClaimKind.EXCHANGE else back),
    )


def _goods(case_ids: Collection[int]) -> dict[int, list[tuple[str, int]]]:
    rows = db.session.execute(
        select(ClaimLine.claim_case_id, Line.product_name, ClaimLine.quantity)
        .join(Line, Line.id == ClaimLine.line_id)
        .where(ClaimLine.claim_case_id.in_(list(case_ids)))
        .order_by(ClaimLine.claim_case_id, Line.position)
    )
    goods: dict[int, list[tuple[str, int]]] = {}
    for case_id, name, pieces in rows:
        goods.setdefault(case_id, []).append((name, pieces))
    return goods
