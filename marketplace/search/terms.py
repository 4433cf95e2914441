"""What people search for, counted without a word about who they are."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert

from marketplace.core.db import db
from marketplace.search import grams
from marketplace.search.models import SearchTerm

_LONGEST: Final = 20
# A phone number, a business number, an address: digits in a row are never kept.
_TELLING: Final = re.compile(r"\d(?:\D?\d){3}|@")
_RECENT: Final = timedelta(days=30)
# A term fewer people searched could tell who it was.
_LEAST_SEARCHES: Final = 3


class Tally(NamedTuple):
    """How often one term was searched, and how often it found nothing."""

    searches: int
    misses: int


class Counter:
    """Counts searches in this process, so that a search writes nothing; a crash loses a minute."""

    def __init__(self, *, every_seconds: float = 60.0, largest: int = 200) -> None:
        self._lock = threading.Lock()
        self._every = every_seconds
        self._largest = largest
        self._tallies: dict[str, Tally] = {}
        self._due = time.monotonic() + every_seconds

    def note(self, text: str, *, found: bool) -> None:
        """Count one search, unless its text could be about a person."""
        term = grams.clean_query(text)
        if not term or len(term) > _LONGEST or _TELLING.search(text):
            return
        with self._lock:
            before = self._tallies.get(term, Tally(0, 0))
            self._tallies[term] = Tally(before.searches + 1, before.misses + (not found))

    def take_due(self) -> Mapping[str, Tally]:
        """Hand over what was counted once it is time, and start again from nothing."""
        with self._lock:
            if len(self._tallies) < self._largest and time.monotonic() < self._due:
                return {}
            taken, self._tallies = self._tallies, {}
            self._due = time.monotonic() + self._every
        return taken


counter = Counter()


def record(tallies: Mapping[str, Tally], *, at: datetime) -> None:
    """Add counted searches to the table."""
    if not tallies:
        return
    statement = insert(SearchTerm)
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=[SearchTerm.term],
            set_={
                "searches": SearchTerm.searches + statement.excluded.searches,
                "misses": SearchTerm.misses + statement.excluded.misses,
                "last_at": statement.excluded.last_at,
            },
        ),
        # In one order, so that two processes cannot wait for each other.
        [
            {"term": term, "searches": tally.searches, "misses": tally.misses, "last_at": at}
            for term, tally in sorted(tallies.items())
        ],
    )


def popular(*, at: datetime, limit: int) -> Select[str, int]:
    """Select the terms searched most of late that find something."""
    return (
        select(SearchTerm.term, SearchTerm.searches)
        .where(
            SearchTerm.last_at > at - _RECENT,
            SearchTerm.searches >= _LEAST_SEARCHES,
            SearchTerm.misses * 2 < SearchTerm.searches,
        )
        .order_by(SearchTerm.searches.desc(), SearchTerm.term)
        .limit(limit)
    )


def list_popular(*, at: datetime, limit: int = 8) -> list[str]:
    """List the terms searched most of late that find something."""
    return [row.term for row in db.session.execute(popular(at=at, limit=limit))]
