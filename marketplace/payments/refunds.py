"""
Money going back.

`request_refund` [transaction] → `get_order` → `provider.refund` [none] → `record_answer` or
`record_refusal` [transaction]. A refund nobody answered for is asked again with the same key.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from marketplace.core.db import db
from marketplace.core.errors import Conflict, InvalidInput, NotFound
from marketplace.core.money import Won
from marketplace.payments import alerts, history, payment, status
from marketplace.payments.models import Payment, PaymentState, Refund, RefundState
from marketplace.payments.port import HeldPayment, ProviderRefund, RefundOrder

_LOOK_FIRST_AFTER: Final = timedelta(minutes=10)


class RefundMissing(NotFound):
    message = "환불을 찾을 수 없습니다."


class RefundAmountWrong(InvalidInput):
    message = "환불 금액은 1원 이상이어야 합니다."


class RefundExceedsPayment(Conflict):
    message = "환불할 수 있는 금액을 넘었습니다."


class RefundDiffers(Conflict):
    """The same cause already asked for another amount."""

    message = "같은 건으로 이미 다른 금액의 환불이 신청되었습니다."


@dataclass(frozen=True)
class HeldRefund:
    """A refund row, free of the database."""

    id: int
    payment_id: int
    reference: str
    amount: Won
    state: RefundState


def request_refund(
    *, payment_id: int, amount: Won, reference: str, reason: str, at: datetime
) -> HeldRefund:
    """
    Set money aside for a refund; the same cause and amount give the same refund.

    :raises RefundAmountWrong, RefundExceedsPayment, RefundDiffers:
    """
    if amount < 1:
        raise RefundAmountWrong
    refund_id = db.session.execute(
        insert(Refund)
        .values(
            payment_id=payment_id,
            reference=reference,
            amount=amount,
            reason=reason,
            state=RefundState.REQUESTED,
            requested_at=at,
        )
        .on_conflict_do_nothing()
        .returning(Refund.id)
    ).scalar_one_or_none()
    if refund_id is None:
        return _same(payment_id, reference, amount)
    _set_aside(payment_id, amount)
    return HeldRefund(refund_id, payment_id, reference, amount, RefundState.REQUESTED)


def get_order(refund_id: int, *, at: datetime) -> tuple[HeldPayment, RefundOrder]:
    """
    Return what the provider must be told, or asked, about a refund.

    :raises RefundMissing:
    """
    refund = db.session.get(Refund, refund_id, populate_existing=True)
    if refund is None:
        raise RefundMissing
    paid = payment.get_held(refund.payment_id)
    order = RefundOrder(
        id=refund.id,
        # Numbers repeat in another database; the payment's name does not.
        key=f"refund-{paid.public_id}-{refund.id}",
        amount=refund.amount,
        reason=refund.reason,
        provider_ref=refund.provider_ref,
        look_first=at - refund.requested_at > _LOOK_FIRST_AFTER,
    )
    return paid, order


def record_answer(refund_id: int, answer: ProviderRefund, *, at: datetime) -> RefundState:
    """
    Record how a refund stands at the provider; a bank may still return one that succeeded.

    :raises RefundMissing:
    """
    paid, refund = _lock(refund_id)
    # The first name stays: it is what the money is found by at the bank.
    refund.provider_ref = refund.provider_ref or answer.provider_ref
    if refund.state is RefundState.FAILED or refund.state is answer.state:
        return refund.state
    if answer.state is RefundState.FAILED:
        _return_to_payment(paid, refund, answer.failure_code, at=at)
    elif answer.state is RefundState.SUCCEEDED:
        refund.state = RefundState.SUCCEEDED
        refund.finished_at = at
    elif refund.state is RefundState.REQUESTED:
        refund.state = RefundState.SENT
    _restate(paid, source=f"refund:{refund.id}", at=at)
    return refund.state


def record_refusal(refund_id: int, *, code: str, at: datetime) -> RefundState:
    """
    Record that the provider will not refund: the money stays captured and a person is told.

    :raises RefundMissing:
    """
    paid, refund = _lock(refund_id)
    if refund.state in (RefundState.FAILED, RefundState.SUCCEEDED):
        return refund.state
    _return_to_payment(paid, refund, code, at=at)
    _restate(paid, source=f"refund:{refund.id}", at=at)
    return refund.state


def _same(payment_id: int, reference: str, amount: Won) -> HeldRefund:
    known = db.session.scalars(
        select(Refund)
        .where(Refund.payment_id == payment_id, Refund.reference == reference)
        .execution_options(populate_existing=True)
    ).one()
    if known.amount != amount:
        raise RefundDiffers
    return HeldRefund(known.id, payment_id, reference, amount, known.state)


def _set_aside(payment_id: int, amount: Won) -> None:
    # One conditional statement: fifty refunds at once never give back more than was taken.
    taken = db.session.execute(
        update(Payment)
        .where(
            Payment.id == payment_id,
            Payment.refunded_amount + amount <= Payment.captured_amount,
        )
        .values(refunded_amount=Payment.refunded_amount + amount)
        .returning(Payment.id)
        .execution_options(synchronize_session=False)
    )
    if taken.first() is None:
        raise RefundExceedsPayment


def _lock(refund_id: int) -> tuple[Payment, Refund]:
    # The payment before its refunds, everywhere: deadlocks cannot form.
    payment_id = db.session.scalar(select(Refund.payment_id).where(Refund.id == refund_id))
    if payment_id is None:
        raise RefundMissing
    paid = db.session.get_one(Payment, payment_id, with_for_update=True, populate_existing=True)
    refund = db.session.get_one(Refund, refund_id, with_for_update=True, populate_existing=True)
    return paid, refund


def _return_to_payment(paid: Payment, refund: Refund, code: str | None, *, at: datetime) -> None:
    paid.refunded_amount = Won(paid.refunded_amount - refund.amount)
    refund.state = RefundState.FAILED
    refund.failure_code = code
    refund.finished_at = at
    alerts.raise_alert(
        "refund_failed",
        about=f"refund:{refund.id}",
        payment_id=paid.id,
        details={"amount": refund.amount, "code": code},
        at=at,
    )


def _restate(paid: Payment, *, source: str, at: datetime) -> None:
    """Let the payment's state follow from the refunds that succeeded."""
    db.session.flush()
    if paid.state not in status.CAPTURED:
        return
    returned = db.session.scalar(
        select(func.coalesce(func.sum(Refund.amount), 0)).where(
            Refund.payment_id == paid.id, Refund.state == RefundState.SUCCEEDED
        )
    )
    if returned == 0:
        state = PaymentState.PAID
    elif returned == paid.captured_amount:
        state = PaymentState.REFUNDED
    else:
        state = PaymentState.PARTIALLY_REFUNDED
    if state is paid.state:
        return
    history.write(paid.id, paid.state, state, source=source, at=at)
    paid.state = state
    db.session.flush()
