"""The states of an order's lines, the moves between them, and what an order makes of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import insert, literal, select, update

from marketplace.core.db import db
from marketplace.core.errors import Conflict
from marketplace.orders.models import Line, LineHistory, LineStatus

__all__ = [
    "ENDED",
    "LABELS",
    "MOVES",
    "LineStatus",
    "MoveNotAllowed",
    "begin",
    "derive",
    "label_of",
    "move",
]

MOVES: Final[Mapping[LineStatus, frozenset[LineStatus]]] = {
    LineStatus.PAYMENT_WAITING: frozenset({LineStatus.PAID, LineStatus.CANCELED_UNPAID}),
    # Money that arrives after the order ended unpaid revives it when stock and coupons allow.
    LineStatus.CANCELED_UNPAID: frozenset({LineStatus.PAID}),
    LineStatus.PAID: frozenset({LineStatus.PREPARING, LineStatus.CANCELED, LineStatus.SOLDOUT}),
    LineStatus.PREPARING: frozenset({LineStatus.SHIPPING, LineStatus.CANCELED, LineStatus.SOLDOUT}),
    LineStatus.SHIPPING: frozenset(
        {LineStatus.DELIVERED, LineStatus.RETURNED, LineStatus.EXCHANGED}
    ),
    LineStatus.DELIVERED: frozenset(
        {LineStatus.CONFIRMED, LineStatus.RETURNED, LineStatus.EXCHANGED}
    ),
    LineStatus.CONFIRMED: frozenset({LineStatus.RETURNED, LineStatus.EXCHANGED}),
    LineStatus.CANCELED: frozenset(),
    LineStatus.RETURNED: frozenset(),
    LineStatus.EXCHANGED: frozenset(),
    LineStatus.SOLDOUT: frozenset(),
}

LABELS: Final[Mapping[LineStatus, str]] = {
    LineStatus.PAYMENT_WAITING: "결제대기",
    LineStatus.CANCELED_UNPAID: "미입금 취소",
    LineStatus.PAID: "결제완료",
    LineStatus.PREPARING: "상품준비중",
    LineStatus.SHIPPING: "배송중",
    LineStatus.DELIVERED: "배송완료",
    LineStatus.CONFIRMED: "구매확정",
    LineStatus.CANCELED: "취소완료",
    LineStatus.RETURNED: "반품완료",
    LineStatus.EXCHANGED: "교환완료",
    LineStatus.SOLDOUT: "품절취소",
}

# Nothing more is sold, shipped or paid for these lines.
ENDED: Final = frozenset(
    {
        LineStatus.CANCELED,
        LineStatus.CANCELED_UNPAID,
        LineStatus.RETURNED,
        LineStatus.SOLDOUT,
    }
)

_PROGRESS: Final = (
    LineStatus.PAYMENT_WAITING,
    LineStatus.PAID,
    LineStatus.PREPARING,
    LineStatus.SHIPPING,
    LineStatus.DELIVERED,
    LineStatus.CONFIRMED,
    LineStatus.EXCHANGED,
)


class MoveNotAllowed(Conflict):
    """A line is not where this step starts from."""

    message = "지금 상태({present})에서는 {wanted}(으)로 바꿀 수 없습니다."


def label_of(status: LineStatus, *, by_deposit: bool = False) -> str:
    """Return what the buyer reads; people who pay by deposit wait for 입금."""
    if by_deposit and status is LineStatus.PAYMENT_WAITING:
        return "입금대기"
    return LABELS[status]


def derive(statuses: Collection[LineStatus]) -> LineStatus:
    """
    Return the state of a bundle or an order from its lines.

    Living lines decide: it is as far as the one that lags most. Only when all have ended is it
    cancelled, returned or sold out.
    """
    living = [status for status in statuses if status not in ENDED]
    if living:
        return min(living, key=_PROGRESS.index)
    kinds = set(statuses)
    if len(kinds) == 1:
        return kinds.pop()
    return LineStatus.RETURNED if LineStatus.RETURNED in kinds else LineStatus.CANCELED


def begin(*, line_ids: Collection[int], actor: str, at: datetime, ip: str | None = None) -> None:
    """Write the first row of every new line's history."""
    db.session.execute(
        insert(LineHistory),
        [
            {
                "line_id": line_id,
                "from_status": None,
                "to_status": LineStatus.PAYMENT_WAITING.value,
                "actor": actor,
                "note": "",
                "ip": ip,
                "at": at,
            }
            for line_id in line_ids
        ],
    )


def move(
    *,
    line_ids: Collection[int],
    to: LineStatus,
    actor: str,
    at: datetime,
    note: str = "",
    ip: str | None = None,
) -> None:
    """
    Move lines to a state and write their history; all of them or none.

    :raises MoveNotAllowed:
    """
    if not line_ids:
        return
    rows = db.session.execute(
        select(Line.id, Line.status)
        .where(Line.id.in_(line_ids))
        .order_by(Line.id)
        .with_for_update()
    )
    present: dict[int, LineStatus] = dict(rows.all())
    for status in present.values():
        if to not in MOVES[status]:
            raise MoveNotAllowed(present=LABELS[status], wanted=LABELS[to])
    # History first, out of the rows themselves: it can only say what they really were.
    db.session.execute(
        insert(LineHistory).from_select(
            ["line_id", "from_status", "to_status", "actor", "note", "ip", "at"],
            select(
                Line.id,
                Line.status,
                literal(to.value),
                literal(actor),
                literal(note),
                literal(ip),
                literal(at),
            )
            .where(Line.id.in_(present))
            .order_by(Line.id),
        )
    )
    values: dict[str, object] = {"status": to}
    if to is LineStatus.CONFIRMED:
        values["confirmed_at"] = at
    db.session.execute(update(Line).where(Line.id.in_(present)).values(**values))
