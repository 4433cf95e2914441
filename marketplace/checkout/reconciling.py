"""
What the provider's messages and our own rounds make of payments: nothing is left between.

Each function is one phase; workers/tasks/checkout.py strings them together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from marketplace.core import outbox
from marketplace.orders import queries as orders
from marketplace.payments import events
from marketplace.payments import queries as payments
from marketplace.payments.events import Received
from marketplace.payments.port import HeldPayment, PaymentProvider

# Buyers need a while with their bank's app; asking earlier only costs.
ASK_AFTER: Final = timedelta(minutes=5)
RESEND_AFTER: Final = timedelta(minutes=2)
BATCH: Final = 200


def receive_provider_event(
    provider: PaymentProvider, *, raw: bytes, headers: Mapping[str, str], at: datetime
) -> Received:
    """
    Keep a provider's message and leave word to act on it; answer 2xx once this has committed.

    :raises WebhookRefused:
    """
    received = events.receive(provider, raw=raw, headers=headers, at=at)
    if not received.handled:
        _leave_word(received.id)
    return received


def list_unasked(*, at: datetime) -> Sequence[HeldPayment]:
    """Return open payments nobody asked the provider about lately."""
    waiting = payments.list_to_reconcile(older_than=ASK_AFTER, at=at, limit=BATCH)
    # One the provider never heard of cannot have been paid.
    return [held for held in waiting if held.provider_ref is not None]


def send_again(*, at: datetime) -> int:
    """Leave word again for refunds and messages that got stuck; return how many."""
    minute = f"{at:%Y%m%d%H%M}"
    refunds = payments.list_refunds_due(older_than=RESEND_AFTER, at=at, limit=BATCH)
    for refund_id in refunds:
        outbox.enqueue(
            "checkout.send_refund", {"refund_id": refund_id}, key=f"refund:{refund_id}@{minute}"
        )
    stuck = payments.list_unhandled_events(older_than=RESEND_AFTER, at=at, limit=BATCH)
    for event_id in stuck:
        outbox.enqueue(
            "checkout.act_on_event", {"event_id": event_id}, key=f"event:{event_id}@{minute}"
        )
    return len(refunds) + len(stuck)


def list_expired(*, at: datetime) -> Sequence[int]:
    """Return orders whose time to pay is over."""
    return orders.list_unpaid_since(at=at, limit=BATCH)


def _leave_word(event_id: int) -> None:
    outbox.enqueue("checkout.act_on_event", {"event_id": event_id}, key=f"event:{event_id}")
