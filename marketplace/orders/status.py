"""The states of an order's lines, the moves between them, and what an order makes of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    DateTime,
    String,
    Update,
    bindparam,
    cast,
    func,
    insert,
    null,
    select,
    update,
)

from marketplace.core.db import db, table_of
from marketplace.core.errors import Conflict
from marketplace.orders.models import ClaimStatus, Line, LineHistory, LineStatus

__all__ = [
    "CLAIM_LABELS",
    "CLAIM_MOVES",
    "ENDED",
    "LABELS",
    "MOVES",
    "LineStatus",
    "MoveNotAllowed",
    "begin",
    "derive",
    "label_of",
    "move",
    "note",
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

# A cancel is done as soon as it is accepted; goods that come back are looked at first.
CLAIM_MOVES: Final[Mapping[ClaimStatus, frozenset[ClaimStatus]]] = {
    ClaimStatus.REQUESTED: frozenset(
        {
            ClaimStatus.COLLECTING,
            ClaimStatus.DONE,
            ClaimStatus.REJECTED,
            ClaimStatus.WITHDRAWN,
        }
    ),
    ClaimStatus.COLLECTING: frozenset(
        {ClaimStatus.COLLECTED, ClaimStatus.REJECTED, ClaimStatus.WITHDRAWN}
    ),
    ClaimStatus.COLLECTED: frozenset(
        {ClaimStatus.DONE, ClaimStatus.REDELIVERING, ClaimStatus.REJECTED}
    ),
    ClaimStatus.REDELIVERING: frozenset({ClaimStatus.DONE}),
    ClaimStatus.DONE: frozenset(),
    ClaimStatus.REJECTED: frozenset(),
    ClaimStatus.WITHDRAWN: frozenset(),
}

CLAIM_LABELS: Final[Mapping[ClaimStatus, str]] = {
    ClaimStatus.REQUESTED: "요청",
    ClaimStatus.COLLECTING: "수거 중",
    ClaimStatus.COLLECTED: "수거 완료",
    ClaimStatus.REDELIVERING: "다시 보내는 중",
    ClaimStatus.DONE: "완료",
    ClaimStatus.REJECTED: "거절",
    ClaimStatus.WITHDRAWN: "철회",
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


_LINES: Final = Line.id == func.any(bindparam("lines", type_=ARRAY(BigInteger)))
_STEP: Final = ["line_id", "from_status", "to_status", "actor", "note", "ip", "at"]
_WHO_AND_WHEN: Final = (
    bindparam("its_actor", type_=String),
    bindparam("its_note", type_=String),
    bindparam("its_ip", type_=String),
    bindparam("its_at", type_=DateTime(timezone=True)),
)
_LOCK: Final = select(Line.id, Line.status).where(_LINES).order_by(Line.id).with_for_update()
_BEGIN: Final = insert(table_of(LineHistory)).from_select(
    _STEP,
    select(Line.id, null(), cast(Line.status, String), *_WHO_AND_WHEN)
    .where(_LINES)
    .order_by(Line.id),
)


def _moving() -> Update:
    # History is written out of the rows as they were: it can only say what they really were.
    history = (
        insert(table_of(LineHistory))
        .from_select(
            _STEP,
            select(
                Line.id,
                cast(Line.status, String),
                bindparam("to", type_=String),
                *_WHO_AND_WHEN,
            )
            .where(_LINES)
            .order_by(Line.id),
        )
        .cte("history")
    )
    return (
        update(table_of(Line))
        .where(_LINES)
        .values(
            status=cast(bindparam("to", type_=String), Line.status.type),
            confirmed_at=func.coalesce(
                bindparam("its_confirmed_at", type_=DateTime(timezone=True)), Line.confirmed_at
            ),
        )
        .add_cte(history)
    )


_MOVE: Final = _moving()


def begin(*, line_ids: Collection[int], actor: str, at: datetime, ip: str | None = None) -> None:
    """Write the first row of every new line's history."""
    db.session.execute(
        _BEGIN,
        {"lines": list(line_ids), "its_actor": actor, "its_note": "", "its_ip": ip, "its_at": at},
    )


_NOTE: Final = insert(table_of(LineHistory)).from_select(
    _STEP,
    select(Line.id, cast(Line.status, String), cast(Line.status, String), *_WHO_AND_WHEN)
    .where(_LINES)
    .order_by(Line.id),
)


def note(
    *, line_ids: Collection[int], actor: str, note: str, at: datetime, ip: str | None = None
) -> None:
    """Write into lines' history what somebody did without moving them."""
    db.session.execute(
        _NOTE,
        {"lines": list(line_ids), "its_actor": actor, "its_note": note, "its_ip": ip, "its_at": at},
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
    rows = db.session.execute(_LOCK, {"lines": list(line_ids)})
    present: dict[int, LineStatus] = dict(rows.all())
    for status in present.values():
        if to not in MOVES[status]:
            raise MoveNotAllowed(present=LABELS[status], wanted=LABELS[to])
    db.session.execute(
        _MOVE,
        {
            "lines": list(present),
            "to": to.value,
            "its_confirmed_at": at if to is LineStatus.CONFIRMED else None,
            "its_actor": actor,
            "its_note": note,
            "its_ip": ip,
            "its_at": at,
        },
    )
