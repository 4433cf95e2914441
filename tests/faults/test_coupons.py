"""Coupons while processes and servers die: no slot is lost, no ceiling passed, the books hold."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import func, select

from marketplace.accounts.models import Person
from marketplace.catalog.models import ShippingKind
from marketplace.core import clock, migrating, outbox
from marketplace.core.db import db, transaction
from marketplace.core.settings import Settings
from marketplace.coupons.models import Campaign, Coupon, CouponKind, CouponState, FunderKind
from marketplace.demo.launcher.postgres import EmbeddedPostgres
from marketplace.enterprises.models import MemberRole
from marketplace.reporting import coupon_books
from tests import make
from tests.concurrent.test_claims_http import Browser, browsers
from tests.faults import crew
from tests.faults.coupon_crowd import Cashier, Persistent, all_at_once
from tests.faults.crew import Crew
from tests.faults.test_postgres_restart import kill
from tests.service.checkout.tills import shop as shop_with_till
from tests.service.coupons import judge

CLIENTS = 50
PEOPLE, COUPONS = 150, 60
KILLS = 20


@pytest.fixture
def live_database(own_postgres: EmbeddedPostgres) -> str:
    """A migrated database on a server that this test may kill."""
    url = own_postgres.start()
    migrating.upgrade(url)
    return url


@pytest.fixture
def app(live_app: Flask) -> Iterator[Flask]:
    """An application beside the web's own processes."""
    with live_app.app_context():
        yield live_app


@contextmanager
def meanwhile(work: Callable[[], object]) -> Iterator[None]:
    """Do some work beside the block, and fail when it fails."""
    with ThreadPoolExecutor(1) as pool:
        doing = pool.submit(work)
        yield
        doing.result()


class TestRushWhileProcessesDie:
    def test_no_coupon_is_lost_nor_given_twice(
        self, app: Flask, live_settings: Settings, own_postgres: EmbeddedPostgres
    ) -> None:
        """C3: twenty web processes are killed one after the other, and PostgreSQL once."""
        drive = make.campaign(slug="rush", cap=COUPONS, amount=3_333)
        everybody = browsers(app, PEOPLE)
        told: Counter[str] = Counter()
        settings = replace(live_settings, pool_size=4)

        is_over = threading.Event()

        def claim(number: int, *, until: threading.Event | None = None) -> None:
            person = Persistent(settings.public_url, everybody[number], told)
            person.claim("rush")
            while until is not None and not until.is_set():
                person.claim("rush")

        claims = [partial(claim, number) for number in range(PEOPLE)]
        # They go on pressing for as long as processes die.
        storming = [partial(claim, number, until=is_over) for number in range(CLIENTS)]
        with crew.working(settings, "web") as running:
            faults: list[Exception] = []
            with meanwhile(lambda: faults.extend(all_at_once(storming, clients=CLIENTS))):
                try:
                    _kill_web_processes_and_database(running, own_postgres)
                finally:
                    is_over.set()
            # Slots of claims that died half-way are given to whoever asks later.
            faults += all_at_once(claims, clients=CLIENTS)

        assert faults == []
        assert told["claim lost"] + told["claim 503"] > 0
        db.session.rollback()
        owners = db.session.scalars(
            select(Coupon.person_id).where(
                Coupon.campaign_id == drive.id, Coupon.state == CouponState.CLAIMED
            )
        ).all()
        assert len(owners) == len(set(owners)) == COUPONS
        assert db.session.scalar(select(Campaign.issued)) == COUPONS
        judge.check()

    def test_a_flushed_redis_changes_nothing(self, app: Flask, live_settings: Settings) -> None:
        """C13."""
        make.campaign(slug="rush", cap=COUPONS, amount=3_333)
        everybody = browsers(app, PEOPLE)
        told: Counter[str] = Counter()

        def claim(browser: Browser) -> None:
            Persistent(live_settings.public_url, browser, told).claim("rush")

        faults: list[Exception] = []
        claims = [partial(claim, browser) for browser in everybody]
        with (
            crew.working(live_settings, "web"),
            meanwhile(lambda: faults.extend(all_at_once(claims, clients=CLIENTS))),
        ):
            for _ in range(5):
                crew.flush(live_settings)
                time.sleep(0.1)

        assert faults == []
        assert told == {"claim 303": COUPONS, "claim 409": PEOPLE - COUPONS}
        db.session.rollback()
        owners = db.session.scalars(
            select(Coupon.person_id).where(Coupon.person_id.is_not(None))
        ).all()
        assert len(owners) == len(set(owners)) == COUPONS
        judge.check()


