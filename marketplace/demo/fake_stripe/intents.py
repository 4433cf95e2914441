"""Payment intents: made, confirmed, sent to the bank's page, cancelled."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode, urlsplit

from marketplace.demo.fake_stripe import cards, charges, events
from marketplace.demo.fake_stripe.errors import Refusal, missing, unexpected_state
from marketplace.demo.fake_stripe.store import Body, Store

Answer = tuple[int, Body]

_ALL_METHODS: Final = ("card", *cards.METHODS)
_OPEN: Final = frozenset({"requires_payment_method", "requires_confirmation", "requires_action"})
_KEPT_AS_GIVEN: Final = ("description", "receipt_email", "shipping", "statement_descriptor")


def get(store: Store, intent_id: str) -> Body:
    """
    Return one payment intent.

    :raises Refusal:
    """
    intent = store.find("payment_intent", intent_id)
    if intent is None:
        raise missing("payment_intent", intent_id)
    return intent


def create(store: Store, log: events.EventLog, params: Body, *, base_url: str) -> Answer:
    """
    Make a payment intent, and confirm it at once when asked.

    :raises Refusal:
    """
    _check_amount(params["amount"])
    if params["currency"].lower() != "krw":
        raise Refusal(400, "The fake sells in krw only.", param="currency")
    if params.get("capture_method", "automatic") == "manual":
        raise Refusal(400, "The fake captures automatically.", param="capture_method")
    types = params.get("allowed_payment_method_types", list(_ALL_METHODS))
    for kind in types:
        if kind not in _ALL_METHODS:
            raise Refusal(
                400,
                f"The payment method type provided: {kind} is invalid.",
                param="allowed_payment_method_types",
            )
    intent_id = events.new_id("pi")
    intent: Body = {
        "id": intent_id,
        "object": "payment_intent",
        "amount": params["amount"],
        "amount_received": 0,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": params.get("capture_method", "automatic_async"),
        "client_secret": events.new_id(f"{intent_id}_secret"),
        "created": events.stamp(),
        "currency": "krw",
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": params.get("metadata") or {},
        "next_action": None,
        "payment_method": None,
        "payment_method_types": types,
        "status": "requires_payment_method",
        **{name: params.get(name) for name in _KEPT_AS_GIVEN},
    }
    store.put("payment_intent", intent)
    log.record("payment_intent.created", intent)
    if params.get("confirm"):
        return confirm(store, log, intent, params, base_url=base_url)
    if "payment_method" in params or "payment_method_data" in params:
        intent["payment_method"] = cards.choose(store, params, None)["id"]
        intent["status"] = "requires_confirmation"
        store.put("payment_intent", intent)
    return 200, intent


def update(store: Store, intent: Body, params: Body) -> Body:
    """
    Change the amount, the metadata or the description of an open payment intent.

    :raises Refusal:
    """
    if "amount" in params:
        if intent["status"] not in _OPEN:
            raise unexpected_state(intent, "update")
        _check_amount(params["amount"])
        intent["amount"] = params["amount"]
    intent["metadata"] = {
        key: value
        for key, value in {**intent["metadata"], **(params.get("metadata") or {})}.items()
        if value
    }
    intent.update({name: params[name] for name in _KEPT_AS_GIVEN if name in params})
    return store.put("payment_intent", intent)


def confirm(
    store: Store, log: events.EventLog, intent: Body, params: Body, *, base_url: str
) -> Answer:
    """
    Try to take the money: charged, declined, or sent to the page where the buyer agrees.

    :raises Refusal:
    """
    if intent["status"] not in _OPEN:
        raise unexpected_state(intent, "confirm")
    method = cards.choose(store, params, intent["payment_method"])
    kind = method["type"]
    if kind not in intent["payment_method_types"]:
        raise Refusal(
            400,
            f"The PaymentMethod provided ({kind}) is not allowed for this PaymentIntent.",
            param="payment_method",
        )
    if intent["amount"] > cards.most_for(kind):
        raise Refusal(
            400,
            f"Amount must be no more than ₩{cards.most_for(kind):,} for {kind}",
            code="amount_too_large",
            param="amount",
        )
    card = cards.card_of(method)
    if card is not None and card.code is not None:
        return _decline(store, log, intent, method, cards.decline(card))
    intent["payment_method"] = method["id"]
    intent["last_payment_error"] = None
    if cards.redirects(method):
        return 200, _send_away(store, log, intent, params.get("return_url"), base_url)
    succeed(store, log, intent)
    return 200, intent


def succeed(store: Store, log: events.EventLog, intent: Body) -> None:
    """Take the money with the payment method chosen before."""
    method = store.find("payment_method", intent["payment_method"])
    if method is None:
        raise missing("payment_method", intent["payment_method"])
    charge = charges.add(store, intent, method)
    intent.update(
        status="succeeded",
        amount_received=intent["amount"],
        latest_charge=charge["id"],
        next_action=None,
    )
    store.put("payment_intent", intent)
    log.record("charge.succeeded", charge)
    log.record("payment_intent.succeeded", intent)
    card = cards.card_of(method)
    if card is not None and card.disputes:
        charges.dispute(store, log, charge, "fraudulent")


def refuse(store: Store, log: events.EventLog, intent: Body) -> None:
    """Let the buyer say no on the page: the payment intent waits for another method."""
    method = store.find("payment_method", intent["payment_method"])
    if method is None:
        raise missing("payment_method", intent["payment_method"])
    error: Body = {
        "type": "invalid_request_error",
        "code": "payment_intent_authentication_failure",
        "message": "The customer did not approve the payment on the redirect page.",
    }
    _fail(store, log, intent, method, error)


def cancel(store: Store, log: events.EventLog, intent: Body, reason: str | None) -> Body:
    """
    Cancel an open payment intent.

    :raises Refusal:
    """
    if intent["status"] not in _OPEN:
        raise unexpected_state(intent, "cancel")
    intent.update(
        status="canceled",
        canceled_at=events.stamp(),
        cancellation_reason=reason,
        next_action=None,
    )
    store.put("payment_intent", intent)
    log.record("payment_intent.canceled", intent)
    return intent


def return_address(intent: Body, return_url: str) -> str:
    """Return where the bank's page sends the buyer back to."""
    ended = "succeeded" if intent["status"] == "succeeded" else "failed"
    query = urlencode(
        {
            "payment_intent": intent["id"],
            "payment_intent_client_secret": intent["client_secret"],
            "redirect_status": ended,
        }
    )
    return f"{return_url}{'&' if urlsplit(return_url).query else '?'}{query}"


