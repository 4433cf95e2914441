"""The states of a payment, the moves between them, and which state knows more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from marketplace.payments.models import PaymentState as State

OPEN: Final = frozenset({State.CREATED, State.PENDING, State.AWAITING_DEPOSIT, State.AUTHORIZED})
CLOSED: Final = frozenset({State.FAILED, State.EXPIRED, State.CANCELED})
CAPTURED: Final = frozenset({State.PAID, State.PARTIALLY_REFUNDED, State.REFUNDED})

# News arrives in any order. A state gives way only to one of a higher rank: money taken outranks
# every ending we noted ourselves, and a refund outranks the payment it gives back.
RANK: Final[Mapping[State, int]] = {
    State.CREATED: 0,
    State.PENDING: 1,
    State.AWAITING_DEPOSIT: 1,
    State.AUTHORIZED: 2,
    State.FAILED: 3,
    State.EXPIRED: 3,
    State.CANCELED: 3,
    State.PAID: 4,
    State.PARTIALLY_REFUNDED: 5,
    State.REFUNDED: 6,
}

_FORWARD: Final[Mapping[State, frozenset[State]]] = {
    state: frozenset(to for to in State if RANK[to] > RANK[state]) for state in State
}

# A refund the bank sends back after all is the one way down.
_REFUND_RETURNED: Final[Mapping[State, frozenset[State]]] = {
    State.PARTIALLY_REFUNDED: frozenset({State.PAID}),
    State.REFUNDED: frozenset({State.PAID, State.PARTIALLY_REFUNDED}),
}

MOVES: Final[Mapping[State, frozenset[State]]] = {
    state: _FORWARD[state] | _REFUND_RETURNED.get(state, frozenset()) for state in State
}


def is_news(present: State, reported: State) -> bool:
    """Say whether a reported state knows more than the present one."""
    return RANK[reported] > RANK[present]
