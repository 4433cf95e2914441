"""
Money going back to a buyer, and the book's two steps of it.

Deciding a refund owes it to the buyer; the provider's success pays it. `request` [transaction],
then outside `payments.refunds.get_order` → `ask` [none] → `record` [transaction].
"""

from __future__ import annotations

import contextlib
from datetime import datetime

from sqlalchemy import exists, select

from marketplace.checkout import accounts
from marketplace.core import outbox
from marketplace.core.db import db
from marketplace.core.money import Won
from marketplace.ledger import posting
from marketplace.ledger.models import Entry
from marketplace.ledger.posting import AccountRef, credit, debit
from marketplace.payments import refunds
from marketplace.payments.models import RefundState
from marketplace.payments.port import (
    HeldPayment,
    PaymentProvider,
    ProviderRefund,
    RefundOrder,
    RefundRefused,
)


def request(
    *, payment_id: int, amount: Won, reference: str, reason: str, at: datetime
) -> refunds.HeldRefund:
    """
    Decide a refund and leave word to send it; the same cause decides it once.

    :raises RefundExceedsPayment, RefundDiffers:
    """
    refund = refunds.request_refund(
        payment_id=payment_id, amount=amount, reference=reference, reason=reason, at=at
    )
    outbox.enqueue("checkout.send_refund", {"refund_id": refund.id}, key=f"refund:{refund.id}")
    return refund


def ask(
    provider: PaymentProvider, paid: HeldPayment, order: RefundOrder
) -> ProviderRefund | RefundRefused:
    """
    Send a refund to its provider, or learn what became of one sent before.

    :raises ProviderUnavailable:
    """
    try:
        known = provider.find_refund(paid, order) if order.look_first else None
        return known or provider.refund(paid, order)
    except RefundRefused as refusal:
        return refusal


def record(refund_id: int, answer: ProviderRefund | RefundRefused, *, at: datetime) -> RefundState:
    """
    Record how a refund stands, in the payment and in the book.

    :raises RefundMissing:
    """
    if isinstance(answer, RefundRefused):
        state = refunds.record_refusal(refund_id, code=str(answer.details.get("reason")), at=at)
    else:
        state = refunds.record_answer(refund_id, answer, at=at)
    paid, order = refunds.get_order(refund_id, at=at)
    provider = accounts.provider(paid.provider.value)
    if state is RefundState.SUCCEEDED:
        _post("refund_sent", refund_id, accounts.REFUND_DUE, provider, order.amount, at=at)
    elif state is RefundState.FAILED and _was_sent(refund_id):
        # The bank sent it back after all: it is owed again.
        _post("refund_returned", refund_id, provider, accounts.REFUND_DUE, order.amount, at=at)
    return state


def _post(
    kind: str,
    refund_id: int,
    debited: AccountRef,
    credited: AccountRef,
    amount: Won,
    *,
    at: datetime,
) -> None:
    with contextlib.suppress(posting.AlreadyPosted):
        posting.post(
            kind=kind,
            reference=_reference(refund_id),
            legs=[debit(debited, amount), credit(credited, amount)],
            at=at,
        )


def _was_sent(refund_id: int) -> bool:
    return bool(
        db.session.scalar(
            select(
                exists().where(
                    Entry.kind == "refund_sent", Entry.reference == _reference(refund_id)
                )
            )
        )
    )


def _reference(refund_id: int) -> str:
    return f"refund:{refund_id}"
