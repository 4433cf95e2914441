"""Guesses of coupon codes: counted before they are looked up, and told to the staff."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from flask_login import current_user

from marketplace.core import sealing
from marketplace.core.db import in_transaction
from marketplace.coupons import fraud
from marketplace.web import kept, limits

_NOTED_EVERY: Final = 30.0


def guessers(place: str = "") -> tuple[str, ...]:
    """Return who may be guessing: the person, and whoever shares the address."""
    return (
        f"{place}person:{current_user.person_id}",
        f"{place}address:{limits.client_address()}",
    )


def count(who: Sequence[str], *, at: datetime) -> None:
    """
    Count one guess, so that guesses sent all at once count like any others.

    :raises TriedTooOften, CannotCount:
    """
    try:
        for guesser in who:
            limits.spend(limits.COUPON_CODE, guesser)
    except limits.TriedTooOften:
        _note(int(current_user.person_id), at)
        raise


def uncount(who: Sequence[str]) -> None:
    """Uncount a guess that was none."""
    for guesser in who:
        limits.give_back(limits.COUPON_CODE, guesser)


def _note(person_id: int, at: datetime) -> None:
    """Leave word for the staff, a few times a minute at most however many guesses come."""
    address = sealing.digest(limits.client_address(), purpose="guessing address")[:16]
    kept.recall(
        ("code guessing", person_id),
        lambda: in_transaction(
            lambda: fraud.note_code_guessing(
                source=f"address:{address}", person_id=person_id, at=at
            )
        ),
        seconds=_NOTED_EVERY,
    )
