"""Charges and what they leave in the balance."""

from __future__ import annotations

from typing import Final

from marketplace.demo.fake_stripe import events
from marketplace.demo.fake_stripe.store import Body, Store

# 3.4 %, rounded half up, for every method.
FEE_BASIS_POINTS: Final = 340


def fee_of(amount: int) -> int:
    """Return the fee Stripe keeps of a charge."""
    return (amount * FEE_BASIS_POINTS + 5_000) // 10_000


def add(store: Store, intent: Body, method: Body, *, error: Body | None = None) -> Body:
    """Store the charge of an attempt to pay, with its balance transaction when it succeeded."""
    paid = error is None
    charge: Body = {
        "id": events.new_id("ch"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if paid else 0,
        "amount_refunded": 0,
        "balance_transaction": None,
        "captured": paid,
        "created": events.stamp(),
        "currency": intent["currency"],
        "description": intent["description"],
        "disputed": False,
        "failure_code": None if error is None else error["code"],
        "failure_message": None if error is None else error["message"],
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "outcome": {"network_status": "approved_by_network" if paid else "declined_by_network"},
        "paid": paid,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": _details(method),
        "refunded": False,
        "status": "succeeded" if paid else "failed",
    }
    if paid:
        entry = enter(store, "charge", charge["id"], charge["amount"], fee_of(charge["amount"]))
        charge["balance_transaction"] = entry["id"]
    return store.put("charge", charge, parent=intent["id"])


def enter(store: Store, type_: str, source: str, amount: int, fee: int) -> Body:
    """Store one balance transaction."""
    at = events.stamp()
    entry: Body = {
        "id": events.new_id("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": at + 2 * 86_400,
        "created": at,
        "currency": "krw",
        "description": None,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [
            {"amount": fee, "currency": "krw", "description": "Stripe fee", "type": "stripe_fee"}
        ]
        if fee
        else [],
        "net": amount - fee,
        "reporting_category": type_,
        "source": source,
        "status": "pending",
        "type": type_,
    }
    return store.put("balance_transaction", entry, type_=type_, parent=source)


def dispute(store: Store, log: events.EventLog, charge: Body, reason: str) -> Body:
    """Open a dispute over a whole charge."""
    case: Body = {
        "id": events.new_id("dp"),
        "object": "dispute",
        "amount": charge["amount"],
        "charge": charge["id"],
        "created": events.stamp(),
        "currency": charge["currency"],
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "status": "needs_response",
    }
    store.put("dispute", case, parent=charge["id"])
    charge["disputed"] = True
    store.put("charge", charge)
    enter(store, "adjustment", case["id"], -case["amount"], 0)
    log.record("charge.dispute.created", case)
    return case


def _details(method: Body) -> Body:
    kind = method["type"]
    if kind == "card":
        return {"type": "card", "card": dict(method["card"])}
    if kind == "kr_card":
        # The issuer a buyer of the test page would have picked.
        return {"type": kind, kind: {"brand": "kookmin", "last4": "0001", "buyer_id": None}}
    return {"type": kind, kind: {"buyer_id": None, "transaction_id": events.new_id("tx")}}
