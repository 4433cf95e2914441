"""
Waybill numbers by the sheet: ours, SmartStore's dispatch sheet, and what carriers send back.

A sheet is read and compared with the orders first; each parcel is then sent on its own, so that one
wrong row stops no other, and the same sheet twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import select

from marketplace.core import sheets
from marketplace.core.db import db
from marketplace.core.errors import DomainError
from marketplace.core.sheets import SheetUnreadable
from marketplace.orders import carriers, fulfilment, line_numbers, status, waybills
from marketplace.orders.carriers import CarrierRow, Directory
from marketplace.orders.fulfilment import Way
from marketplace.orders.line_numbers import Name
from marketplace.orders.models import Bundle, Line, LineStatus, Order
from marketplace.orders.shipment_models import Shipment, ShipmentLine, ShipmentMethod

# Each parcel is a transaction of its own; more of them would outlast a browser's patience.
MOST_ROWS: Final = 500
_NEEDED: Final = (
    "제목 줄에 주문번호(상품주문번호 또는 고객주문번호)와 송장번호(운송장번호) 열이 있어야 합니다."
)
_COLUMNS: Final[Mapping[str, Collection[str]]] = {
    "line": ("상품주문번호",),
    "bundle": ("고객주문번호", "고객주문no", "주문번호"),
    "method": ("배송방법",),
    "carrier": ("택배사", "택배사명", "배송사"),
    "waybill": ("송장번호", "운송장번호", "운송장no", "운송장", "등기번호"),
}
_METHODS: Final[Mapping[str, ShipmentMethod]] = {
    "": ShipmentMethod.PARCEL,
    "택배": ShipmentMethod.PARCEL,
    "택배,등기,소포": ShipmentMethod.PARCEL,
    "택배/등기/소포": ShipmentMethod.PARCEL,
    "등기": ShipmentMethod.PARCEL,
    "소포": ShipmentMethod.PARCEL,
    "직접배송": ShipmentMethod.DIRECT,
    "직접전달": ShipmentMethod.DIRECT,
    "방문수령": ShipmentMethod.PICKUP,
}


class Layout(StrEnum):
    """How a sheet is laid out."""

    BY_TITLE = "by_title"
    CJ = "cj"
    KDEXP = "kdexp"
    DAESIN = "daesin"


LAYOUT_NAMES: Final[Mapping[Layout, str]] = {
    Layout.BY_TITLE: "제목 줄로 찾기 (우리 양식·스마트스토어·제목이 있는 택배사 파일)",
    Layout.CJ: "CJ대한통운 회신 파일 (19번째 열 주문번호, 8번째 열 운송장)",
    Layout.KDEXP: "경동택배 회신 파일 (6번째 열 주문번호, 5번째 열 운송장)",
    Layout.DAESIN: "대신택배 회신 파일 (10번째 열 주문번호, 3번째 열 운송장)",
}
# Carrier, and where the order's number and the waybill stand, counted from one.
_PLACES: Final[Mapping[Layout, tuple[str, int, int]]] = {
    Layout.CJ: ("CJGLS", 19, 8),
    Layout.KDEXP: ("KDEXP", 6, 5),
    Layout.DAESIN: ("DAESIN", 10, 3),
}


class Outcome(StrEnum):
    """What became of a row."""

    SENT = "sent"
    KNOWN = "known"
    REFUSED = "refused"


@dataclass(frozen=True)
class Answer:
    """What became of one row, in words."""

    row: int
    named: str
    outcome: Outcome
    text: str


@dataclass(frozen=True)
class _Row:
    number: int
    named: str
    method: str
    carrier: str
    waybill: str


@dataclass(frozen=True)
class _Line:
    id: int
    bundle_id: int
    status: LineStatus
    # (carrier, waybill) of the shipment it is in.
    sent_as: tuple[str | None, str | None] | None


@dataclass
class Parcel:
    """Rows that leave together: one bundle, one number."""

    bundle_id: int
    way: Way
    line_ids: list[int] = field(default_factory=list)
    rows: list[tuple[int, str]] = field(default_factory=list)


@dataclass
class Plan:
    """What a sheet asks for: parcels to send, and rows that are answered already."""

    parcels: list[Parcel]
    answers: list[Answer]


def plan(
    content: bytes,
    *,
    layout: Layout,
    default_carrier: str,
    enterprise_ids: Collection[int],
) -> Plan:
    """
    Compare a sheet with the orders of these enterprises; nothing is changed yet.

    :raises SheetUnreadable:
    """
    rows = _read(content, layout, default_carrier)
    if len(rows) > MOST_ROWS:
        raise SheetUnreadable(reason=f"{MOST_ROWS:,}줄 이하로 나누어 올려 주세요.")
    names = {row.number: line_numbers.read(row.named) for row in rows}
    lines = _lines_by_name(filter(None, names.values()), enterprise_ids)
    known = carriers.directory()
    made = Plan([], [])
    parcels: dict[tuple[int, Way], Parcel] = {}
    for row in rows:
        try:
            way = _way(row, known)
            meant = _meant(names[row.number], lines)
            answer = _settled(row, way, meant)
        except DomainError as error:
            made.answers.append(Answer(row.number, row.named, Outcome.REFUSED, str(error)))
            continue
        if answer is not None:
            made.answers.append(answer)
            continue
        ready = [line for line in meant if line.status is LineStatus.PREPARING]
        for bundle_id in dict.fromkeys(line.bundle_id for line in ready):
            parcel = parcels.setdefault((bundle_id, way), Parcel(bundle_id=bundle_id, way=way))
            of_bundle = [line.id for line in ready if line.bundle_id == bundle_id]
            parcel.line_ids = list(dict.fromkeys([*parcel.line_ids, *of_bundle]))
            parcel.rows.append((row.number, row.named))
    made.parcels = list(parcels.values())
    return made


def send(
    parcel: Parcel,
    *,
    enterprise_ids: Collection[int],
    actor: str,
    at: datetime,
    ip: str | None = None,
) -> list[Answer]:
    """
    Send one parcel of a plan and answer its rows.

    :raises DomainError: when it cannot be sent any more; see `refused`.
    """
    fulfilment.dispatch(
        bundle_id=parcel.bundle_id,
        enterprise_ids=enterprise_ids,
        way=parcel.way,
        line_ids=parcel.line_ids,
        actor=actor,
        at=at,
        ip=ip,
    )
    return [
        Answer(number, named, Outcome.SENT, "발송 처리했습니다.") for number, named in parcel.rows
    ]


def refused(parcel: Parcel, error: DomainError) -> list[Answer]:
    """Answer the rows of a parcel that could not be sent."""
    return [Answer(number, named, Outcome.REFUSED, str(error)) for number, named in parcel.rows]


class _RowRefused(DomainError):
    message = "{text}"


def _read(content: bytes, layout: Layout, default_carrier: str) -> list[_Row]:
    if layout in _PLACES:
        return _read_places(content, *_PLACES[layout])
    rows = sheets.read(
        content,
        columns=_COLUMNS,
        is_enough=_has_titles(),
        needed=_NEEDED,
    )
    return [
        _Row(
            number=row.number,
            named=row.cells["line"] or row.cells["bundle"],
            method="".join(row.cells["method"].split()),
            carrier=row.cells["carrier"] or default_carrier,
            waybill=row.cells["waybill"],
        )
        for row in rows
    ]


def _has_titles() -> Callable[[Collection[str]], bool]:
    return lambda titles: "waybill" in titles and ("line" in titles or "bundle" in titles)


def _read_places(content: bytes, carrier: str, order_at: int, waybill_at: int) -> list[_Row]:
    """Read a carrier's file by place: its titles name no order of ours and are passed over."""
    found: list[_Row] = []
    for number, line in enumerate(sheets.read_lines(content), start=1):
        named, waybill = _cell(line, order_at), _cell(line, waybill_at)
        if (found or line_numbers.read(named) is not None) and (named or waybill):
            found.append(_Row(number, named[:60], "", carrier, waybill[:60]))
    if not found:
        raise SheetUnreadable(
            reason=f"{order_at}번째 열에 우리 주문번호가 없습니다. 파일 종류를 확인해 주세요."
        )
    return found


