"""Read Stripe's JSON into the words of the port. Pure functions, no stripe import."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from marketplace.core.money import Won
from marketplace.payments.models import PaymentState, ProviderCode, RefundState
from marketplace.payments.port import (
    Instructions,
    NextStep,
    ProviderNote,
    ProviderPayment,
    ProviderRefund,
    WebhookRefused,
)

_PAYMENT_STATES: Final[Mapping[str, PaymentState]] = {
    # A refused attempt leaves the intent open for another method.
    "requires_payment_method": PaymentState.PENDING,
    "requires_confirmation": PaymentState.PENDING,
    "requires_action": PaymentState.PENDING,
    "processing": PaymentState.PENDING,
    "requires_capture": PaymentState.AUTHORIZED,
    "canceled": PaymentState.CANCELED,
    "succeeded": PaymentState.PAID,
}

_REFUND_STATES: Final[Mapping[str, RefundState]] = {
    "pending": RefundState.SENT,
    "requires_action": RefundState.SENT,
    "succeeded": RefundState.SUCCEEDED,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}

# What the webhook's endpoint subscribes to: all that asks for a look at a payment or for a person.
SUBSCRIBED_EVENTS: Final = (
    "charge.dispute.created",
    "charge.dispute.closed",
    "charge.refunded",
    "payment_intent.amount_capturable_updated",
    "payment_intent.canceled",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.succeeded",
    "refund.failed",
    "refund.updated",
)

# Each comes beside one of `payment_intent.*` or `charge.refunded`, or tells us our own act; an
# endpoint that subscribes to more than it needs is sent them all the same.
_SAID_ELSEWHERE: Final = frozenset(
    {
        "payment_intent.created",
        "payment_intent.requires_action",
        "charge.succeeded",
        "charge.failed",
        "refund.created",
    }
)

_DECLINES: Final[Mapping[str, str]] = {
    "insufficient_funds": "잔액이나 한도가 부족합니다. 다른 결제 수단을 써 주세요.",
    "expired_card": "유효 기간이 지난 카드입니다. 다른 카드를 써 주세요.",
    "incorrect_cvc": "카드 보안 코드가 맞지 않습니다. 다시 확인해 주세요.",
    "lost_card": "사용할 수 없는 카드입니다. 카드사에 문의해 주세요.",
    "stolen_card": "사용할 수 없는 카드입니다. 카드사에 문의해 주세요.",
    "processing_error": "카드사 처리 중 오류가 났습니다. 잠시 뒤 다시 시도해 주세요.",
    "payment_intent_authentication_failure": "결제 승인이 취소되었습니다. 다시 시도해 주세요.",
}


def decline_text(code: str) -> str:
    """Return what to tell the buyer about a declined payment."""
    return _DECLINES.get(code, "카드사에서 거절했습니다. 다른 결제 수단을 써 주세요.")


def read_payment(
    intent: Mapping[str, Any], *, expects_live: bool, entry: Instructions
) -> ProviderPayment:
    """Read a payment intent whose latest charge is expanded, if it has one."""
    charge = intent.get("latest_charge")
    charge = charge if isinstance(charge, Mapping) else {}
    refunded = int(charge.get("amount_refunded") or 0)
    captured = int(intent.get("amount_received") or 0)
    error = intent.get("last_payment_error") or {}
    return ProviderPayment(
        provider=ProviderCode.STRIPE,
        provider_ref=str(intent["id"]),
        public_id=(intent.get("metadata") or {}).get("public_id"),
        state=_payment_state(str(intent["status"]), captured, refunded),
        amount=int(intent["amount"]),
        currency=str(intent["currency"]),
        captured_amount=Won(captured),
        refunded_amount=Won(refunded),
        wrong_mode=bool(intent.get("livemode")) != expects_live,
        fee=_fee(charge),
        method=_method(charge),
        failure_code=error.get("decline_code") or error.get("code"),
        client_secret=intent.get("client_secret"),
        instructions=_instructions(intent, entry),
    )


def read_refund(refund: Mapping[str, Any]) -> ProviderRefund:
    """Read a refund."""
    return ProviderRefund(
        provider_ref=str(refund["id"]),
        # A status Stripe invents later is still under way to us.
        state=_REFUND_STATES.get(str(refund["status"]), RefundState.SENT),
        amount=Won(int(refund["amount"])),
        failure_code=refund.get("failure_reason"),
    )


def read_note(event: object, *, expects_live: bool) -> ProviderNote:
    """
    Read one verified event.

    :raises WebhookRefused: when it does not look like an event.
    """
    if not isinstance(event, dict) or event.get("object") != "event":
        raise WebhookRefused(reason="malformed")
    data = event.get("data")
    thing = data.get("object") if isinstance(data, dict) else None
    event_id, kind = event.get("id"), event.get("type")
    if not isinstance(thing, dict) or not isinstance(event_id, str) or not isinstance(kind, str):
        raise WebhookRefused(reason="malformed")
    is_intent = thing.get("object") == "payment_intent"
    payment_ref = thing.get("id") if is_intent else thing.get("payment_intent")
    metadata = thing.get("metadata")
    public_id = metadata.get("public_id") if isinstance(metadata, dict) else None
    disputed = kind.startswith("charge.dispute.")
    return ProviderNote(
        event_id=event_id,
        kind=kind,
        payment_ref=payment_ref if isinstance(payment_ref, str) else None,
        payment_public_id=public_id if isinstance(public_id, str) else None,
        payload=event,
        alert=kind if disputed else None,
        alert_about=str(thing.get("id")) if disputed else None,
        worth_asking=kind not in _SAID_ELSEWHERE,
        foreign=bool(event.get("livemode")) != expects_live or bool(event.get("account")),
    )


def _payment_state(status: str, captured: int, refunded: int) -> PaymentState:
    state = _PAYMENT_STATES.get(status, PaymentState.PENDING)
    if state is PaymentState.PAID and refunded:
        return PaymentState.REFUNDED if refunded >= captured else PaymentState.PARTIALLY_REFUNDED
    return state


def _method(charge: Mapping[str, Any]) -> str | None:
    # A refused attempt says nothing of how the buyer pays in the end.
    if not charge.get("paid"):
        return None
    return (charge.get("payment_method_details") or {}).get("type")


def _fee(charge: Mapping[str, Any]) -> Won | None:
    entry = charge.get("balance_transaction")
    # Korean methods may settle in dollars: such a fee is not an amount of won.
    if not isinstance(entry, Mapping) or entry.get("currency") != "krw":
        return None
    return Won(int(entry["fee"]))


def _instructions(intent: Mapping[str, Any], entry: Instructions) -> Instructions:
    action = intent.get("next_action") or {}
    redirect = action.get("redirect_to_url") or {}
    if redirect.get("url"):
        return Instructions(step=NextStep.REDIRECT, redirect_url=str(redirect["url"]))
    if intent["status"] in ("requires_payment_method", "requires_confirmation"):
        return entry
    return Instructions()