def _send_away(
    store: Store, log: events.EventLog, intent: Body, return_url: str | None, base_url: str
) -> Body:
    if return_url is None or urlsplit(return_url).scheme not in ("http", "https"):
        raise Refusal(
            400,
            "The payment method requires a `return_url` to redirect the customer back to.",
            code="parameter_missing",
            param="return_url",
        )
    secret = urlencode({"client_secret": intent["client_secret"]})
    intent["status"] = "requires_action"
    intent["next_action"] = {
        "type": "redirect_to_url",
        "redirect_to_url": {
            "url": f"{base_url}/redirect/{intent['id']}?{secret}",
            "return_url": return_url,
        },
    }
    store.put("payment_intent", intent)
    log.record("payment_intent.requires_action", intent)
    return intent


def _decline(store: Store, log: events.EventLog, intent: Body, method: Body, error: Body) -> Answer:
    charge = _fail(store, log, intent, method, error)
    return 402, {"error": {**error, "charge": charge["id"], "payment_intent": intent}}


def _fail(store: Store, log: events.EventLog, intent: Body, method: Body, error: Body) -> Body:
    charge = charges.add(store, intent, method, error=error)
    intent.update(
        status="requires_payment_method",
        latest_charge=charge["id"],
        last_payment_error={**error, "payment_method": method},
        payment_method=None,
        next_action=None,
    )
    store.put("payment_intent", intent)
    log.record("charge.failed", charge)
    log.record("payment_intent.payment_failed", intent)
    return charge


def _check_amount(amount: int) -> None:
    if amount < cards.LEAST:
        raise Refusal(
            400,
            f"Amount must be at least ₩{cards.LEAST} krw",
            code="amount_too_small",
            param="amount",
        )
    if amount > cards.MOST:
        raise Refusal(
            400,
            f"Amount must be no more than ₩{cards.MOST:,} krw",
            code="amount_too_large",
            param="amount",
        )
