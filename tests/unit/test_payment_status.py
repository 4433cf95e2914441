"""The table of payment states."""

from __future__ import annotations

from itertools import product

from marketplace.payments import status
from marketplace.payments.models import PaymentState


def test_every_state_is_listed_and_reachable() -> None:
    reached = {PaymentState.CREATED}
    while grown := {to for state in reached for to in status.MOVES[state]} - reached:
        reached |= grown

    assert status.MOVES.keys() == status.RANK.keys() == set(PaymentState)
    assert reached == set(PaymentState)


def test_every_state_is_open_closed_or_captured() -> None:
    groups = [status.OPEN, status.CLOSED, status.CAPTURED]

    assert sum(map(len, groups)) == len(PaymentState)
    assert frozenset().union(*groups) == set(PaymentState)


def test_news_is_always_an_allowed_move() -> None:
    for present, reported in product(PaymentState, repeat=2):
        assert status.is_news(present, reported) <= (reported in status.MOVES[present])


def test_money_taken_is_never_forgotten() -> None:
    for state in status.CAPTURED:
        assert status.MOVES[state] <= status.CAPTURED
