"""Checkout tasks: rounds over unpaid orders and open payments, and words left by checkout."""

from __future__ import annotations

import logging
from functools import partial

from marketplace.checkout import confirming, expiring, paying, reconciling, refunding
from marketplace.core import clock
from marketplace.core.db import in_transaction, transaction
from marketplace.payments import events, payment, providers, refunds
from marketplace.payments.port import (
    HeldPayment,
    PaymentUnknown,
    ProviderPayment,
    ProviderRefused,
    ProviderUnavailable,
)
from workers.app import job, settings

_log = logging.getLogger(__name__)


@job("checkout.expire_unpaid", phased=True)
def expire_unpaid() -> None:
    """End orders whose time to pay is over, each in its own transaction."""
    at = clock.now()
    with transaction():
        due = reconciling.list_expired(at=at)
    for order_id in due:
        in_transaction(partial(expiring.expire_unpaid, order_id=order_id, at=at))


@job("checkout.reconcile", phased=True)
def reconcile() -> None:
    """Ask about payments nobody told us of, and leave word again for what got stuck."""
    with transaction():
        waiting = reconciling.list_unasked(at=clock.now())
    for held in waiting:
        try:
            _ask(held)
        except ProviderUnavailable:
            _note_unanswered(held)
    with transaction():
        reconciling.send_again(at=clock.now())


@job("checkout.act_on_event", phased=True)
def act_on_event(*, event_id: int) -> None:
    """Ask the provider about the payment a message is about, and act on the answer."""
    with transaction():
        received = events.get(event_id)
    if received.handled:
        return
    result = "no_payment"
    if received.payment is not None:
        result = _ask(received.payment, source="webhook")
    with transaction():
        events.mark_handled(event_id, outcome=result, at=clock.now())


@job("checkout.send_refund", phased=True)
def send_refund(*, refund_id: int) -> None:
    """Send a refund to its provider, once however often this runs."""
    with transaction():
        paid, order = refunds.get_order(refund_id, at=clock.now())
    answer = refunding.ask(providers.for_code(paid.provider, settings), paid, order)
    in_transaction(lambda: refunding.record(refund_id, answer, at=clock.now()))


@job("checkout.stop_payment", phased=True)
def stop_payment(*, payment_id: int) -> None:
    """Stop the payment of an order that ended, or learn that the money came after all."""
    with transaction():
        held = payment.get_held(payment_id)
    try:
        snapshot = paying.stop(held, settings)
    except (PaymentUnknown, ProviderRefused):
        _log.info("payment %s cannot be stopped at its provider", payment_id)
    else:
        _confirm(held, snapshot, source="stopped")


def _ask(held: HeldPayment, *, source: str = "poller") -> str:
    try:
        snapshot = paying.look(held, settings)
    except PaymentUnknown:
        _note_unanswered(held)
        return "unknown_payment"
    return _confirm(held, snapshot, source=source)


def _confirm(held: HeldPayment, snapshot: ProviderPayment, *, source: str) -> str:
    confirmation = in_transaction(
        lambda: confirming.confirm_payment(
            payment_id=held.id, snapshot=snapshot, source=source, at=clock.now()
        )
    )
    return confirmation.result.value


def _note_unanswered(held: HeldPayment) -> None:
    with transaction():
        payment.note_checked(held.id, at=clock.now())
