"""Residents take a coupon each, against the same SQL without the shop around it."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text

from bench import district
from bench.district import Session
from bench.figures import Figure, ratio
from bench.generator import Act, Crew, Leg, OutOfWork
from bench.http1 import Connection
from bench.rounds import Both, Failed, Pace, in_turn
from bench.stage import Stage
from marketplace.core.db import db

CLIENTS: Final = 8
_OURS: Final = "bench-shop"
_THEIRS: Final = "bench-bare"


class NotTaken(Exception):
    """A claim was answered by something else than a coupon."""


@dataclass(frozen=True)
class Claims:
    """Clients that claim for one member after the other, at the shop or at the bare route."""

    url: str
    slug: str
    people: tuple[Session, ...]
    csrf_token: str | None

    def begin(self, number: int) -> Act:
        """Open a connection."""
        connection = Connection(self.url)
        waiting = iter(self.people[number::CLIENTS])

        def claim() -> None:
            person = next(waiting, None)
            if person is None:
                raise OutOfWork
            if self.csrf_token is None:
                self._claim_bare(connection, person)
            else:
                self._claim(connection, person, self.csrf_token)

        return claim

    def _claim(self, connection: Connection, person: Session, csrf_token: str) -> None:
        reply = connection.ask(
            f"/coupons/{self.slug}/claim",
            form={"csrf_token": csrf_token},
            headers={"Cookie": person.cookie},
        )
        if reply.status != 303 or "/my/coupons?got=" not in reply.header("location"):
            raise NotTaken(f"{reply.status} {reply.header('location')}")

    def _claim_bare(self, connection: Connection, person: Session) -> None:
        form = {
            "slug": self.slug,
            "person": str(person.person_id),
            "token_hash": person.token_hash,
        }
        reply = connection.ask("/claim", form=form)
        if reply.status != 204:
            raise NotTaken(str(reply.status))


def claim(stage: Stage, crew: Crew, pace: Pace) -> list[Figure]:
    """Measure claims of different members, none of whom has the coupon."""
    csrf_token, people = district.sessions(stage.app, district.add_people())
    for slug in (_OURS, _THEIRS):
        district.add_campaign(slug)
    share = len(people) // (pace.rounds + 1)

    def leg(url: str, slug: str, number: int, token: str | None) -> Leg:
        chosen = tuple(people[number * share : (number + 1) * share])
        claims = Claims(url, slug, chosen, token)
        return crew.run(claims, clients=CLIENTS, seconds=pace.seconds)

    both = in_turn(
        pace,
        lambda number: leg(stage.shop, _OURS, number, csrf_token),
        lambda number: leg(stage.bare, _THEIRS, number, None),
    )
    _count(both.measured, _OURS)
    _count(both.yardstick, _THEIRS)
    return [
        Figure(
            name="claim",
            ratio=ratio(both.measured_rates, both.yardstick_rates),
            value=both.measured_rate,
            unit="claims/s",
            yardstick="bare Flask route with the same SQL through a psycopg pool, same server",
            yardstick_value=both.yardstick_rate,
        ),
        _slowest(both),
    ]


def _slowest(both: Both) -> Figure:
    ours = [_p99(leg) for leg in both.measured]
    theirs = [_p99(leg) for leg in both.yardstick]
    return Figure(
        name="claim_p99",
        ratio=ratio(ours, theirs),
        value=statistics.median(ours) * 1_000,
        unit="ms until 99 of 100 are answered",
        yardstick="the bare route's",
        yardstick_value=statistics.median(theirs) * 1_000,
    )


def _p99(leg: Leg) -> float:
    return sorted(leg.latencies)[int(len(leg.latencies) * 0.99)]


def _count(legs: Sequence[Leg], slug: str) -> None:
    """
    Compare what clients were told with what the database holds.

    :raises Failed: it holds fewer coupons, or somebody has two
    """
    claimed, people = db.session.execute(
        text(
            "SELECT count(*), count(DISTINCT c.person_id) FROM coupon c"
            " JOIN campaign d ON d.id = c.campaign_id WHERE d.slug = :slug AND c.state = 'claimed'"
        ),
        {"slug": slug},
    ).one()
    db.session.rollback()
    # Those of the first round, which is not kept, come on top.
    if claimed != people or claimed < sum(leg.done for leg in legs):
        raise Failed(f"{slug}: {claimed} coupons for {people} people")
