"""
The phases around a provider. No transaction is open while the provider is asked.

`prepare` [transaction] → `create` [none] → `confirming.confirm_payment` [transaction]; and with a
payment that exists: `get_held` → `look` or `come_back` [none] → `confirm_payment` [transaction].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from marketplace.checkout import references
from marketplace.core.errors import Conflict
from marketplace.core.settings import Settings
from marketplace.orders import lifecycle
from marketplace.orders.lifecycle import LockedOrder
from marketplace.payments import payment, providers, status
from marketplace.payments import queries as payments
from marketplace.payments.models import ProviderCode
from marketplace.payments.payment import PaymentMissing
from marketplace.payments.port import HeldPayment, Instructions, PaymentUnknown, ProviderPayment


class OrderEnded(Conflict):
    """The order ended before it was paid."""

    message = "결제 기한이 지났거나 취소된 주문입니다. 장바구니에서 다시 주문해 주세요."


@dataclass(frozen=True)
class Prepared:
    """The order's one payment, and whether anything is left to pay."""

    payment: HeldPayment
    order_id: int
    order_number: str
    is_settled: bool


def prepare(*, public_id: str, at: datetime) -> Prepared:
    """
    Return the payment to go on with: the order's own, or a new one when a provider ended it.

    :raises PaymentMissing, OrderEnded:
    """
    named = payment.get_held_by_public_id(public_id)
    order = _lock_order_of(named)
    live = payment.find_live(named.reference)
    if order.paid_at is not None:
        return Prepared(live or named, order.id, order.number, is_settled=True)
    if order.closed_at is not None or order.expires_at <= at:
        raise OrderEnded
    if live is None:
        live = payment.open_payment(
            reference=named.reference,
            amount=order.pay_total,
            provider=named.provider,
            at=at,
            expires_at=order.expires_at,
            depositor=named.depositor,
        )
    return Prepared(live, order.id, order.number, is_settled=False)


def create(held: HeldPayment, settings: Settings) -> ProviderPayment:
    """
    Make the payment known to its provider, or ask how it stands when it is already.

    Asking again after an answer was lost gives the same payment, never a second one.

    :raises ProviderUnavailable, ProviderRefused, PaymentDeclined, AmountNotPayable:
    """
    if held.provider_ref is not None:
        return look(held, settings)
    provider = providers.for_code(held.provider, settings)
    return provider.create(held, return_url=return_url_of(held, settings))


def look(held: HeldPayment, settings: Settings) -> ProviderPayment:
    """
    Ask the provider how a payment stands.

    :raises ProviderUnavailable, PaymentUnknown:
    """
    return providers.for_code(held.provider, settings).fetch(held)


def come_back(held: HeldPayment, params: Mapping[str, str], settings: Settings) -> ProviderPayment:
    """
    Check what the buyer's browser brought back, then ask the provider for the truth.

    :raises ReturnRefused, ProviderUnavailable, PaymentUnknown:
    """
    return providers.for_code(held.provider, settings).handle_return(held, params)


def stop(held: HeldPayment, settings: Settings) -> ProviderPayment:
    """
    Stop a payment at its provider; return how it stands after all.

    :raises ProviderUnavailable, PaymentUnknown, ProviderRefused:
    """
    provider = providers.for_code(held.provider, settings)
    if held.provider_ref is not None or held.provider is not ProviderCode.STRIPE:
        return provider.cancel(held)
    # The answer to `create` may have been lost: the same key finds what it made, to be cancelled.
    made = provider.create(held, return_url=return_url_of(held, settings))
    return provider.cancel(_named(held, made))


def instructions(held: HeldPayment, settings: Settings) -> Instructions:
    """Return how the buyer goes on with a payment already created."""
    provider = providers.for_code(held.provider, settings)
    return provider.instructions(held, return_url=return_url_of(held, settings))


def return_url_of(held: HeldPayment, settings: Settings) -> str:
    """Return where a provider sends the buyer back to."""
    return f"{settings.public_url}/pay/{held.public_id}/return"


def is_open(held: HeldPayment) -> bool:
    """Say whether a payment still waits for money."""
    return held.state in status.OPEN


def newest_of_order(order_id: int) -> HeldPayment:
    """
    Return the payment an order stands or falls with: the live one, else the last.

    :raises PaymentMissing:
    """
    reference = references.of_order(order_id)
    live = payment.find_live(reference)
    if live is not None:
        return live
    known = payments.list_payments(reference)
    if not known:
        raise PaymentMissing
    return known[-1]


def _lock_order_of(held: HeldPayment) -> LockedOrder:
    order_id = references.find_order_id(held.reference)
    if order_id is None:
        raise PaymentMissing
    return lifecycle.lock(order_id)


def _named(held: HeldPayment, made: ProviderPayment) -> HeldPayment:
    if made.provider_ref is None:
        raise PaymentUnknown
    return HeldPayment(**{**vars(held), "provider_ref": made.provider_ref})