def _kill_web_processes_and_database(running: Crew, server: EmbeddedPostgres) -> None:
    for number in range(KILLS):
        # One serves while the other is replaced, as a server's own watch would have it.
        time.sleep(0.2)
        crew.wait_until(
            lambda: len(running.list_processes("web")) > 1, instead=lambda: running.said("web")
        )
        crew.end(running.list_processes("web")[0])
        if number == KILLS // 2:
            kill(server, signal.SIGQUIT)
            server.start()


class TestBudgetWhileProcessesDie:
    """Claims, orders, tills, reversals and expiries of fifty clients at once."""

    def test_no_ceiling_is_passed_and_the_books_hold(
        self, app: Flask, live_settings: Settings
    ) -> None:
        city = make.grant(FunderKind.CITY, ceiling=500_000)
        district = make.grant(FunderKind.DISTRICT, ceiling=300_000)
        soon = clock.now() + timedelta(seconds=12)
        for slug, kind, until in (
            ("fixed", CouponKind.FIXED, make.FAR_AHEAD),
            ("purse", CouponKind.STORED_VALUE, soon),
        ):
            make.campaign(
                slug=slug,
                kind=kind,
                amount=3_333,
                cap=40,
                grants=[(city, 6_667), (district, 3_333)],
                valid_until=until,
            )
        seller = shop_with_till()
        ships = make.shipping(seller, ShippingKind.FREE, fee=0)
        goods = make.sellable(seller, price=1_501, ships=ships, on_hand=1_000)
        everybody = browsers(app, CLIENTS + 1)
        cashier = everybody.pop()
        make.member(seller, db.session.get_one(Person, cashier.person_id), role=MemberRole.CASHIER)
        settings = replace(live_settings, pool_size=4)
        told: Counter[str] = Counter()
        works = [
            partial(
                _live, app, settings.public_url, everybody[number], cashier, goods.id, number, told
            )
            for number in range(len(everybody))
        ]

        with crew.working(settings, "web", "worker", "dispatcher") as running:
            faults: list[Exception] = []
            with meanwhile(lambda: faults.extend(all_at_once(works, clients=CLIENTS))):
                _storm(app, running)
            _expire_now(app)
            crew.wait_until(_is_calm, instead=crew.unfinished)

        assert faults == []
        judge.check()
        judge.check_book_pays_what_grants_spent()
        assert [check.title for check in coupon_books.check_coupons() if not check.holds] == []
        # The storm was one, and everything that can happen to coupons happened.
        done = ("claim 303", "till 303", "reversal 303", "order 303", "cancel 303")
        assert [what for what in done if not told[what]] == [], told
        assert [what for what in told if what.endswith(" lost")] != [], told


def _is_calm() -> bool:
    # Jobs a killed worker had taken wait for their lease, which may begin after the storm.
    crew.hurry()
    return _is_swept() and crew.all_done()


def _live(
    app: Flask,
    url: str,
    browser: Browser,
    cashier: Browser,
    variant_id: int,
    number: int,
    told: Counter[str],
) -> None:
    """Claim both coupons, spend one at the till and one online, and take some of it back."""
    resident, till = Persistent(url, browser, told), Cashier(url, cashier, told)
    for slug in ("fixed", "purse"):
        resident.claim(slug)
    with app.app_context():
        own = db.session.execute(
            select(Coupon.id, Coupon.balance)
            .where(Coupon.person_id == resident.person_id)
            .order_by(Coupon.id)
        ).all()
        db.session.remove()
    for coupon_id, balance in own:
        if (number + coupon_id) % 2:
            receipt = till.take(app, coupon_id, resident.person_id, balance // 2)
            if receipt is not None and number % 3 == 0:
                till.take_back(receipt)
        else:
            ordered = resident.buy(variant_id, [coupon_id])
            if ordered is not None and number % 3 == 1:
                resident.give_back(ordered)


def _storm(app: Flask, running: Crew) -> None:
    for _ in range(2):
        time.sleep(1.5)
        for name in ("web", "worker"):
            running.kill(name)
            running.start(name)
        _expire_now(app)


def _expire_now(app: Flask) -> None:
    with app.app_context():
        with transaction():
            outbox.enqueue("coupons.expire", {})
        db.session.remove()


def _is_swept() -> bool:
    db.session.rollback()
    due = select(func.count()).where(
        Coupon.state == CouponState.CLAIMED, Coupon.expires_at <= clock.now()
    )
    return db.session.scalar(due) == 0
