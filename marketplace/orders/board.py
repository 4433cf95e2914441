"""The enterprise's board of orders: tabs by state, filters, one page after the other."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import Select, and_, case, func, or_, select

from marketplace.core import masking
from marketplace.core.db import db
from marketplace.core.money import Won
from marketplace.orders import numbers, shipments, status
from marketplace.orders.models import Bundle, ClaimCase, Line, LineStatus, Order
from marketplace.orders.shipments import ShipmentDetail

PAGE: Final = 30


class Tab(StrEnum):
    """Where the lines of a bundle stand, as enterprises sort their work."""

    NEW = "new"
    READY = "ready"
    SENT = "sent"
    ARRIVED = "arrived"
    CONFIRMED = "confirmed"
    ENDED = "ended"
    ALL = "all"


TAB_NAMES: Final[Mapping[Tab, str]] = {
    Tab.NEW: "새 주문",
    Tab.READY: "상품준비중",
    Tab.SENT: "배송중",
    Tab.ARRIVED: "배송완료",
    Tab.CONFIRMED: "구매확정",
    Tab.ENDED: "취소·반품",
    Tab.ALL: "전체",
}
_STATUSES: Final[Mapping[Tab, tuple[LineStatus, ...]]] = {
    Tab.NEW: (LineStatus.PAID,),
    Tab.READY: (LineStatus.PREPARING,),
    Tab.SENT: (LineStatus.SHIPPING,),
    Tab.ARRIVED: (LineStatus.DELIVERED,),
    Tab.CONFIRMED: (LineStatus.CONFIRMED, LineStatus.EXCHANGED),
    Tab.ENDED: (LineStatus.CANCELED, LineStatus.RETURNED, LineStatus.SOLDOUT),
}
# Work to be done; what is over grows for ever and is not counted.
COUNTED: Final = (Tab.NEW, Tab.READY, Tab.SENT, Tab.ARRIVED)


# Whose recipient the enterprise still has to know.
NAMED: Final = (
    LineStatus.PAID,
    LineStatus.PREPARING,
    LineStatus.SHIPPING,
    LineStatus.DELIVERED,
)


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What a board is asked for; days of Seoul, both in it, as instants."""

    tab: Tab = Tab.NEW
    start: datetime | None = None
    end: datetime | None = None
    words: str = ""


@dataclass(frozen=True, kw_only=True)
class BoardLine:
    """One line of a bundle."""

    id: int
    product_name: str
    option_label: str
    quantity: int
    gross: Won
    status: LineStatus

    @property
    def label(self) -> str:
        """Return where it stands, in words."""
        return status.LABELS[self.status]


@dataclass(frozen=True, kw_only=True)
class BoardRow:
    """One bundle in the list; its recipient's name is masked."""

    bundle_id: int
    order_number: str
    enterprise_id: int
    ordered_at: datetime
    recipient: str
    ship_by: date | None
    delayed_until: date | None
    has_claim: bool
    lines: tuple[BoardLine, ...]
    shipments: tuple[ShipmentDetail, ...]

    @property
    def status(self) -> LineStatus:
        """Return the state its lines make."""
        return status.derive([line.status for line in self.lines])

    @property
    def label(self) -> str:
        """Return that state in words."""
        return status.LABELS[self.status]

    @property
    def total(self) -> Won:
        """Return what its goods cost before coupons."""
        return Won(sum(line.gross for line in self.lines))

    @property
    def is_new(self) -> bool:
        """Say whether something of it waits to be accepted."""
        return any(line.status is LineStatus.PAID for line in self.lines)

    @property
    def is_ready(self) -> bool:
        """Say whether something of it waits to be sent."""
        return any(line.status is LineStatus.PREPARING for line in self.lines)

    def is_late(self, today: date) -> bool:
        """Say whether it should have left before today."""
        due = self.delayed_until or self.ship_by
        return due is not None and due < today and (self.is_new or self.is_ready)


@dataclass(frozen=True)
class BoardPage:
    """Some bundles, newest first, and below which id the next page starts."""

    rows: tuple[BoardRow, ...]
    next_before: int | None


