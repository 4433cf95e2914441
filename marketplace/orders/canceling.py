"""Note what went back of an order: the case that is done at once, its lines, shares, shipping."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update

from marketplace.core.db import db
from marketplace.core.money import Won
from marketplace.orders import claim_desk, status
from marketplace.orders.models import (
    Bundle,
    ClaimCase,
    ClaimKind,
    ClaimStatus,
    Fault,
    Line,
    LineShare,
    LineStatus,
    ShippingShare,
)
from marketplace.orders.standing import (
    LineBack,
    LineUnknown,
    NothingChosen,
    ShippingBack,
    TooLate,
    TooManyCanceled,
)

__all__ = [
    "LineUnknown",
    "NothingChosen",
    "TooLate",
    "TooManyCanceled",
    "find_case",
    "note_backs",
    "record",
]


def find_case(*, order_id: int, attempt_key: str) -> ClaimCase | None:
    """Return the case the same press of the button opened before, or None."""
    return db.session.scalars(
        select(ClaimCase).where(
            ClaimCase.order_id == order_id, ClaimCase.attempt_key == attempt_key
        )
    ).one_or_none()


def record(
    *,
    order_id: int,
    attempt_key: str,
    lines: Sequence[LineBack],
    shipping: Sequence[ShippingBack],
    reason: str,
    actor: str,
    at: datetime,
    ip: str | None,
    reason_code: str = "other",
    fault: Fault | None = None,
    to: LineStatus = LineStatus.CANCELED,
) -> int:
    """Write a finished cancel case, note on lines and shares what went back; return its id."""
    bundles = {back.bundle_id for back in lines}
    case = ClaimCase(
        order_id=order_id,
        bundle_id=bundles.pop() if len(bundles) == 1 else None,
        attempt_key=attempt_key,
        kind=ClaimKind.CANCEL,
        status=ClaimStatus.DONE,
        reason=reason,
        reason_code=reason_code,
        fault=fault,
        requested_by=actor,
        cash_refund=Won(sum(back.cash for back in lines)),
        shipping_refund=Won(sum(back.cash for back in shipping)),
        coupon_return=Won(
            sum(back.coupon for back in lines) + sum(back.coupon for back in shipping)
        ),
        requested_at=at,
        finished_at=at,
    )
    claim_desk.write(case, lines=lines, actor=actor, at=at)
    note_backs(lines, shipping)
    ended = [back.line_id for back in lines if back.is_last]
    status.move(line_ids=ended, to=to, actor=actor, note=reason[:200], at=at, ip=ip)
    return case.id


def note_backs(lines: Sequence[LineBack], shipping: Sequence[ShippingBack]) -> None:
    """Note on lines, bundles and shares what went back."""
    for back in lines:
        db.session.execute(
            update(Line)
            .where(Line.id == back.line_id)
            .values(
                canceled_quantity=Line.canceled_quantity + back.quantity,
                refunded_amount=Line.refunded_amount + back.cash,
            )
            .execution_options(synchronize_session=False)
        )
        for share in back.shares:
            db.session.execute(
                update(LineShare)
                .where(
                    LineShare.line_id == back.line_id,
                    LineShare.redemption_id == share.redemption_id,
                    LineShare.grant_id == share.grant_id,
                )
                .values(returned_amount=LineShare.returned_amount + share.amount)
                .execution_options(synchronize_session=False)
            )
    for bundle in shipping:
        db.session.execute(
            update(Bundle)
            .where(Bundle.id == bundle.bundle_id)
            .values(shipping_refunded=Bundle.shipping_refunded + bundle.cash)
            .execution_options(synchronize_session=False)
        )
        for share in bundle.shares:
            db.session.execute(
                update(ShippingShare)
                .where(
                    ShippingShare.bundle_id == bundle.bundle_id,
                    ShippingShare.redemption_id == share.redemption_id,
                    ShippingShare.grant_id == share.grant_id,
                )
                .values(returned_amount=ShippingShare.returned_amount + share.amount)
                .execution_options(synchronize_session=False)
            )
