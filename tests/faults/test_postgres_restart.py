"""PostgreSQL dies under load and comes back: polite pages, no half orders, no manual step (J6)."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import psutil
import psycopg
import pytest
from flask import Flask
from sqlalchemy import select, text

from marketplace.catalog.models import Variant
from marketplace.core import migrating
from marketplace.core.db import db
from marketplace.core.settings import Settings
from marketplace.demo.launcher.postgres import EmbeddedPostgres
from marketplace.orders.models import Order
from marketplace.payments.models import Payment
from marketplace.web.guards import EVERYONE, allow
from tests import make
from tests.bed.stripe import FakeStripe
from tests.faults import crew, crowd, invariants

BUYERS = 4
POOL = 4
ENOUGH = 4


@pytest.fixture
def live_database(own_postgres: EmbeddedPostgres) -> str:
    """A migrated database on a server that this test may kill."""
    url = own_postgres.start()
    migrating.upgrade(url)
    return url


@pytest.fixture
def goods(
    live_app: Flask, live_settings: Settings, fake_stripe: FakeStripe
) -> Iterator[list[Variant]]:
    """Things to buy, from a shop the provider tells of payments."""
    fake_stripe.send_webhooks_to(f"{live_settings.public_url}/webhooks/stripe")
    with live_app.app_context():
        yield [make.sellable(on_hand=10_000) for _ in range(3)]


def kill(server: EmbeddedPostgres, last: signal.Signals) -> None:
    """End the server without any goodbye, and wait until all of its processes are gone."""
    family = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
    os.kill(server.pid, last)
    gone, alive = psutil.wait_procs(family, timeout=30)
    assert len(gone) == len(family), alive


class TestConnectionDies:
    def test_a_finished_answer_is_given_and_the_pool_stays_whole(
        self, live_app: Flask, live_database: str
    ) -> None:
        @live_app.get("/dying")
        @allow(EVERYONE)
        def dying() -> str:
            mine = db.session.scalar(text("SELECT pg_backend_pid()"))
            with psycopg.connect(live_database.replace("+psycopg", "")) as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", [mine])
            return "finished"

        visitor = live_app.test_client()
        answers = [visitor.get("/dying") for _ in range(2 * POOL)]

        assert [answer.text for answer in answers] == ["finished"] * len(answers)
        assert visitor.get("/").status_code == 200
        with live_app.app_context():
            assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


class TestPostgresDies:
    def test_the_shop_says_so_and_goes_on_by_itself(
        self,
        goods: list[Variant],
        live_settings: Settings,
        own_postgres: EmbeddedPostgres,
        fake_stripe: FakeStripe,
    ) -> None:
        settings = replace(live_settings, pool_size=POOL)
        with crew.working(settings, "web", "worker", "dispatcher") as running:
            with crowd.shopping(settings.public_url, goods, size=BUYERS) as shoppers:
                for last in (signal.SIGKILL, signal.SIGQUIT):
                    crew.wait_until(lambda: len(shoppers.bought()) >= ENOUGH)
                    kill(own_postgres, last)
                    crew.wait_until(partial(_are_sent_away, shoppers, since=time.monotonic()))
                    own_postgres.start()
                    crew.wait_until(
                        partial(_buy_again, shoppers, since=time.monotonic()), seconds=30
                    )
            _check_answers(shoppers, running.said("web"))
            _check_promises(shoppers)
            fake_stripe.wait_until_idle()
            crew.reconcile_now()
            # What the dead database never heard the end of is sent again after its lease.
            crew.hurry()
            crew.wait_until(
                lambda: _settled(fake_stripe),
                instead=lambda: (invariants.find_disagreements(fake_stripe), crew.unfinished()),
            )

        invariants.check(fake_stripe)
        said = "".join(running.said(name) for name in ("web", "worker", "dispatcher"))
        assert "deadlock detected" not in said + own_postgres.log.read_text(errors="replace")


def _are_sent_away(shoppers: crowd.Crowd, *, since: float) -> bool:
    return sum(one.status == 503 for one in shoppers.told if one.at > since) >= BUYERS


def _buy_again(shoppers: crowd.Crowd, *, since: float) -> bool:
    return len(shoppers.bought(after=since)) >= ENOUGH


def _check_answers(shoppers: crowd.Crowd, said: str) -> None:
    told = shoppers.told
    strange = [f"{one.status} {one.asked}" for one in told if one.status not in (200, 303, 503)]
    assert strange == [], said[said.find("unexpected error") :][:6_000]
    refused = [one for one in told if one.status == 503]
    assert {one.retry_after for one in refused} == {"5"}
    assert all("잠시 쉬고 있습니다" in one.text for one in refused)
    # Five seconds on a calm machine; noise must not fail it.
    assert max(one.seconds for one in refused) < 10


def _check_promises(shoppers: crowd.Crowd) -> None:
    """Whatever a shopper was told is true (INV viii)."""
    db.session.rollback()
    names = set(db.session.scalars(select(Payment.public_id)))
    assert set(shoppers.began()) <= names
    paid = set(db.session.scalars(select(Order.number).where(Order.paid_at.is_not(None))))
    assert set(shoppers.bought()) <= paid


def _settled(fake_stripe: FakeStripe) -> bool:
    return not invariants.find_disagreements(fake_stripe) and crew.all_done()
