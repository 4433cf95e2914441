"""How long a search takes, page and all, against the statements it sends to PostgreSQL."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from urllib.parse import quote

import psycopg
from sqlalchemy import event, text

from bench.figures import Figure, percentile, ratio
from bench.generator import Act, Crew, Leg
from bench.pages import Visits
from bench.rounds import Pace, in_turn
from bench.stage import Stage
from marketplace.core.db import db

# More would measure the queue in front of two cores.
CLIENTS: Final = 1
# So many that no process meets one again while it keeps an answer.
_TERMS: Final = 1_000
_LONGEST: Final = 4
_STEP: Final = 389
Statement = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Asks:
    """Clients that send a search's own statements over one connection each."""

    database_url: str
    searches: tuple[tuple[Statement, ...], ...]

    def begin(self, number: int) -> Act:
        """Open a connection."""
        connection = psycopg.connect(self.database_url, autocommit=True)
        position = number * len(self.searches) // CLIENTS

        def ask() -> None:
            nonlocal position
            for statement, parameters in self.searches[position % len(self.searches)]:
                connection.execute(statement, parameters).fetchall()
            position += 1

        return ask


def search(stage: Stage, crew: Crew, pace: Pace) -> list[Figure]:
    """Measure the 95th percentile of searches for different words."""
    terms = _terms()
    targets = tuple(f"/products?q={quote(term)}" for term in terms)
    searches = tuple(_statements_of(stage, target) for target in targets)
    visits = Visits(stage.shop, targets)
    whole = Asks(stage.database_url, searches)
    index_only = Asks(stage.database_url, tuple(found[:1] for found in searches))

    def visit(number: int) -> Leg:
        return crew.run(_moved(visits, number), clients=CLIENTS, seconds=pace.seconds)

    def ask(asks: Asks, number: int) -> Leg:
        return crew.run(_asking_on(asks, number), clients=CLIENTS, seconds=pace.seconds)

    figures = []
    for name, asks, what, its_pace in (
        ("search", whole, "the same statements (page and facet counts)", pace),
        ("search_over_index", index_only, "the page's statement alone", pace.brief()),
    ):
        both = in_turn(its_pace, visit, partial(ask, asks))
        ours = [percentile(leg.latencies, 0.95) * 1_000 for leg in both.measured]
        theirs = [percentile(leg.latencies, 0.95) * 1_000 for leg in both.yardstick]
        found = ratio(ours, theirs)
        figures.append(
            Figure(
                name=name,
                ratio=found,
                value=sorted(ours)[len(ours) // 2],
                unit="ms p95",
                yardstick=f"{what} by psycopg, {len(terms)} terms, {CLIENTS} client each",
                yardstick_value=sorted(theirs)[len(theirs) // 2],
                must="≤ 3",
                holds=found <= 3,
            )
        )
    return figures


def _moved(visits: Visits, number: int) -> Visits:
    start = number * _STEP % len(visits.targets)
    return Visits(visits.url, visits.targets[start:] + visits.targets[:start])


def _asking_on(asks: Asks, number: int) -> Asks:
    start = number * _STEP % len(asks.searches)
    return Asks(asks.database_url, asks.searches[start:] + asks.searches[:start])


def _terms() -> list[str]:
    """Return words of the catalogue, and their beginnings and ends, of one to four syllables."""
    words = db.session.scalars(text("SELECT word FROM search_word WHERE word ~ '^[가-힣]+$'"))
    found = {
        part
        for word in words
        for size in range(1, min(len(word), _LONGEST) + 1)
        for part in (word[:size], word[-size:])
    }
    db.session.rollback()
    chosen = sorted(found)
    random.Random(20_261_124).shuffle(chosen)  # noqa: S311
    return chosen[:_TERMS]


def _statements_of(stage: Stage, target: str) -> tuple[Statement, ...]:
    """Return what one search asks of the search index, as the driver gets it."""
    with _recorded() as sent:
        reply = stage.app.test_client().get(target)
        # The request shares our application context, and with it our session.
        db.session.remove()
    if reply.status_code != 200:
        raise LookupError(f"{target}: {reply.status}")
    return tuple(sent)


@contextmanager
def _recorded() -> Iterator[list[Statement]]:
    sent: list[Statement] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "product_document" in statement:
            sent.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
