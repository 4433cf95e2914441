"""Stripe behind the port. The only module that imports stripe, which takes 0.3 s: import late."""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, NoReturn, cast

import requests
import stripe
from stripe import params as stripe_params

from marketplace.core.money import Won
from marketplace.core.settings import Settings
from marketplace.payments import stripe_reading, stripe_signature
from marketplace.payments.models import ProviderCode
from marketplace.payments.port import (
    AmountNotPayable,
    HeldPayment,
    Instructions,
    NextStep,
    PaymentDeclined,
    PaymentUnknown,
    ProviderNotConfigured,
    ProviderNote,
    ProviderPayment,
    ProviderRefund,
    ProviderRefused,
    ProviderUnavailable,
    RefundOrder,
    RefundRefused,
    ReturnRefused,
    WebhookRefused,
)

log = logging.getLogger(__name__)

LEAST: Final = Won(100)
MOST: Final = Won(99_999_999)
METHODS: Final = ("card", "kr_card", "kakao_pay", "naver_pay", "payco", "samsung_pay")

# Together no more than the 12 s a buyer may be kept waiting.
CONNECT_SECONDS: Final = 2.0
READ_SECONDS: Final = 10.0
_RETRIES: Final = 2
_LARGEST_WEBHOOK: Final = 512 * 1024
_EXPAND: Final = ["latest_charge.balance_transaction"]

# For the demo's fake, which refuses what Stripe's own types do not know.
REQUEST_OPTIONS: Final = frozenset(stripe.RequestOptions.__annotations__)
ACCEPTED_PARAMETERS: Final[Mapping[str, type]] = {
    "payment_intents.create": stripe_params.PaymentIntentCreateParams,
    "payment_intents.retrieve": stripe_params.PaymentIntentRetrieveParams,
    "payment_intents.list": stripe_params.PaymentIntentListParams,
    "payment_intents.update": stripe_params.PaymentIntentUpdateParams,
    "payment_intents.confirm": stripe_params.PaymentIntentConfirmParams,
    "payment_intents.cancel": stripe_params.PaymentIntentCancelParams,
    "refunds.create": stripe_params.RefundCreateParams,
    "refunds.retrieve": stripe_params.RefundRetrieveParams,
    "refunds.list": stripe_params.RefundListParams,
    "events.retrieve": stripe_params.EventRetrieveParams,
    "events.list": stripe_params.EventListParams,
    "charges.retrieve": stripe_params.ChargeRetrieveParams,
    "charges.list": stripe_params.ChargeListParams,
    "balance_transactions.retrieve": stripe_params.BalanceTransactionRetrieveParams,
    "balance_transactions.list": stripe_params.BalanceTransactionListParams,
}


class _ImpatientClient(stripe.RequestsClient):
    """Stripe's own client, except that a time-out is not tried again: the buyer is waiting."""

    def request(  # type: ignore[override]
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
    ) -> tuple[bytes, int, Mapping[str, str]]:
        try:
            return super().request(method, url, headers, post_data)
        except stripe.APIConnectionError as error:
            if isinstance(error.__cause__, requests.exceptions.Timeout):
                error.should_retry = False
            raise


