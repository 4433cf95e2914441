"""The op `ledger`: the product's own book, in a transaction that is rolled back."""

from __future__ import annotations

import atexit
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from functools import cache
from typing import Any

import flask
from sqlalchemy import text

from marketplace.app import create_app
from marketplace.cli import environment
from marketplace.core import clock, migrating
from marketplace.core.db import db, transaction
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

Given = Mapping[str, Any]


def ledger(given: Given) -> dict[str, Any]:
    """Answer the op."""
    answer: dict[str, Any] = {}
    with _application(), suppress(_Done), transaction():
        answer = _rehearse(given)
        # What the database checks at commit, before everything is taken back.
        db.session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        raise _Done
    return answer


class _Done(Exception):
    """Ends the rehearsal by rolling it back."""


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


@contextmanager
def _application() -> Iterator[None]:
    with nullcontext() if flask.has_app_context() else _own_application().app_context():
        yield


@cache
def _own_application() -> flask.Flask:
    # Once for the whole run: the demo's servers would otherwise start and stop for every case.
    stack = ExitStack()
    atexit.register(stack.close)
    # Whoever names a database migrates it; the demo's may be empty still.
    is_demo = not os.environ.get("DATABASE_URL")
    settings = stack.enter_context(environment.settings_of_this_machine())
    if is_demo:
        migrating.upgrade(settings.database_url)
    return create_app(settings)