def count_by_tab(enterprise_ids: Collection[int]) -> Mapping[Tab, int]:
    """Return how many bundles have lines where work waits, in one query."""
    tab_of = case(*((Line.status.in_(_STATUSES[tab]), tab.value) for tab in COUNTED), else_=None)
    counted = [state for tab in COUNTED for state in _STATUSES[tab]]
    rows = db.session.execute(
        select(tab_of, func.count(Line.bundle_id.distinct()))
        .where(Line.enterprise_id.in_(enterprise_ids), Line.status.in_(counted))
        .group_by(tab_of)
    )
    found = {Tab(tab): count for tab, count in rows}
    return {tab: found.get(tab, 0) for tab in COUNTED}


def list_page(
    enterprise_ids: Collection[int],
    filters: Filters,
    *,
    before: int | None = None,
    limit: int = PAGE,
) -> BoardPage:
    """Return a page of bundles in four queries, however many there are."""
    statement = (
        matching(enterprise_ids, filters)
        .with_only_columns(Bundle, Order.number, Order.ordered_at, Order.recipient_name)
        .order_by(Bundle.id.desc())
        .limit(limit + 1)
        .execution_options(populate_existing=True)
    )
    if before is not None:
        statement = statement.where(Bundle.id < before)
    found = db.session.execute(statement).all()
    shown = found[:limit]
    ids = [row[0].id for row in shown]
    lines = lines_of(ids)
    sent = shipments.of_bundles(ids) if ids else {}
    claimed = _with_open_claims(ids)
    return BoardPage(
        rows=tuple(
            BoardRow(
                bundle_id=bundle.id,
                order_number=number,
                enterprise_id=bundle.enterprise_id,
                ordered_at=ordered_at,
                recipient=masking.name(recipient),
                ship_by=bundle.ship_by,
                delayed_until=bundle.delayed_until,
                has_claim=bundle.id in claimed,
                lines=lines[bundle.id],
                shipments=sent.get(bundle.id, ()),
            )
            for bundle, number, ordered_at, recipient in shown
        ),
        next_before=ids[-1] if len(found) > limit else None,
    )


def matching(enterprise_ids: Collection[int], filters: Filters) -> Select[int]:
    """Return the bundles of paid orders that filters ask for, joined with their orders."""
    has_line = select(Line.id).where(
        Line.bundle_id == Bundle.id, Line.enterprise_id == Bundle.enterprise_id
    )
    if filters.tab is not Tab.ALL:
        has_line = has_line.where(Line.status.in_(_STATUSES[filters.tab]))
    statement = (
        select(Bundle.id)
        .join(Order, Order.id == Bundle.order_id)
        .where(
            Bundle.enterprise_id.in_(enterprise_ids),
            Order.paid_at.is_not(None),
            has_line.correlate(Bundle).exists(),
        )
    )
    if filters.start is not None:
        statement = statement.where(Order.ordered_at >= filters.start)
    if filters.end is not None:
        statement = statement.where(Order.ordered_at < filters.end)
    words = " ".join(filters.words.split())
    if words:
        number = numbers.tidy(words)
        statement = statement.where(
            or_(
                Order.number.startswith(number, autoescape=True),
                # Only while the name is shown: a masked one must not be found out by asking.
                and_(
                    Order.recipient_name.startswith(words, autoescape=True),
                    select(Line.id)
                    .where(Line.bundle_id == Bundle.id, Line.status.in_(NAMED))
                    .correlate(Bundle)
                    .exists(),
                ),
            )
        )
    return statement


def lines_of(bundle_ids: Sequence[int]) -> dict[int, tuple[BoardLine, ...]]:
    """Return the lines of bundles as the board shows them; ended ones with what was ordered."""
    rows = db.session.execute(
        select(Line)
        .where(Line.bundle_id.in_(bundle_ids))
        .order_by(Line.bundle_id, Line.position)
        .execution_options(populate_existing=True)
    ).scalars()
    found: dict[int, list[BoardLine]] = {bundle_id: [] for bundle_id in bundle_ids}
    for line in rows:
        left = line.quantity - line.canceled_quantity
        found[line.bundle_id].append(
            BoardLine(
                id=line.id,
                product_name=line.product_name,
                option_label=line.option_label,
                quantity=left or line.quantity,
                gross=line.gross,
                status=line.status,
            )
        )
    return {bundle_id: tuple(lines) for bundle_id, lines in found.items()}


def _with_open_claims(bundle_ids: Collection[int]) -> set[int]:
    found = db.session.scalars(
        select(ClaimCase.bundle_id).where(
            ClaimCase.bundle_id.in_(bundle_ids), ClaimCase.finished_at.is_(None)
        )
    )
    return {bundle_id for bundle_id in found if bundle_id is not None}
