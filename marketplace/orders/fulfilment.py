"""What an enterprise does with a paid order: accept it, send it, correct a number, bring it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import insert, select

from marketplace.audit import trail
from marketplace.core import outbox
from marketplace.core.db import db, table_of
from marketplace.core.errors import Conflict, InvalidInput, NotFound
from marketplace.orders import carriers, lifecycle, ownership, status, waybills
from marketplace.orders.carriers import CarrierRow
from marketplace.orders.models import (
    Bundle,
    ClaimCase,
    ClaimKind,
    ClaimLine,
    Line,
    LineStatus,
    Order,
)
from marketplace.orders.ownership import OwnedBundle
from marketplace.orders.shipment_models import Shipment, ShipmentLine, ShipmentMethod
from marketplace.orders.shipments import METHOD_NAMES

# After that a carrier may give the same number to another parcel.
_NUMBER_KEPT: Final = timedelta(days=60)


class LineNotInBundle(NotFound):
    """The bundle has no such line."""

    message = "이 주문에 없는 상품입니다."


class NothingChosen(InvalidInput):
    """No line was chosen."""

    message = "보낼 상품을 골라 주세요."
    field = "lines"


class NotReady(Conflict):
    """A line cannot leave from where it stands."""

    message = "{name}은(는) {present} 상태라 발송 처리할 수 없습니다. 새로 고쳐 확인해 주세요."


class CancelAsked(Conflict):
    """The buyer asked to cancel it and waits for an answer."""

    message = "{name}에 취소 요청이 있습니다. 요청에 먼저 답해 주세요."


class NothingToAccept(Conflict):
    """Nobody waits for it: a colleague was faster, or the buyer cancelled."""

    message = "확인할 새 주문이 없습니다. 이미 확인했거나 취소된 주문입니다."


class WaybillTaken(Conflict):
    """The number belongs to another buyer's parcel."""

    message = "{waybill}은(는) 주문 {number}에 쓴 운송장 번호입니다."


class AlreadyThere(Conflict):
    """It was delivered before."""

    message = "이미 배송완료된 배송입니다."


class NoParcel(Conflict):
    """What is brought by hand has no waybill."""

    message = "택배로 보낸 상품만 운송장을 고칠 수 있습니다."


@dataclass(frozen=True, kw_only=True)
class Way:
    """How goods are to travel; `carrier` and `waybill` as typed, for parcels alone."""

    method: ShipmentMethod = ShipmentMethod.PARCEL
    carrier_code: str = ""
    waybill: str = ""


def accept(
    *,
    bundle_id: int,
    enterprise_ids: Collection[int],
    actor: str,
    at: datetime,
    ip: str | None = None,
) -> None:
    """
    Begin to prepare a bundle (발주확인): from now on its buyer can only ask to cancel.

    :raises BundleNotFound, NothingToAccept:
    """
    owned = ownership.get_bundle(bundle_id, enterprise_ids=enterprise_ids)
    lifecycle.lock(owned.order_id)
    new = [line.id for line in _lines_of(bundle_id) if line.status is LineStatus.PAID]
    if not new:
        raise NothingToAccept
    status.move(line_ids=new, to=LineStatus.PREPARING, actor=actor, at=at, ip=ip)


