"""Cancel some orders the way their buyers did, and let the rest of each go on."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import select

from marketplace.checkout import canceling, refunding
from marketplace.core.db import db
from marketplace.demo.district.load_history import advance
from marketplace.demo.district.load_orders import WrittenOrder
from marketplace.orders.models import Line
from marketplace.payments.models import Refund, RefundState
from marketplace.payments.port import ProviderRefund

_REASONS: Final = (
    "다른 색으로 다시 주문하려고요",
    "배송지를 잘못 적었습니다",
    "같은 것을 두 번 주문했어요",
    "마음이 바뀌었습니다",
)
_REFUND_TAKES: Final = timedelta(hours=6)


def load(written: list[WrittenOrder]) -> None:
    """Cancel what was cancelled; the provider's success is recorded a few hours later."""
    for position, one in enumerate(written):
        if one.order.timeline.canceled_at is not None:
            _cancel(one, _REASONS[position % len(_REASONS)])


def _cancel(one: WrittenOrder, reason: str) -> None:
    timeline, seed = one.order.timeline, one.order.seed
    at = timeline.canceled_at
    if at is None:
        return
    lines = db.session.scalars(
        select(Line).where(Line.order_id == one.id).order_by(Line.position)
    ).all()
    chosen = lines[:1] if seed.fate == "one_canceled" else lines
    case = canceling.cancel_lines(
        order_id=one.id,
        attempt_key=f"demo-cancel-{seed.number}",
        quantities={line.id: line.quantity for line in chosen},
        reason=reason,
        actor=f"person:{one.order.person_id}",
        at=at,
    )
    refund = db.session.scalars(
        select(Refund).where(Refund.reference == f"claim_case:{case.claim_case_id}")
    ).one_or_none()
    if refund is not None:
        refunding.record(
            refund.id,
            ProviderRefund(f"re_demo_{seed.number}", RefundState.SUCCEEDED, refund.amount),
            at=at + _REFUND_TAKES,
        )
    left = [line.id for line in lines if line not in chosen]
    if left:
        advance(left, timeline)
