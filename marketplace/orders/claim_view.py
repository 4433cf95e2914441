"""One claim case with everything about it, for whom it concerns."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from marketplace.catalog.models import Variant
from marketplace.core.db import db
from marketplace.core.money import Won
from marketplace.enterprises.models import Enterprise
from marketplace.orders import claim_lists, reasons, status
from marketplace.orders.claim_desk import ClaimNotFound
from marketplace.orders.models import (
    Bundle,
    ClaimCase,
    ClaimHistory,
    ClaimKind,
    ClaimLine,
    ClaimStatus,
    Fault,
    Line,
    Order,
    PickUp,
)


@dataclass(frozen=True, kw_only=True)
class ClaimedLine:
    """Some pieces of one line, as pages show them."""

    line_id: int
    name: str
    option_label: str
    quantity: int
    cash: Won
    coupon: Won
    new_label: str | None


@dataclass(frozen=True, kw_only=True)
class ClaimStep:
    """One step of a case."""

    label: str
    actor: str
    note: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class ClaimView:
    """One case with everything about it; amounts in won."""

    id: int
    order_id: int
    order_number: str
    bundle_id: int
    enterprise_id: int
    enterprise_name: str
    enterprise_phone: str
    kind: ClaimKind
    status: ClaimStatus
    reason: str
    words: str
    fault: Fault
    pick_up: PickUp | None
    return_carrier: str | None
    return_waybill: str | None
    inspection: str | None
    rejection_reason: str | None
    return_fee: Won
    goods_refund: Won
    shipping_refund: Won
    coupon_return: Won
    requested_at: datetime
    refund_due_on: date | None
    finished_at: datetime | None
    lines: tuple[ClaimedLine, ...]
    steps: tuple[ClaimStep, ...]

    @property
    def label(self) -> str:
        """Return what people read of the state."""
        return status.CLAIM_LABELS[self.status]

    @property
    def is_open(self) -> bool:
        """Say whether something is still to be done."""
        return self.finished_at is None

    @property
    def may_be_withdrawn(self) -> bool:
        """Say whether the buyer may still think better of it."""
        return ClaimStatus.WITHDRAWN in status.CLAIM_MOVES[self.status]

    @property
    def may_be_rejected(self) -> bool:
        """Say whether the enterprise may still refuse."""
        return ClaimStatus.REJECTED in status.CLAIM_MOVES[self.status]

    @property
    def cash(self) -> Won:
        """Return the money that goes back in all; an exchange brings none."""
        if self.kind is ClaimKind.EXCHANGE:
            return Won(0)
        return Won(self.goods_refund + self.shipping_refund - self.return_fee)


def get(
    case_id: int, *, enterprise_ids: Collection[int] | None = None, order_id: int | None = None
) -> ClaimView:
    """
    Return one case to whom it concerns.

    :raises ClaimNotFound:
    """
    wanted = (
        select(ClaimCase, Order.number, Enterprise)
        .join(Bundle, Bundle.id == ClaimCase.bundle_id)
        .join(Order, Order.id == ClaimCase.order_id)
        .join(Enterprise, Enterprise.id == Bundle.enterprise_id)
        .where(ClaimCase.id == case_id, claim_lists.theirs(enterprise_ids))
    )
    if order_id is not None:
        wanted = wanted.where(ClaimCase.order_id == order_id)
    found = db.session.execute(wanted.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise ClaimNotFound
    return _view(*found)


def _view(case: ClaimCase, number: str, enterprise: Enterprise) -> ClaimView:
    return ClaimView(
        id=case.id,
        order_id=case.order_id,
        order_number=number,
        bundle_id=case.bundle_id or 0,
        enterprise_id=enterprise.id,
        enterprise_name=enterprise.name,
        enterprise_phone=enterprise.phone,
        kind=case.kind,
        status=case.status,
        reason=reasons.label_of(case.reason_code),
        words=case.reason,
        fault=case.fault or Fault.BUYER,
        pick_up=case.pick_up,
        return_carrier=case.return_carrier,
        return_waybill=case.return_waybill,
        inspection=case.inspection,
        rejection_reason=case.rejection_reason,
        return_fee=case.return_fee,
        goods_refund=case.cash_refund,
        shipping_refund=case.shipping_refund,
        coupon_return=case.coupon_return,
        requested_at=case.requested_at,
        refund_due_on=claim_lists.due_on(case),
        finished_at=case.finished_at,
        lines=_lines(case.id),
        steps=_steps(case.id),
    )


def _lines(case_id: int) -> tuple[ClaimedLine, ...]:
    rows = db.session.execute(
        select(ClaimLine, Line, Variant.option_values)
        .join(Line, Line.id == ClaimLine.line_id)
        .outerjoin(Variant, Variant.id == ClaimLine.new_variant_id)
        .where(ClaimLine.claim_case_id == case_id)
        .order_by(Line.position)
    )
    return tuple(
        ClaimedLine(
            line_id=line.id,
            name=line.product_name,
            option_label=line.option_label,
            quantity=claimed.quantity,
            cash=claimed.cash_refund,
            coupon=claimed.coupon_return,
            new_label=None
            if claimed.new_variant_id is None
            else " / ".join(options or ()) or "같은 상품",
        )
        for claimed, line, options in rows
    )


def _steps(case_id: int) -> tuple[ClaimStep, ...]:
    rows = db.session.scalars(
        select(ClaimHistory)
        .where(ClaimHistory.claim_case_id == case_id)
        .order_by(ClaimHistory.at, ClaimHistory.id)
    )
    return tuple(
        ClaimStep(
            label=status.CLAIM_LABELS[ClaimStatus(row.to_status)],
            actor=row.actor,
            note=row.note,
            at=row.at,
        )
        for row in rows
    )