def dispatch(
    *,
    bundle_id: int,
    enterprise_ids: Collection[int],
    way: Way,
    line_ids: Collection[int] | None = None,
    actor: str,
    at: datetime,
    ip: str | None = None,
) -> int:
    """
    Send a bundle's lines, all that are ready when none is named; return the shipment's id.

    Lines that follow under the same number join the parcel they travel in.

    :raises BundleNotFound, LineNotInBundle, NothingChosen, NotReady, CancelAsked, WaybillTaken,
        CarrierNotFound, WaybillInvalid:
    """
    owned = ownership.get_bundle(bundle_id, enterprise_ids=enterprise_ids)
    lifecycle.lock(owned.order_id)
    carrier, number = _checked(way)
    carrier_code = carrier.code if carrier else None
    lines = _chosen(bundle_id, line_ids)
    _refuse_asked_back(lines)
    if number is not None:
        _refuse_taken(owned, carrier_code, number, at=at)
    shipment_id = _find_joinable(bundle_id, carrier_code, number) or _open(
        owned, way.method, carrier_code, number, at=at
    )
    db.session.execute(
        insert(table_of(ShipmentLine)),
        [
            {
                "shipment_id": shipment_id,
                "line_id": line.id,
                "quantity": line.quantity - line.canceled_quantity,
            }
            for line in lines
        ],
    )
    status.move(
        line_ids=[line.id for line in lines],
        to=LineStatus.SHIPPING,
        actor=actor,
        note=f"{carrier.name} {number}" if carrier else METHOD_NAMES[way.method],
        at=at,
        ip=ip,
    )
    outbox.enqueue(
        "notifications.deliver",
        {"kind": "order_shipped", "shipment_id": shipment_id},
        key=f"order_shipped:{shipment_id}",
    )
    return shipment_id


def correct_waybill(
    *,
    shipment_id: int,
    enterprise_ids: Collection[int],
    carrier_code: str,
    waybill: str,
    actor: str,
    actor_id: int | None,
    at: datetime,
    ip: str | None = None,
) -> None:
    """
    Put another number on a parcel under way.

    :raises ShipmentNotFound, NoParcel, AlreadyThere, WaybillTaken, CarrierNotFound, WaybillInvalid:
    """
    owned = ownership.get_bundle_of_shipment(shipment_id, enterprise_ids=enterprise_ids)
    lifecycle.lock(owned.order_id)
    shipment = db.session.get_one(Shipment, shipment_id, populate_existing=True)
    if shipment.method is not ShipmentMethod.PARCEL:
        raise NoParcel
    if shipment.delivered_at is not None:
        raise AlreadyThere
    carrier, number = _checked(Way(carrier_code=carrier_code, waybill=waybill))
    before = (shipment.carrier_code, shipment.waybill)
    if carrier is None or number is None or (carrier.code, number) == before:
        return
    _refuse_taken(owned, carrier.code, number, at=at)
    shipment.carrier_code, shipment.waybill = carrier.code, number
    shipment.tracked_at = shipment.last_event = None
    db.session.flush()
    note = f"운송장 정정: {before[1]} → {carrier.name} {number}"
    status.note(line_ids=_lines_in(shipment_id), actor=actor, note=note, at=at, ip=ip)
    trail.record(
        "shipment.waybill_corrected",
        subject_kind="shipment",
        subject_id=shipment_id,
        actor_id=actor_id,
        details={"before": list(before), "after": [carrier.code, number]},
        ip=ip,
    )


def mark_delivered(
    *,
    shipment_id: int,
    enterprise_ids: Collection[int],
    actor: str,
    at: datetime,
    ip: str | None = None,
) -> None:
    """
    Note that a shipment has arrived, as its enterprise says.

    :raises ShipmentNotFound, AlreadyThere:
    """
    owned = ownership.get_bundle_of_shipment(shipment_id, enterprise_ids=enterprise_ids)
    lifecycle.lock(owned.order_id)
    if not arrive(shipment_id=shipment_id, actor=actor, at=at, ip=ip):
        raise AlreadyThere


def arrive(*, shipment_id: int, actor: str, at: datetime, ip: str | None = None) -> bool:
    """Let a shipment of an order this transaction holds arrive; False when it had before."""
    shipment = db.session.get_one(Shipment, shipment_id, populate_existing=True)
    if shipment.delivered_at is not None:
        return False
    shipment.delivered_at = at
    db.session.flush()
    under_way = db.session.scalars(
        select(Line.id)
        .join(ShipmentLine, ShipmentLine.line_id == Line.id)
        .where(ShipmentLine.shipment_id == shipment_id, Line.status == LineStatus.SHIPPING)
        .order_by(Line.id)
    ).all()
    status.move(line_ids=under_way, to=LineStatus.DELIVERED, actor=actor, at=at, ip=ip)
    outbox.enqueue(
        "notifications.deliver",
        {"kind": "order_delivered", "shipment_id": shipment_id},
        key=f"order_delivered:{shipment_id}",
    )
    return True


