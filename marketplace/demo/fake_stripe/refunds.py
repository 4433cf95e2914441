"""Refunds: whole, partial, late and failing ones."""

from __future__ import annotations

from marketplace.demo.fake_stripe import cards, charges, events, intents
from marketplace.demo.fake_stripe.errors import Refusal, missing
from marketplace.demo.fake_stripe.store import Body, Store


def create(store: Store, log: events.EventLog, params: Body) -> Body:
    """
    Give money back, never more than is left of the charge.

    :raises Refusal:
    """
    charge = _charge(store, params)
    if not charge["paid"]:
        raise Refusal(400, "This PaymentIntent does not have a successful charge to refund.")
    left = charge["amount_captured"] - charge["amount_refunded"]
    amount = params.get("amount", left)
    if left == 0:
        raise Refusal(
            400,
            f"Charge {charge['id']} has already been refunded.",
            code="charge_already_refunded",
        )
    if amount < 1:
        raise Refusal(
            400, "Invalid positive integer", code="parameter_invalid_integer", param="amount"
        )
    if amount > left:
        raise Refusal(
            400,
            f"Refund amount (₩{amount:,}) is greater than unrefunded amount on charge (₩{left:,})",
            param="amount",
        )
    refund: Body = {
        "id": events.new_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": events.stamp(),
        "currency": charge["currency"],
        "failure_reason": None,
        "metadata": params.get("metadata") or {},
        "payment_intent": charge["payment_intent"],
        "reason": params.get("reason"),
        "status": "succeeded" if _ends(store, charge) == "succeeded" else "pending",
    }
    entry = charges.enter(store, "refund", refund["id"], -amount, 0)
    refund["balance_transaction"] = entry["id"]
    store.put("refund", refund, parent=charge["payment_intent"], state=refund["status"])
    _give_back(store, charge, amount)
    log.record("charge.refunded", charge)
    log.record("refund.created", refund)
    return refund


def settle(store: Store, log: events.EventLog, refund_id: str) -> None:
    """End a pending refund the way its card does."""
    refund = store.find("refund", refund_id)
    if refund is None or refund["status"] != "pending":
        return
    charge = store.find("charge", refund["charge"])
    if charge is None:
        raise missing("charge", refund["charge"])
    if _ends(store, charge) == "failed":
        refund["status"] = "failed"
        refund["failure_reason"] = "expired_or_canceled_card"
        entry = charges.enter(store, "refund_failure", refund["id"], refund["amount"], 0)
        refund["failure_balance_transaction"] = entry["id"]
        _give_back(store, charge, -refund["amount"])
    else:
        refund["status"] = "succeeded"
    store.put("refund", refund)
    store.move(refund_id, refund["status"])
    log.record("refund.updated", refund)
    if refund["status"] == "failed":
        log.record("refund.failed", refund)


def _charge(store: Store, params: Body) -> Body:
    charge_id = params.get("charge")
    if "payment_intent" in params:
        charge_id = intents.get(store, params["payment_intent"])["latest_charge"]
        if charge_id is None:
            raise Refusal(400, "This PaymentIntent does not have a successful charge to refund.")
    if charge_id is None:
        raise Refusal(
            400,
            "One of the following params should be provided: charge or payment_intent.",
            code="parameter_missing",
        )
    charge = store.find("charge", charge_id)
    if charge is None:
        raise missing("charge", charge_id)
    return charge


def _give_back(store: Store, charge: Body, amount: int) -> None:
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    store.put("charge", charge)


def _ends(store: Store, charge: Body) -> str:
    method = store.find("payment_method", charge["payment_method"])
    card = None if method is None else cards.card_of(method)
    return "succeeded" if card is None else card.refund