def _cell(line: Sequence[str], place: int) -> str:
    return line[place - 1].strip() if len(line) >= place else ""


def _way(row: _Row, known: Directory) -> Way:
    method = _METHODS.get(row.method)
    if method is None:
        raise _RowRefused(text=f"배송방법 '{row.method[:20]}'을(를) 알 수 없습니다.")
    if method is not ShipmentMethod.PARCEL:
        return Way(method=method)
    carrier = _carrier(row.carrier, known)
    return Way(carrier_code=carrier.code, waybill=waybills.normalise(row.waybill, carrier))


def _carrier(called: str, known: Directory) -> CarrierRow:
    if not called:
        raise _RowRefused(text="택배사가 없습니다. 위에서 택배사를 고르고 다시 올려 주세요.")
    carrier = known.find(called)
    if carrier is None:
        raise _RowRefused(text=f"택배사 '{called[:20]}'을(를) 알 수 없습니다.")
    return carrier


def _meant(name: Name | None, lines: Mapping[Name, list[_Line]]) -> list[_Line]:
    found = lines.get(name) if name is not None else None
    if not found:
        raise _RowRefused(text="내 가게의 주문이 아닙니다. 주문번호를 확인해 주세요.")
    return found


def _settled(row: _Row, way: Way, meant: Iterable[_Line]) -> Answer | None:
    """Answer a row that nothing is to be done for; None when its lines are to be sent."""
    meant = list(meant)
    if any(line.status is LineStatus.PREPARING for line in meant):
        return None
    wanted = (way.carrier_code, way.waybill) if way.waybill else (None, None)
    if all(line.sent_as == wanted for line in meant if line.sent_as is not None) and any(
        line.sent_as is not None for line in meant
    ):
        return Answer(row.number, row.named, Outcome.KNOWN, "이미 같은 송장으로 발송했습니다.")
    present = status.derive([line.status for line in meant])
    if any(line.sent_as is not None for line in meant):
        raise _RowRefused(
            text="이미 다른 송장으로 발송했습니다. 주문 화면의 '송장 정정'에서 고쳐 주세요."
        )
    raise _RowRefused(
        text=f"{status.LABELS[present]} 상태입니다. 상품준비중인 주문만 발송할 수 있습니다."
    )


