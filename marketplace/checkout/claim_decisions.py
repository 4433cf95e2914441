"""Enterprises answer claims, and the office in their stead: accept, collect, inspect, finish."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from marketplace.catalog import stock
from marketplace.checkout import canceling, claim_money, claim_news, claims, exchanges
from marketplace.checkout.claim_money import Cause, RefundChanged
from marketplace.core.db import db
from marketplace.core.errors import Conflict, InvalidInput
from marketplace.core.money import Won
from marketplace.orders import canceling as cases
from marketplace.orders import claim_desk, claim_terms, standing, status
from marketplace.orders.claim_desk import Case
from marketplace.orders.fulfilment import Way
from marketplace.orders.models import ClaimCase, ClaimKind, ClaimStatus, LineStatus
from marketplace.orders.shipment_models import Shipment
from marketplace.orders.standing import ShippingBack, Standing

_GOODS = (ClaimKind.RETURN, ClaimKind.EXCHANGE)


class ReasonMissing(InvalidInput):
    """Who refuses a buyer, or acts for an enterprise, says why."""

    message = "이유를 적어 주세요."


class InspectionMissing(InvalidInput):
    """What was found is part of the case."""

    message = "검수한 내용을 적어 주세요."


class NotCollecting(Conflict):
    """Goods are only on their way back while a case is being collected."""

    message = "수거 중인 요청에만 회수 운송장을 적을 수 있습니다."


@dataclass(frozen=True, kw_only=True)
class Decider:
    """Who decides: people of some enterprises, or the office when it names none."""

    actor: str
    at: datetime
    enterprise_ids: Collection[int] | None = None
    # Why the office does what is an enterprise's to do.
    stated: str = ""

    def lock(self, case_id: int) -> Case:
        """
        Lock a case this decider may act on.

        :raises ClaimNotFound, ReasonMissing:
        """
        if self.enterprise_ids is None and not self.stated.strip():
            raise ReasonMissing
        return claim_desk.lock(case_id, enterprise_ids=self.enterprise_ids)

    def note(self, words: str = "") -> str:
        """Return what stays in the history."""
        return " · ".join(part for part in (words.strip(), self.stated.strip()) if part)


def accept(case_id: int, by: Decider) -> None:
    """
    Accept a request: a cancel is done with it, goods are to come back.

    :raises ClaimNotFound, ClaimMoved, TooLate, SoldOut, RefundChanged:
    """
    case = by.lock(case_id)
    if case.kind is ClaimKind.CANCEL:
        claim_desk.move(
            case, to=ClaimStatus.DONE, actor=by.actor, at=by.at, note=by.note("취소 승인")
        )
        _pay_back(case, by, to=LineStatus.CANCELED, restock=True)
        claim_news.tell_buyer("claim_done", case_id=case.id)
        return
    claim_desk.move(
        case, to=ClaimStatus.COLLECTING, actor=by.actor, at=by.at, note=by.note("접수 승인")
    )
    if case.kind is ClaimKind.EXCHANGE:
        exchanges.set_aside(case, at=by.at)
    claim_news.tell_buyer("claim_accepted", case_id=case.id)


def reject(case_id: int, by: Decider, *, reason: str) -> None:
    """
    Refuse a request, or goods that came back, and say why.

    :raises ReasonMissing, ClaimNotFound, ClaimMoved:
    """
    if not reason.strip():
        raise ReasonMissing
    case = by.lock(case_id)
    claim_desk.move(
        case,
        to=ClaimStatus.REJECTED,
        actor=by.actor,
        at=by.at,
        note=by.note(reason),
        rejection_reason=reason.strip()[:500],
    )
    stock.release(reference=exchanges.reference_of(case.id))
    claim_news.tell_buyer("claim_rejected", case_id=case.id)


def set_waybill(case_id: int, by: Decider, *, carrier: str, waybill: str) -> None:
    """
    Note by which parcel goods come back.

    :raises WaybillMissing, CarrierNotFound, WaybillInvalid, ClaimNotFound, NotCollecting:
    """
    case = by.lock(case_id)
    named, number = claim_desk.parcel_of(carrier, waybill)
    if case.status is not ClaimStatus.COLLECTING:
        raise NotCollecting
    claim_desk.set_waybill(case, carrier=named, waybill=number, actor=by.actor, at=by.at)


def collect(case_id: int, by: Decider) -> None:
    """
    Note that goods came back; from now on money is due within three business days.

    :raises ClaimNotFound, ClaimMoved, WrongKind:
    """
    case = by.lock(case_id)
    due = claims.refund_due(by.at) if case.kind is ClaimKind.RETURN else None
    claim_desk.move(
        case,
        to=ClaimStatus.COLLECTED,
        actor=by.actor,
        at=by.at,
        note=by.note("상품이 돌아옴"),
        kinds=_GOODS,
        collected_at=by.at,
        refund_due_on=due,
    )


def finish_return(case_id: int, by: Decider, *, sellable: bool, inspection: str) -> None:
    """
    Pay a return back as agreed; what can be sold again goes to the shelf.

    :raises InspectionMissing, ClaimNotFound, ClaimMoved, WrongKind, RefundChanged:
    """
    found = _found(inspection)
    case = by.lock(case_id)
    claim_desk.move(
        case,
        to=ClaimStatus.DONE,
        actor=by.actor,
        at=by.at,
        note=by.note(f"검수: {found}" + ("" if sellable else " (재판매 불가)")),
        kinds=(ClaimKind.RETURN,),
        since=ClaimStatus.COLLECTED,
        inspection=found,
    )
    _pay_back(case, by, to=LineStatus.RETURNED, restock=sellable)
    claim_news.tell_buyer("claim_done", case_id=case.id)


def send_exchange(case_id: int, by: Decider, *, way: Way, sellable: bool, inspection: str) -> int:
    """
    Send what an exchange is for; return the shipment's id.

    :raises InspectionMissing, ClaimNotFound, ClaimMoved, WrongKind, CarrierNotFound,
        WaybillInvalid:
    """
    found = _found(inspection)
    case = by.lock(case_id)
    claim_desk.move(
        case,
        to=ClaimStatus.REDELIVERING,
        actor=by.actor,
        at=by.at,
        note=by.note(f"검수: {found}" + ("" if sellable else " (재판매 불가)")),
        kinds=(ClaimKind.EXCHANGE,),
        inspection=found,
    )
    return exchanges.send(case, way=way, sellable=sellable, at=by.at)


def complete_exchange(case_id: int, by: Decider) -> None:
    """
    Note that what was sent instead has arrived.

    :raises ClaimNotFound, ClaimMoved, WrongKind:
    """
    case = by.lock(case_id)
    claim_desk.move(
        case,
        to=ClaimStatus.DONE,
        actor=by.actor,
        at=by.at,
        note=by.note("교환 상품 도착"),
        kinds=(ClaimKind.EXCHANGE,),
        since=ClaimStatus.REDELIVERING,
    )
    exchanges.complete(case, actor=by.actor, at=by.at)
    claim_news.tell_buyer("claim_done", case_id=case.id)


def list_arrived(*, limit: int) -> list[int]:
    """Return exchanges whose parcel has arrived and that nobody has closed."""
    return list(
        db.session.scalars(
            select(ClaimCase.id)
            .join(Shipment, Shipment.claim_case_id == ClaimCase.id)
            .where(ClaimCase.status == ClaimStatus.REDELIVERING, Shipment.delivered_at.is_not(None))
            .order_by(ClaimCase.id)
            .limit(limit)
        )
    )


def _pay_back(case: Case, by: Decider, *, to: LineStatus, restock: bool) -> None:
    stands = standing.load(case.order_id, lock=True, apart_from=case.id)
    back, emptied = canceling.compute(
        stands,
        case.quantities,
        states=claim_terms.states_of(case.kind),
        shipping=_agreed_shipping(stands, case),
        fee=case.return_fee,
    )
    if back.cash_refund != case.cash or back.return_fee != case.return_fee:
        raise RefundChanged(now=back.cash_refund)
    cases.note_backs(back.lines, back.shipping)
    status.move(
        line_ids=[line.line_id for line in back.lines if line.is_last],
        to=to,
        actor=by.actor,
        note=f"요청 {case.id}",
        at=by.at,
    )
    claim_money.settle(
        Cause(
            order_id=case.order_id,
            case_id=case.id,
            kind="cancel" if case.kind is ClaimKind.CANCEL else "return",
            reason=case.reason,
            actor=by.actor,
            at=by.at,
        ),
        back,
        emptied=emptied,
        restock=claim_money.pieces_by_variant(back.lines) if restock else {},
    )


def _agreed_shipping(stands: Standing, case: Case) -> list[ShippingBack]:
    """Return what the buyer was shown of shipping, never more than is still kept of it."""
    if not case.shipping_cash and not case.shipping_coupon:
        return []
    cash, coupon = stands.shipping_kept(case.bundle_id)
    return [
        stands.shipping_back(
            case.bundle_id,
            cash=Won(min(case.shipping_cash, cash)),
            coupon=Won(min(case.shipping_coupon, coupon)),
            enterprise_name="",
        )
    ]


def _found(inspection: str) -> str:
    found = inspection.strip()[:500]
    if not found:
        raise InspectionMissing
    return found
