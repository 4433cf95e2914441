"""What the payment tests share: an instant, an open payment, a report about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from marketplace.core.db import transaction
from marketplace.core.money import Won
from marketplace.payments import payment
from marketplace.payments.models import PaymentState, ProviderCode
from marketplace.payments.payment import Outcome
from marketplace.payments.port import HeldPayment, ProviderPayment

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


def opened(
    reference: str = "order:1",
    amount: int = 15_000,
    provider: ProviderCode = ProviderCode.STRIPE,
    depositor: str | None = None,
    at: datetime = NOW,
) -> HeldPayment:
    """Open a payment and commit it."""
    with transaction():
        return payment.open_payment(
            reference=reference,
            amount=Won(amount),
            provider=provider,
            at=at,
            expires_at=at + timedelta(minutes=30),
            depositor=depositor,
        )


def report_of(held: HeldPayment, state: PaymentState, **changes: object) -> ProviderPayment:
    """Return what Stripe would say about a payment in a state."""
    captured = state in {
        PaymentState.PAID,
        PaymentState.PARTIALLY_REFUNDED,
        PaymentState.REFUNDED,
    }
    told = ProviderPayment(
        provider=held.provider,
        provider_ref=held.provider_ref or f"pi_{held.public_id}",
        public_id=held.public_id,
        state=state,
        amount=held.amount,
        currency="krw",
        captured_amount=held.amount if captured else Won(0),
    )
    return replace(told, **changes)  # type: ignore[arg-type]


def told(
    held: HeldPayment, state: PaymentState, source: str = "test", **changes: object
) -> Outcome:
    """Apply a report and commit it."""
    with transaction():
        return payment.apply(held.id, report_of(held, state, **changes), source=source, at=LATER)


def now_held(held: HeldPayment) -> HeldPayment:
    """Return the payment as it is now."""
    with transaction():
        return payment.get_held(held.id)


def paid(reference: str = "order:1", amount: int = 15_000) -> HeldPayment:
    """Open a payment and have it paid."""
    held = opened(reference, amount)
    told(held, PaymentState.PAID)
    return now_held(held)