class StripeGateway:
    """Cards and the Korean methods through Stripe PaymentIntents."""

    code = ProviderCode.STRIPE

    def __init__(self, settings: Settings, *, read_seconds: float = READ_SECONDS) -> None:
        if not settings.stripe_secret_key or not settings.stripe_webhook_secret:
            raise ProviderNotConfigured
        self._webhook_secret = settings.stripe_webhook_secret
        self._publishable_key = settings.stripe_publishable_key or ""
        self._expects_live = "_live_" in settings.stripe_secret_key
        self._client = stripe.StripeClient(
            settings.stripe_secret_key,
            base_addresses={"api": settings.stripe_api_base} if settings.stripe_api_base else None,
            max_network_retries=_RETRIES,
            http_client=_ImpatientClient(timeout=(CONNECT_SECONDS, read_seconds)),
        )

    def check(self, amount: Won) -> None:
        """
        Refuse an amount Stripe cannot charge in won.

        :raises AmountNotPayable:
        """
        if not LEAST <= amount <= MOST:
            raise AmountNotPayable(least=LEAST, most=MOST)

    def create(self, payment: HeldPayment, *, return_url: str) -> ProviderPayment:
        """
        Make the payment intent of a payment; the same one however often it is called.

        :raises AmountNotPayable, ProviderUnavailable, ProviderRefused:
        """
        self.check(payment.amount)
        with _translated():
            intent = self._client.v1.payment_intents.create(
                # Nothing here may change between two calls, or the key would not fit.
                params={
                    "amount": payment.amount,
                    "currency": "krw",
                    "allowed_payment_method_types": list(METHODS),
                    "description": payment.reference,
                    "metadata": {"public_id": payment.public_id, "reference": payment.reference},
                },
                options={"idempotency_key": f"payment-{payment.public_id}"},
            )
        return self._snapshot(intent, return_url=return_url)

    def instructions(self, payment: HeldPayment, *, return_url: str) -> Instructions:
        """Return what the page needs to let the buyer enter their details."""
        if payment.client_secret is None:
            return Instructions()
        return self._entry(payment.client_secret, return_url)

    def confirm(self, payment: HeldPayment, *, method: str, return_url: str) -> ProviderPayment:
        """
        Confirm from the server: a `pm_…` token, or one of the Korean methods by its name.

        With real keys Stripe's Payment Element confirms in the browser; this is for test keys.

        :raises PaymentDeclined, ProviderUnavailable, ProviderRefused, PaymentUnknown:
        """
        params: stripe_params.PaymentIntentConfirmParams = {
            "return_url": return_url,
            "expand": _EXPAND,
        }
        if method in METHODS and method != "card":
            params["payment_method_data"] = {"type": method}
        else:
            params["payment_method"] = method
        try:
            with _translated():
                intent = self._client.v1.payment_intents.confirm(_ref(payment), params=params)
        except _AlreadyThere:
            return self.fetch(payment)
        return self._snapshot(intent, return_url=return_url)

    def handle_return(self, payment: HeldPayment, params: Mapping[str, str]) -> ProviderPayment:
        """
        Check that the buyer came back with this payment's own name, then ask Stripe.

        :raises ReturnRefused, ProviderUnavailable, PaymentUnknown:
        """
        secret = params.get("payment_intent_client_secret", "")
        expected = payment.client_secret or ""
        named = params.get("payment_intent", "")
        if (
            not expected
            or named != payment.provider_ref
            or not hmac.compare_digest(secret.encode(), expected.encode())
        ):
            raise ReturnRefused
        return self.fetch(payment)

    def parse_webhook(
        self, raw: bytes, headers: Mapping[str, str], *, at: datetime
    ) -> ProviderNote:
        """
        Verify and read one event.

        :raises WebhookRefused:
        """
        if len(raw) > _LARGEST_WEBHOOK:
            raise WebhookRefused(reason="too_large")
        signature = next(
            (value for name, value in headers.items() if name.lower() == "stripe-signature"), ""
        )
        try:
            stripe_signature.verify(raw, signature, self._webhook_secret, int(at.timestamp()))
        except stripe_signature.SignatureRefused as error:
            raise WebhookRefused(reason=error.reason) from error
        try:
            event = json.loads(raw)
        except (ValueError, RecursionError) as error:
            raise WebhookRefused(reason="malformed") from error
        # PostgreSQL's jsonb cannot hold a NUL.
        if b"\\u0000" in raw:
            raise WebhookRefused(reason="malformed")
        return stripe_reading.read_note(event, expects_live=self._expects_live)

    def fetch(self, payment: HeldPayment) -> ProviderPayment:
        """
        Ask Stripe how a payment stands.

        :raises ProviderUnavailable, PaymentUnknown, ProviderRefused:
        """
        return self.fetch_ref(_ref(payment))

    def fetch_ref(self, provider_ref: str) -> ProviderPayment:
        """
        Ask Stripe how a payment intent stands, known to us or not.

        :raises ProviderUnavailable, PaymentUnknown, ProviderRefused:
        """
        with _translated():
            intent = self._client.v1.payment_intents.retrieve(
                provider_ref, params={"expand": _EXPAND}
            )
        return self._snapshot(intent)

    def refund(self, payment: HeldPayment, order: RefundOrder) -> ProviderRefund:
        """
        Give money back, once per key and never twice per refund row.

        :raises ProviderUnavailable, RefundRefused:
        """
        if order.look_first:
            known = self.find_refund(payment, order)
            if known is not None:
                return known
        with _translated(refused=RefundRefused):
            refund = self._client.v1.refunds.create(
                params={
                    "payment_intent": _ref(payment),
                    "amount": order.amount,
                    "reason": "requested_by_customer",
                    "metadata": {"key": order.key, "why": order.reason[:500]},
                },
                options={"idempotency_key": order.key},
            )
        return stripe_reading.read_refund(refund.to_dict())

    def find_refund(self, payment: HeldPayment, order: RefundOrder) -> ProviderRefund | None:
        """
        Ask Stripe how a refund stands, or None when it never heard of it.

        :raises ProviderUnavailable, ProviderRefused:
        """
        with _translated():
            if order.provider_ref is not None:
                known = self._client.v1.refunds.retrieve(order.provider_ref)
                return stripe_reading.read_refund(known.to_dict())
            page = self._client.v1.refunds.list(
                params={"payment_intent": _ref(payment), "limit": 100}
            )
            for refund in page.auto_paging_iter():
                body = refund.to_dict()
                if (body.get("metadata") or {}).get("key") == order.key:
                    return stripe_reading.read_refund(body)
        return None

    def cancel(self, payment: HeldPayment) -> ProviderPayment:
        """
        Cancel a payment intent; when it is too late, return how it stands.

        :raises ProviderUnavailable, PaymentUnknown, ProviderRefused:
        """
        try:
            with _translated():
                intent = self._client.v1.payment_intents.cancel(
                    _ref(payment),
                    params={"cancellation_reason": "abandoned", "expand": _EXPAND},
                )
        except _AlreadyThere:
            return self.fetch(payment)
        return self._snapshot(intent)

    def _snapshot(
        self, intent: stripe.PaymentIntent, *, return_url: str | None = None
    ) -> ProviderPayment:
        body = intent.to_dict()
        entry = Instructions()
        if return_url is not None and body.get("client_secret"):
            entry = self._entry(str(body["client_secret"]), return_url)
        return stripe_reading.read_payment(body, expects_live=self._expects_live, entry=entry)

    def _entry(self, client_secret: str, return_url: str) -> Instructions:
        return Instructions(
            step=NextStep.ENTER_DETAILS,
            client_payload={
                "client_secret": client_secret,
                "publishable_key": self._publishable_key,
                "return_url": return_url,
            },
        )


