"""Claim cases as rows: opened, moved step by step with their history, found by whoever may see."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from marketplace.core.db import db
from marketplace.core.errors import Conflict, InvalidInput, NotFound
from marketplace.core.money import Won
from marketplace.orders import carriers, lifecycle, status, waybills
from marketplace.orders.models import (
    Bundle,
    ClaimCase,
    ClaimHistory,
    ClaimKind,
    ClaimLine,
    ClaimStatus,
    Fault,
    Line,
    PickUp,
)
from marketplace.orders.standing import LineBack


class ClaimNotFound(NotFound):
    """No such case, or none this person may see."""

    message = "요청을 찾을 수 없습니다."


class ClaimMoved(Conflict):
    """Somebody was faster: the case is not where this step starts from."""

    message = "이미 처리된 요청입니다(지금 상태: {present}). 새로고침해 확인해 주세요."


class WaybillMissing(InvalidInput):
    """A parcel has a carrier and a number."""

    message = "택배사와 운송장 번호를 모두 적어 주세요."
    field = "waybill"


class WrongKind(Conflict):
    """This step is none of a case of this kind."""

    message = "이 요청에는 할 수 없는 처리입니다."


@dataclass(frozen=True, kw_only=True)
class CaseLine:
    """Some pieces of one line a case is about."""

    line_id: int
    variant_id: int
    quantity: int
    cash: Won
    coupon: Won
    new_variant_id: int | None


@dataclass(frozen=True, kw_only=True)
class Case:
    """One case as it stands while this transaction holds its order; amounts in won."""

    id: int
    order_id: int
    bundle_id: int
    enterprise_id: int
    kind: ClaimKind
    status: ClaimStatus
    reason: str
    fault: Fault
    pick_up: PickUp | None
    return_fee: Won
    shipping_cash: Won
    shipping_coupon: Won
    lines: tuple[CaseLine, ...]

    @property
    def quantities(self) -> dict[int, int]:
        """Return line → pieces."""
        return {line.line_id: line.quantity for line in self.lines}

    @property
    def cash(self) -> Won:
        """Return the money that goes back in all."""
        return Won(sum(line.cash for line in self.lines) + self.shipping_cash - self.return_fee)


def write(
    case: ClaimCase,
    *,
    lines: Sequence[LineBack],
    actor: str,
    at: datetime,
    new_variants: Mapping[int, int] | None = None,
    note: str = "",
) -> None:
    """Write a new case with its lines and the first row of its history."""
    db.session.add(case)
    db.session.flush()
    db.session.execute(
        insert(ClaimLine),
        [
            {
                "claim_case_id": case.id,
                "line_id": back.line_id,
                "quantity": back.quantity,
                "cash_refund": back.cash,
                "coupon_return": back.coupon,
                "new_variant_id": (new_variants or {}).get(back.line_id),
            }
            for back in lines
        ],
    )
    _write_history(case.id, None, case.status, actor=actor, note=note, at=at)


def lock(
    case_id: int,
    *,
    enterprise_ids: Collection[int] | None = None,
    order_id: int | None = None,
) -> Case:
    """
    Lock the order of a case and return the case, to enterprises or a buyer only if theirs.

    :raises ClaimNotFound:
    """
    found = db.session.execute(
        select(ClaimCase.order_id, Bundle.enterprise_id)
        .join(Bundle, Bundle.id == ClaimCase.bundle_id)
        .where(ClaimCase.id == case_id)
    ).one_or_none()
    if (
        found is None
        or (enterprise_ids is not None and found.enterprise_id not in enterprise_ids)
        or (order_id is not None and found.order_id != order_id)
    ):
        raise ClaimNotFound
    lifecycle.lock(found.order_id)
    return _load(case_id, found.enterprise_id)


def move(
    case: Case,
    *,
    to: ClaimStatus,
    actor: str,
    at: datetime,
    note: str = "",
    kinds: Sequence[ClaimKind] = tuple(ClaimKind),
    since: ClaimStatus | None = None,
    **values: object,
) -> None:
    """
    Take a case one step on, with what else is known of it now.

    Kinds take different ways to one end: `since` names where this step of theirs begins.

    :raises ClaimMoved, WrongKind:
    """
    if case.kind not in kinds:
        raise WrongKind
    if to not in status.CLAIM_MOVES[case.status] or since not in (None, case.status):
        raise ClaimMoved(present=status.CLAIM_LABELS[case.status])
    if not status.CLAIM_MOVES[to]:
        values["finished_at"] = at
    moved = db.session.execute(
        update(ClaimCase)
        .where(ClaimCase.id == case.id, ClaimCase.status == case.status)
        .values(status=to, **values)
        .returning(ClaimCase.id)
        .execution_options(synchronize_session=False)
    )
    if moved.first() is None:
        raise ClaimMoved(present=status.CLAIM_LABELS[case.status])
    _write_history(case.id, case.status, to, actor=actor, note=note, at=at)


def parcel_of(carrier_code: str, waybill: str) -> tuple[str, str]:
    """
    Return the carrier's name and the number of a parcel that comes back, as they are kept.

    :raises WaybillMissing, CarrierNotFound, WaybillInvalid:
    """
    if not carrier_code.strip() or not waybill.strip():
        raise WaybillMissing
    carrier = carriers.directory().get(carrier_code)
    return carrier.name, waybills.normalise(waybill, carrier)


def set_waybill(case: Case, *, carrier: str, waybill: str, actor: str, at: datetime) -> None:
    """Note by which parcel goods come back."""
    db.session.execute(
        update(ClaimCase)
        .where(ClaimCase.id == case.id)
        .values(return_carrier=carrier, return_waybill=waybill)
        .execution_options(synchronize_session=False)
    )
    _write_history(
        case.id,
        case.status,
        case.status,
        actor=actor,
        note=f"회수 운송장 {carrier} {waybill}",
        at=at,
    )


def _load(case_id: int, enterprise_id: int) -> Case:
    case = db.session.get_one(ClaimCase, case_id, populate_existing=True)
    rows = db.session.execute(
        select(ClaimLine, Line.variant_id)
        .join(Line, Line.id == ClaimLine.line_id)
        .where(ClaimLine.claim_case_id == case_id)
        .order_by(ClaimLine.line_id)
    ).all()
    lines = tuple(
        CaseLine(
            line_id=line.line_id,
            variant_id=variant_id,
            quantity=line.quantity,
            cash=line.cash_refund,
            coupon=line.coupon_return,
            new_variant_id=line.new_variant_id,
        )
        for line, variant_id in rows
    )
    return Case(
        id=case.id,
        order_id=case.order_id,
        bundle_id=case.bundle_id or 0,
        enterprise_id=enterprise_id,
        kind=case.kind,
        status=case.status,
        reason=case.reason,
        fault=case.fault or Fault.BUYER,
        pick_up=case.pick_up,
        return_fee=case.return_fee,
        shipping_cash=case.shipping_refund,
        shipping_coupon=Won(case.coupon_return - sum(line.coupon for line in lines)),
        lines=lines,
    )


def _write_history(
    case_id: int,
    before: ClaimStatus | None,
    after: ClaimStatus,
    *,
    actor: str,
    note: str,
    at: datetime,
) -> None:
    db.session.execute(
        insert(ClaimHistory).values(
            claim_case_id=case_id,
            from_status=before.value if before else None,
            to_status=after.value,
            actor=actor,
            note=note[:500],
            at=at,
        )
    )
