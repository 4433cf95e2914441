"""The API calls the fake answers: which parameters each takes and what it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from marketplace.demo.fake_stripe import charges, events, intents, refunds
from marketplace.demo.fake_stripe.errors import Refusal, missing
from marketplace.demo.fake_stripe.store import Body, Filter, Store


@dataclass(frozen=True)
class Call:
    """One request, read and checked."""

    store: Store
    log: events.EventLog
    params: Body
    base_url: str
    object_id: str = ""


Answer = tuple[int, Body]
Operation = Callable[[Call], Answer]

_LARGEST_PAGE: Final = 100


def create_intent(call: Call) -> Answer:
    """Answer POST /v1/payment_intents."""
    return intents.create(call.store, call.log, call.params, base_url=call.base_url)


def show_intent(call: Call) -> Answer:
    """Answer GET /v1/payment_intents/:id."""
    intent = intents.get(call.store, call.object_id)
    _check_secret(intent, call.params)
    return 200, intent


def update_intent(call: Call) -> Answer:
    """Answer POST /v1/payment_intents/:id."""
    intent = intents.get(call.store, call.object_id)
    return 200, intents.update(call.store, intent, call.params)


def confirm_intent(call: Call) -> Answer:
    """Answer POST /v1/payment_intents/:id/confirm."""
    intent = intents.get(call.store, call.object_id)
    _check_secret(intent, call.params)
    return intents.confirm(call.store, call.log, intent, call.params, base_url=call.base_url)


def cancel_intent(call: Call) -> Answer:
    """Answer POST /v1/payment_intents/:id/cancel."""
    intent = intents.get(call.store, call.object_id)
    reason = call.params.get("cancellation_reason")
    return 200, intents.cancel(call.store, call.log, intent, reason)


def create_refund(call: Call) -> Answer:
    """Answer POST /v1/refunds."""
    return 200, refunds.create(call.store, call.log, call.params)


def list_refunds(call: Call) -> Answer:
    """Answer GET /v1/refunds, of one payment intent or of one charge."""
    parent = call.params.get("payment_intent")
    if "charge" in call.params:
        parent = _find(call.store, "charge", call.params["charge"])["payment_intent"]
    return _list(call, "refund", "/v1/refunds", parent=parent)


def list_intents(call: Call) -> Answer:
    """Answer GET /v1/payment_intents."""
    return _list(call, "payment_intent", "/v1/payment_intents")


def list_charges(call: Call) -> Answer:
    """Answer GET /v1/charges."""
    return _list(call, "charge", "/v1/charges", parent=call.params.get("payment_intent"))


def list_events(call: Call) -> Answer:
    """Answer GET /v1/events."""
    _check_limit(call.params)
    data, more = events.page(call.store, call.params)
    return 200, _collection("/v1/events", data, more=more)


def list_balance(call: Call) -> Answer:
    """Answer GET /v1/balance_transactions."""
    types = (call.params["type"],) if "type" in call.params else ()
    return _list(
        call,
        "balance_transaction",
        "/v1/balance_transactions",
        parent=call.params.get("source"),
        types=types,
    )


def shower(kind: str) -> Operation:
    """Return the operation that shows one object of a kind."""

    def show(call: Call) -> Answer:
        return 200, _find(call.store, kind, call.object_id)

    return show


@dataclass(frozen=True)
class Route:
    """One address of the API."""

    method: str
    rule: str
    name: str
    operation: Operation


ROUTES: Final = (
    Route("POST", "/v1/payment_intents", "payment_intents.create", create_intent),
    Route("GET", "/v1/payment_intents", "payment_intents.list", list_intents),
    Route("GET", "/v1/payment_intents/<object_id>", "payment_intents.retrieve", show_intent),
    Route("POST", "/v1/payment_intents/<object_id>", "payment_intents.update", update_intent),
    Route(
        "POST", "/v1/payment_intents/<object_id>/confirm", "payment_intents.confirm", confirm_intent
    ),
    Route(
        "POST", "/v1/payment_intents/<object_id>/cancel", "payment_intents.cancel", cancel_intent
    ),
    Route("POST", "/v1/refunds", "refunds.create", create_refund),
    Route("GET", "/v1/refunds", "refunds.list", list_refunds),
    Route("GET", "/v1/refunds/<object_id>", "refunds.retrieve", shower("refund")),
    Route("GET", "/v1/events", "events.list", list_events),
    Route("GET", "/v1/events/<object_id>", "events.retrieve", shower("event")),
    Route("GET", "/v1/charges", "charges.list", list_charges),
    Route("GET", "/v1/charges/<object_id>", "charges.retrieve", shower("charge")),
    Route("GET", "/v1/balance_transactions", "balance_transactions.list", list_balance),
    Route(
        "GET",
        "/v1/balance_transactions/<object_id>",
        "balance_transactions.retrieve",
        shower("balance_transaction"),
    ),
)

_EXPANDABLE: Final = {
    "latest_charge": "charge",
    "charge": "charge",
    "balance_transaction": "balance_transaction",
    "payment_method": "payment_method",
    "payment_intent": "payment_intent",
}


def expand(store: Store, body: Body, paths: list[str]) -> Body:
    """
    Put whole objects where ids stand.

    :raises Refusal:
    """
    for path in paths:
        steps = path.split(".")
        if steps[0] == "data" and body.get("object") == "list":
            for item in body["data"]:
                _expand(store, item, steps[1:], path)
        else:
            _expand(store, body, steps, path)
    return body


def open_dispute(store: Store, log: events.EventLog, intent_id: str, reason: str) -> Body:
    """
    Dispute the charge of a payment intent.

    :raises Refusal:
    """
    charge_id = intents.get(store, intent_id)["latest_charge"]
    return charges.dispute(store, log, _find(store, "charge", str(charge_id)), reason)


def _expand(store: Store, body: Body, steps: list[str], path: str) -> None:
    node: Body | None = body
    for step in steps:
        if node is None:
            return
        if step not in _EXPANDABLE or step not in node:
            raise Refusal(400, f"This property cannot be expanded ({path}).", param="expand")
        if isinstance(node[step], str):
            node[step] = store.find(_EXPANDABLE[step], node[step])
        node = node[step]


def _find(store: Store, kind: str, object_id: str) -> Body:
    found = store.find(kind, object_id)
    if found is None:
        raise missing(kind, object_id)
    return found


def _check_secret(intent: Body, params: Body) -> None:
    given = params.get("client_secret")
    if given is not None and given != intent["client_secret"]:
        raise Refusal(
            400,
            "The client_secret provided does not match the client_secret of this PaymentIntent.",
            code="payment_intent_client_secret_mismatch",
            param="client_secret",
        )


def _check_limit(params: Body) -> None:
    if not 1 <= params.get("limit", 10) <= _LARGEST_PAGE:
        raise Refusal(400, f"limit must be between 1 and {_LARGEST_PAGE}.", param="limit")


def _list(
    call: Call, kind: str, url: str, *, parent: str | None = None, types: tuple[str, ...] = ()
) -> Answer:
    _check_limit(call.params)
    data, more = call.store.page(
        Filter(
            kind=kind,
            limit=call.params.get("limit", 10),
            starting_after=call.params.get("starting_after"),
            ending_before=call.params.get("ending_before"),
            parent=parent,
            types=types,
            created=events.between(call.params),
        )
    )
    return 200, _collection(url, data, more=more)


def _collection(url: str, data: list[Body], *, more: bool) -> Body:
    return {"object": "list", "data": data, "has_more": more, "url": url}
