"""The op `ledger`: the product's own book, in a transaction that is rolled back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from marketplace.core import clock
from marketplace.core.money import Won
from marketplace.ledger import posting
from marketplace.ledger.models import AccountKind
from marketplace.ledger.rehearsal import (
    CURRENCY,
    Rehearsal,
    RehearsalRefused,
    RehearsedLeg,
    Turnover,
)
from tests.casebook import stage

Given = Mapping[str, Any]


def ledger(given: Given) -> dict[str, Any]:
    """Answer the op."""
    return stage.rehearse(lambda: _rehearse(given))


def _rehearse(given: Given) -> dict[str, Any]:
    rehearsal = Rehearsal(
        name=f"rehearsal:{uuid.uuid4()}",
        accounts={name: AccountKind(kind) for name, kind in given["accounts"].items()},
        limited=frozenset(given.get("limits", ())),
        at=clock.now(),
    )
    for account, past in given.get("opening", {}).items():
        turnover = Turnover(debits=Won(past.get("debits", 0)), credits=Won(past.get("credits", 0)))
        rehearsal.open_with(account, turnover)
    steps = [*given.get("transfers", ()), *given.get("journal", ())]
    results = [_step(rehearsal, step) for step in steps]
    return {
        "balances": rehearsal.balances(),
        "posted": {
            account: {"debits": turnover.debits, "credits": turnover.credits}
            for account, turnover in rehearsal.turnovers().items()
        },
        "pending": rehearsal.on_hold(),
        "results": results,
        "entry_count": rehearsal.entry_count,
    }


def _step(rehearsal: Rehearsal, step: Given) -> str:
    try:
        match step:
            case {"legs": legs}:
                rehearsal.enter([_leg(leg) for leg in legs])
            case {"post": transfer_id}:
                rehearsal.post_hold(transfer_id, step.get("amount"))
            case {"void": transfer_id}:
                rehearsal.void_hold(transfer_id)
            case _:
                rehearsal.transfer(
                    debit=step["debit"],
                    credit=step["credit"],
                    amount=step["amount"],
                    transfer_id=step.get("id"),
                    hold=step.get("pending", False),
                )
    except (RehearsalRefused, posting.Unbalanced):
        return "rejected"
    return "ok"


def _leg(given: Given) -> RehearsedLeg:
    return RehearsedLeg(
        account=given["account"],
        debit=given.get("debit", 0),
        credit=given.get("credit", 0),
        currency=given.get("currency", CURRENCY),
    )
