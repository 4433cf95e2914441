"""The phases around a payment: a transaction, the provider, a transaction; never two at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, cast

from flask import current_app

from marketplace.checkout import confirming, paying
from marketplace.checkout.confirming import Confirmation
from marketplace.checkout.placing import PlacedOrder
from marketplace.core import clock
from marketplace.core.db import in_transaction
from marketplace.core.settings import Settings
from marketplace.payments import payment, providers
from marketplace.payments.codes import ProviderCode
from marketplace.payments.port import HeldPayment, Instructions, ProviderPayment


@dataclass(frozen=True)
class Went:
    """How far a payment went: what became of the order, and what the buyer does next."""

    payment: HeldPayment
    order_number: str
    confirmation: Confirmation | None
    instructions: Instructions

    @property
    def is_settled(self) -> bool:
        """Say whether nothing is left to pay."""
        return self.confirmation is None or self.confirmation.is_confirmed


class _TakesTestMethods(Protocol):
    def confirm(self, payment: HeldPayment, *, method: str, return_url: str) -> ProviderPayment: ...


def start(public_id: str) -> Went:
    """
    Make an order's payment known to its provider; the same one however often it is called.

    :raises PaymentMissing, OrderEnded, ProviderUnavailable, ProviderRefused:
    """
    prepared = _prepare(public_id)
    if prepared.is_settled:
        return _settled(prepared)
    return _take_in(prepared.payment, paying.create(prepared.payment, _settings()), source="create")


def start_placed(placed: PlacedOrder) -> Went:
    """
    Make the payment of an order placed by this very request known to its provider.

    :raises PaymentMissing, OrderEnded, ProviderUnavailable, ProviderRefused:
    """
    if not placed.is_new:
        return start(placed.payment_public_id)
    return _take_in(placed.payment, paying.create(placed.payment, _settings()), source="create")


def confirm_in_test(public_id: str, method: str) -> Went:
    """
    Pay with one of the fake provider's methods.

    :raises PaymentMissing, OrderEnded, PaymentDeclined, ProviderUnavailable, ProviderRefused:
    """
    settings = _settings()
    prepared = _prepare(public_id)
    if prepared.is_settled:
        return _settled(prepared)
    gateway = cast(_TakesTestMethods, providers.for_code(ProviderCode.STRIPE, settings))
    answer = gateway.confirm(
        prepared.payment,
        method=method,
        return_url=paying.return_url_of(prepared.payment, settings),
    )
    return _take_in(prepared.payment, answer, source="confirm")


def come_back(public_id: str, params: Mapping[str, str]) -> Went:
    """
    Learn from the provider what became of a payment the buyer comes back from.

    :raises PaymentMissing, ReturnRefused, ProviderUnavailable, PaymentUnknown:
    """
    held = in_transaction(lambda: payment.get_held_by_public_id(public_id))
    return _take_in(held, paying.come_back(held, params, _settings()), source="return")


def look(public_id: str) -> Went:
    """
    Ask the provider how a payment stands.

    :raises PaymentMissing, ProviderUnavailable, PaymentUnknown:
    """
    held = in_transaction(lambda: payment.get_held_by_public_id(public_id))
    return _take_in(held, paying.look(held, _settings()), source="look")


def _prepare(public_id: str) -> paying.Prepared:
    at = clock.now()
    return in_transaction(lambda: paying.prepare(public_id=public_id, at=at))


def _settled(prepared: paying.Prepared) -> Went:
    return Went(prepared.payment, prepared.order_number, None, Instructions())


def _take_in(held: HeldPayment, answer: ProviderPayment, *, source: str) -> Went:
    at = clock.now()
    confirmation = in_transaction(
        lambda: confirming.confirm_payment(
            payment_id=held.id, snapshot=answer, source=source, at=at
        )
    )
    return Went(held, confirmation.number, confirmation, answer.instructions)


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings
