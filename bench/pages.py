"""Pages per second against a bare page with as many rows."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text

from bench.figures import Figure, ratio
from bench.generator import Act, Crew, Leg
from bench.http1 import Connection
from bench.rounds import Pace, in_turn
from bench.stage import Stage
from marketplace.core.db import db

CLIENTS: Final = 8
_PRODUCTS: Final = 500
YARDSTICK: Final = "bare Flask+Jinja page of 24 rows from one query, same server and processes"


class WrongPage(Exception):
    """The server answered something else than the page."""


@dataclass(frozen=True)
class Visits:
    """Clients that open these pages in turn, each from another place in the list."""

    url: str
    targets: tuple[str, ...]

    def begin(self, number: int) -> Act:
        """Open a connection."""
        connection = Connection(self.url)
        position = number * len(self.targets) // CLIENTS

        def visit() -> None:
            nonlocal position
            target = self.targets[position % len(self.targets)]
            position += 1
            reply = connection.ask(target)
            if reply.status != 200 or b"</html>" not in reply.body[-20:]:
                raise WrongPage(f"{target}: {reply.status}")

        return visit


def list_page(stage: Stage, crew: Crew, pace: Pace) -> list[Figure]:
    """Measure the list: all products, and those of every category, in turn."""
    found = db.session.execute(
        text(
            "SELECT c.id, c.slug FROM category c WHERE EXISTS (SELECT FROM product_document d"
            " WHERE d.category_path @> ARRAY[c.id]) ORDER BY c.id"
        )
    ).all()
    db.session.rollback()
    shop = ["/products", *(f"/products?category={row.slug}" for row in found)]
    bare = ["/", *(f"/?category={row.id}" for row in found)]
    return [_against_bare("list_page", stage, crew, pace, shop, bare)]


def product_page(stage: Stage, crew: Crew, pace: Pace) -> list[Figure]:
    """Measure the pages of products drawn from all of them."""
    ids = list(db.session.scalars(text("SELECT product_id FROM product_document ORDER BY 1")))
    db.session.rollback()
    chosen = random.Random(20_261_124).sample(ids, _PRODUCTS)  # noqa: S311
    shop = [f"/products/{product_id}" for product_id in chosen]
    return [_against_bare("product_page", stage, crew, pace, shop, ["/"])]


def bare_visits(stage: Stage) -> Visits:
    """Return clients of the bare page."""
    return Visits(stage.bare, ("/",))


def _against_bare(
    name: str, stage: Stage, crew: Crew, pace: Pace, shop: Sequence[str], bare: Sequence[str]
) -> Figure:
    ours, theirs = Visits(stage.shop, tuple(shop)), Visits(stage.bare, tuple(bare))

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
        must="≥ 0.5",
        holds=found >= 0.5,
    )