class _AlreadyThere(Exception):
    """The payment intent is past the step we asked for."""


def _ref(payment: HeldPayment) -> str:
    if payment.provider_ref is None:
        raise PaymentUnknown
    return payment.provider_ref


@contextmanager
def _translated(refused: type[ProviderRefused] = ProviderRefused) -> Iterator[None]:
    try:
        yield
    except stripe.CardError as error:
        code = _decline_code(error)
        raise PaymentDeclined(reason=stripe_reading.decline_text(code), code=code) from error
    except stripe.StripeError as error:
        _raise(error, refused)


def _raise(error: stripe.StripeError, refused: type[ProviderRefused]) -> NoReturn:
    status = error.http_status
    unsure = isinstance(error, stripe.APIConnectionError | stripe.RateLimitError)
    if unsure or status is None or status == 409 or status >= 500:
        raise ProviderUnavailable from error
    if error.code == "payment_intent_unexpected_state":
        raise _AlreadyThere from error
    if error.code == "resource_missing":
        raise PaymentUnknown from error
    # Wrong keys or wrong parameters: ours to repair, so it must not pass in silence.
    log.error("stripe refused: status=%s code=%s %s", status, error.code, error.user_message)
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        raise ProviderUnavailable from error
    raise refused(reason=error.code or "invalid_request") from error


def _decline_code(error: stripe.CardError) -> str:
    body = cast("dict[str, Any]", error.json_body or {}).get("error", {})
    return str(body.get("decline_code") or error.code or "card_declined")