def _lines_of(bundle_id: int) -> list[Line]:
    return list(
        db.session.scalars(
            select(Line)
            .where(Line.bundle_id == bundle_id)
            .order_by(Line.position)
            .execution_options(populate_existing=True)
        )
    )


def _chosen(bundle_id: int, line_ids: Collection[int] | None) -> list[Line]:
    lines = _lines_of(bundle_id)
    if line_ids is None:
        ready = [line for line in lines if line.status is LineStatus.PREPARING]
        if not ready:
            present = status.derive([line.status for line in lines])
            raise NotReady(name=lines[0].product_name, present=status.LABELS[present])
        return ready
    wanted = set(line_ids)
    if not wanted:
        raise NothingChosen
    chosen = [line for line in lines if line.id in wanted]
    if len(chosen) != len(wanted):
        raise LineNotInBundle
    for line in chosen:
        if line.status is not LineStatus.PREPARING:
            raise NotReady(name=line.product_name, present=status.LABELS[line.status])
    return chosen


def _refuse_asked_back(lines: Iterable[Line]) -> None:
    names = {line.id: line.product_name for line in lines}
    asked = db.session.scalar(
        select(ClaimLine.line_id)
        .join(ClaimCase, ClaimCase.id == ClaimLine.claim_case_id)
        .where(
            ClaimLine.line_id.in_(names),
            ClaimCase.kind == ClaimKind.CANCEL,
            ClaimCase.finished_at.is_(None),
        )
        .limit(1)
    )
    if asked is not None:
        raise CancelAsked(name=names[asked])


def _checked(way: Way) -> tuple[CarrierRow | None, str | None]:
    if way.method is not ShipmentMethod.PARCEL:
        return None, None
    carrier = carriers.directory().get(way.carrier_code)
    return carrier, waybills.normalise(way.waybill, carrier)


def _refuse_taken(owned: OwnedBundle, carrier: str | None, number: str, *, at: datetime) -> None:
    """Let two parcels' worth of orders share a number only when one buyer gets them."""
    mine = select(Order.recipient_phone, Order.zip_code).where(Order.id == owned.order_id)
    phone, zip_code = db.session.execute(mine).one()
    other = db.session.scalar(
        select(Order.number)
        .join(Bundle, Bundle.order_id == Order.id)
        .join(Shipment, Shipment.bundle_id == Bundle.id)
        .where(
            Shipment.waybill == number,
            Shipment.carrier_code == carrier,
            Shipment.shipped_at > at - _NUMBER_KEPT,
            Bundle.enterprise_id == owned.enterprise_id,
            Bundle.id != owned.id,
            (Order.recipient_phone != phone) | (Order.zip_code != zip_code),
        )
        .limit(1)
    )
    if other is not None:
        raise WaybillTaken(waybill=number, number=other)


def _find_joinable(bundle_id: int, carrier: str | None, number: str | None) -> int | None:
    if number is None:
        return None
    return db.session.scalar(
        select(Shipment.id).where(
            Shipment.bundle_id == bundle_id,
            Shipment.carrier_code == carrier,
            Shipment.waybill == number,
            Shipment.delivered_at.is_(None),
            Shipment.claim_case_id.is_(None),
        )
    )


def _open(
    owned: OwnedBundle,
    method: ShipmentMethod,
    carrier: str | None,
    number: str | None,
    *,
    at: datetime,
) -> int:
    shipment = Shipment(
        bundle_id=owned.id, method=method, carrier_code=carrier, waybill=number, shipped_at=at
    )
    db.session.add(shipment)
    db.session.flush()
    return shipment.id


def _lines_in(shipment_id: int) -> list[int]:
    return list(
        db.session.scalars(
            select(ShipmentLine.line_id)
            .where(ShipmentLine.shipment_id == shipment_id)
            .order_by(ShipmentLine.line_id)
        )
    )