def _lines_by_name(
    names: Iterable[Name], enterprise_ids: Collection[int]
) -> dict[Name, list[_Line]]:
    numbers = {name.order_number for name in names}
    rows = db.session.execute(
        select(
            Order.number,
            Bundle.position,
            Line.position,
            Line.id,
            Line.bundle_id,
            Line.status,
            Shipment.id,
            Shipment.carrier_code,
            Shipment.waybill,
        )
        .select_from(Line)
        .join(Order, Order.id == Line.order_id)
        .join(Bundle, Bundle.id == Line.bundle_id)
        .outerjoin(ShipmentLine, ShipmentLine.line_id == Line.id)
        .outerjoin(
            Shipment,
            (Shipment.id == ShipmentLine.shipment_id) & Shipment.claim_case_id.is_(None),
        )
        .where(
            Order.number.in_(numbers),
            Order.paid_at.is_not(None),
            Line.enterprise_id.in_(enterprise_ids),
        )
        .order_by(Line.id)
    )
    found: dict[Name, list[_Line]] = {}
    for order, bundle_at, line_at, line_id, bundle_id, state, shipment, carrier, waybill in rows:
        line = _Line(line_id, bundle_id, state, None if shipment is None else (carrier, waybill))
        name = Name(order)
        for called in (
            name,
            replace(name, line_position=line_at),
            replace(name, bundle_position=bundle_at),
        ):
            found.setdefault(called, []).append(line)
    return found
