"""Pages per second against a bare page with as many rows."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text

from bench.figures import Figure, ratio
from bench.generator import Act, Crew, Leg
from bench.http1 import Connection, cookies_of
from bench.rounds import Pace, in_turn
from bench.stage import Stage
from marketplace.core.db import db

CLIENTS: Final = 8
YARDSTICK: Final = "bare Flask+Jinja page of 24 rows from one query, same server and processes"
_SHOWN: Final = 24
# More than a web process can draw while it keeps one, so that each is drawn anew.
_RARE: Final = 5_000
_LEAST: Final = 0.5


class WrongPage(Exception):
    """The server answered something else than the page."""


@dataclass(frozen=True)
class Visits:
    """Visitors who open these pages in turn, each from another place in the list."""

    url: str
    targets: tuple[str, ...]

    def begin(self, number: int) -> Act:
        """Open a connection; cookies are kept, as browsers do."""
        connection = Connection(self.url)
        position = number * len(self.targets) // CLIENTS
        headers: dict[str, str] = {}

        def visit() -> None:
            nonlocal position
            target = self.targets[position % len(self.targets)]
            position += 1
            reply = connection.ask(target, headers=headers)
            if reply.status != 200 or b"</html>" not in reply.body[-20:]:
                raise WrongPage(f"{target}: {reply.status}")
            if given := cookies_of(reply):
                headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in given.items())

        return visit


def list_page(stage: Stage, crew: Crew, pace: Pace) -> list[Figure]:
    """Measure the lists of the menu, all products and each top category; then rare lists."""
    slugs = db.session.scalars(
        text("SELECT slug FROM category WHERE parent_id IS NULL ORDER BY position")
    ).all()
    db.session.rollback()
    menu = ["/products", *(f"/products?category={slug}" for slug in slugs)]
    rare = [f"/products?price_to={999_999 - number}" for number in range(_RARE)]
    return [
        _against_bare("list_page", stage, crew, pace, menu, least=_LEAST),
        _against_bare("list_page_drawn_anew", stage, crew, pace.brief(), rare),
    ]


def product_page(stage: Stage, crew: Crew, pace: Pace) -> list[Figure]:
    """Measure the pages of the products the list shows first, then those of any product."""
    ids = db.session.scalars(
        text("SELECT product_id FROM product_document ORDER BY popularity DESC, product_id DESC")
    ).all()
    db.session.rollback()
    any_ids = random.Random(20_261_124).sample(ids, _RARE)  # noqa: S311
    shown = [f"/products/{product_id}" for product_id in ids[:_SHOWN]]
    rare = [f"/products/{product_id}" for product_id in any_ids]
    return [
        _against_bare("product_page", stage, crew, pace, shown, least=_LEAST),
        _against_bare("product_page_drawn_anew", stage, crew, pace.brief(), rare),
    ]


def bare_visits(stage: Stage) -> Visits:
    """Return visitors of the bare page."""
    return Visits(stage.bare, ("/",))


def _against_bare(
    name: str,
    stage: Stage,
    crew: Crew,
    pace: Pace,
    targets: Sequence[str],
    *,
    least: float | None = None,
) -> Figure:
    ours, theirs = Visits(stage.shop, tuple(targets)), bare_visits(stage)

    def leg(visits: Visits) -> Leg:
        return crew.run(visits, clients=CLIENTS, seconds=pace.seconds)

    both = in_turn(pace, lambda _: leg(ours), lambda _: leg(theirs))
    found = ratio(both.measured_rates, both.yardstick_rates)
    return Figure(
        name=name,
        ratio=found,
        value=both.measured_rate,
        unit="pages/s",
        yardstick=YARDSTICK,
        yardstick_value=both.yardstick_rate,
        must="" if least is None else f"≥ {least:g}",
        holds=None if least is None else found >= least,
    )
