"""Until when a buyer may ask for what (전자상거래법 §17)."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection
from datetime import date, timedelta
from typing import Final

from sqlalchemy import func, select

from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import db
from marketplace.core.errors import Conflict
from marketplace.orders import status
from marketplace.orders.models import ClaimKind, Fault, Line, LineHistory, LineStatus

CHANGE_OF_MIND_DAYS: Final = 7
DEFECT_MONTHS: Final = 3


class NotNow(Conflict):
    """Goods in this state cannot be claimed so."""

    message = "{name}은(는) {status} 상태라 {kind}을(를) 신청할 수 없습니다."


class ConfirmedAlready(Conflict):
    """Whoever confirmed may only claim what is wrong with the goods."""

    message = "{name}은(는) 구매를 확정했습니다. 상품에 문제가 있을 때만 신청할 수 있습니다."


class TimeOver(Conflict):
    """The time to claim is over."""

    message = "{name}은(는) {until:%Y년 %m월 %d일}까지 신청할 수 있었습니다."


KINDS: Final = {
    ClaimKind.CANCEL: "취소",
    ClaimKind.RETURN: "반품",
    ClaimKind.EXCHANGE: "교환",
}
_FROM: Final = {
    ClaimKind.CANCEL: frozenset({LineStatus.PREPARING}),
    ClaimKind.RETURN: frozenset({LineStatus.SHIPPING, LineStatus.DELIVERED, LineStatus.CONFIRMED}),
    ClaimKind.EXCHANGE: frozenset({LineStatus.DELIVERED, LineStatus.CONFIRMED}),
}


def states_of(kind: ClaimKind) -> frozenset[LineStatus]:
    """Return the states in which a line can be claimed so."""
    return _FROM[kind]


def delivered_on(line_ids: Collection[int]) -> dict[int, date]:
    """Return the day each line last reached its buyer."""
    rows = db.session.execute(
        select(LineHistory.line_id, func.max(LineHistory.at))
        .where(
            LineHistory.line_id.in_(list(line_ids)),
            LineHistory.to_status == LineStatus.DELIVERED.value,
        )
        .group_by(LineHistory.line_id)
    )
    return {line_id: day_in_seoul(at) for line_id, at in rows}


def last_day(delivered: date, fault: Fault) -> date:
    """Return the last day goods delivered on a day can be claimed."""
    if fault is Fault.BUYER:
        return delivered + timedelta(days=CHANGE_OF_MIND_DAYS)
    months = delivered.month - 1 + DEFECT_MONTHS
    year, month = delivered.year + months // 12, months % 12 + 1
    return date(year, month, min(delivered.day, monthrange(year, month)[1]))


def check(line: Line, *, kind: ClaimKind, fault: Fault, delivered: date | None, on: date) -> None:
    """
    Check that a line may be claimed on a day.

    :raises NotNow, ConfirmedAlready, TimeOver:
    """
    if line.status not in _FROM[kind]:
        raise NotNow(name=line.product_name, status=status.LABELS[line.status], kind=KINDS[kind])
    if line.status is LineStatus.CONFIRMED and fault is Fault.BUYER:
        raise ConfirmedAlready(name=line.product_name)
    if delivered is not None and kind is not ClaimKind.CANCEL:
        until = last_day(delivered, fault)
        if on > until:
            raise TimeOver(name=line.product_name, until=until)
