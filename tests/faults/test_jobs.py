"""Work outlives the broker and the workers, and happens once (reliability.md J2, J8)."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import timedelta

import psutil
import pytest
from flask import Flask
from sqlalchemy import func, select, text, update

from marketplace.core import clock, outbox
from marketplace.core.db import db, transaction
from marketplace.core.outbox import Job, JobState
from marketplace.core.settings import Settings
from marketplace.coupons.models import Coupon
from marketplace.notifications.models import Message, Notice
from marketplace.notifications.transport import Folder
from marketplace.search.models import ProductDocument
from tests import make
from tests.faults import crew

_ASKED = ("notifications.deliver",)


@pytest.fixture
def shop(live_app: Flask) -> Iterator[None]:
    """A shop with real commits."""
    with live_app.app_context():
        yield


def _count(*states: JobState) -> int:
    db.session.rollback()
    # Schedules start jobs of their own meanwhile; the test asked for these.
    asked = select(func.count()).where(Job.kind.in_(_ASKED), Job.state.in_(states))
    return db.session.scalar(asked) or 0


def _all_done() -> bool:
    db.session.rollback()
    return set(db.session.scalars(select(Job.state))) == {JobState.DONE}


def _leases_run_out() -> None:
    """Let the leases of everything in flight end now instead of minutes later."""
    with transaction():
        db.session.execute(
            update(Job)
            .where(Job.state == JobState.SENT)
            .values(lease_until=clock.now() - timedelta(seconds=1))
        )


@pytest.mark.usefixtures("shop")
class TestBrokerLosesEverything:
    def test_every_notice_arrives_once_though_redis_is_flushed_three_times(
        self, live_settings: Settings
    ) -> None:
        coupons = 500
        drive = make.campaign(cap=coupons, budget=coupons * 5_000)
        taken = [make.claimed_coupon(drive).id for _ in range(coupons)]
        asked = len(taken)

        with crew.working(live_settings):
            for done in (50, 150, 250):
                crew.wait_until(lambda done=done: _count(JobState.DONE) >= done)  # type: ignore[misc]
                crew.flush(live_settings)
                _leases_run_out()
            crew.wait_until(
                lambda: _count(JobState.DONE) >= asked, seconds=90, instead=_where_jobs_stand
            )

        assert db.session.scalar(select(func.count()).select_from(Notice)) == asked
        assert db.session.scalar(select(func.count(Notice.person_id.distinct()))) == asked

    def test_a_killed_worker_loses_nothing(self, live_settings: Settings) -> None:
        drive = make.campaign(cap=120, budget=120 * 5_000)
        for _ in range(120):
            make.claimed_coupon(drive)

        with crew.working(live_settings) as running:
            for done in (20, 60):
                crew.wait_until(lambda done=done: _count(JobState.DONE) >= done)  # type: ignore[misc]
                running.kill("worker")
                running.kill("dispatcher")
                _leases_run_out()
                running.start()
            crew.wait_until(
                lambda: _count(JobState.DONE) >= 120, seconds=90, instead=_where_jobs_stand
            )

        assert db.session.scalar(select(func.count()).select_from(Notice)) == 120


def _where_jobs_stand() -> dict[str, int]:
    return {state.value: _count(state) for state in JobState}


@pytest.mark.usefixtures("shop")
class TestDeliveredFiveTimes:
    def test_every_kind_of_job_has_its_effect_once(self, live_settings: Settings) -> None:
        order = make.paid_order({make.sellable(): 1})
        make.claimed_coupon(make.campaign(cap=3), by=make.person())
        with transaction():
            outbox.enqueue("search.reindex_all", {}, key="all")
            outbox.enqueue("coupons.expire", {}, key="expire")
            outbox.enqueue("upkeep.sweep", {}, key="sweep")
            outbox.enqueue("checkout.expire_unpaid", {}, key="unpaid")
            outbox.enqueue("checkout.reconcile", {}, key="reconcile")
        waiting = db.session.execute(select(Job.id, Job.kind)).all()

        running = crew.Crew(live_settings)
        try:
            for job_id, kind in waiting:
                running.deliver(kind, job_id, times=5)
            running.start("worker")
            crew.wait_until(_all_done)
        finally:
            running.stop()

        mails = Folder(live_settings.data_dir / "mail").newest()
        assert [order.number in str(mail["Subject"]) for mail in mails] == [True]
        assert db.session.scalar(select(func.count()).select_from(Message)) == 1
        assert db.session.scalar(select(func.count()).select_from(ProductDocument)) == 1
        assert db.session.scalar(select(func.count(Coupon.person_id))) == 1
        assert set(db.session.scalars(select(Job.attempts))) == {0}

    def test_a_job_that_always_fails_is_put_off_and_others_go_on(
        self, live_settings: Settings
    ) -> None:
        with transaction():
            outbox.enqueue(
                "notifications.deliver", {"kind": "order_paid", "order_id": 0}, key="bad"
            )
        make.claimed_coupon()

        with crew.working(live_settings):
            crew.wait_until(lambda: _count(JobState.DONE) >= 1)
            crew.wait_until(_was_put_off)

        bad = db.session.scalars(select(Job).where(Job.dedupe_key == "bad")).one()
        assert bad.state in (JobState.PENDING, JobState.SENT)
        assert bad.last_error is not None


def _was_put_off() -> bool:
    db.session.rollback()
    attempts = db.session.scalar(select(Job.attempts).where(Job.dedupe_key == "bad"))
    return bool(attempts)


@pytest.mark.usefixtures("shop")
class TestKillsItsProcess:
    """What kills its process, once or always, is tried later and given up in the end (J9)."""

    def _kill_the_one_who_does_it(self, running: crew.Crew) -> None:
        # The whole index waits for this lock, outside any lock of the job's own row.
        with db.engine.connect() as holder:
            holder.execute(text("LOCK TABLE product_document IN ACCESS EXCLUSIVE MODE"))
            crew.wait_until(_somebody_waits)
            running.kill_workers_children()
            crew.wait_until(_was_lost, instead=_how_it_went)

    def test_is_put_off_and_then_done(self, live_settings: Settings) -> None:
        with transaction():
            outbox.enqueue("search.reindex_all", {}, key="deadly")

        with crew.working(live_settings) as running:
            self._kill_the_one_who_does_it(running)
            lost = _how_it_went()
            crew.wait_until(lambda: _how_it_went()[0] is JobState.DONE, instead=_how_it_went)

        assert lost[1:] == (1, "its process died")
        assert _how_it_went()[1] == 1

    def test_is_given_up_after_its_last_attempt(self, live_settings: Settings) -> None:
        with transaction():
            outbox.enqueue("search.reindex_all", {}, key="deadly")
            db.session.execute(update(Job).values(attempts=outbox.MAX_ATTEMPTS - 1))

        with crew.working(live_settings) as running:
            self._kill_the_one_who_does_it(running)

        assert _how_it_went() == (JobState.DEAD, outbox.MAX_ATTEMPTS, "its process died")


@pytest.mark.usefixtures("shop")
class TestNeverEnds:
    """What sleeps for ever is killed at its time limit, and given up in the end (J9)."""

    def test_is_given_up_while_others_go_on(self, live_settings: Settings) -> None:
        running = crew.Crew(live_settings, env={"JOB_TIME_LIMIT": "4"})
        with transaction():
            outbox.enqueue("search.reindex_all", {}, key="deadly")
            db.session.execute(update(Job).values(attempts=outbox.MAX_ATTEMPTS - 1))
        try:
            running.start()
            with db.engine.connect() as holder:
                holder.execute(text("LOCK TABLE product_document IN ACCESS EXCLUSIVE MODE"))
                crew.wait_until(_somebody_waits)
                asleep = _put_to_sleep(running)
            make.claimed_coupon(make.campaign(cap=60, budget=60 * 5_000))
            for _ in range(50):
                make.claimed_coupon()
            crew.wait_until(lambda: _count(JobState.DONE) == 51, instead=_where_jobs_stand)
            crew.wait_until(lambda: asleep not in running.list_processes("worker"))
            crew.hurry()
            crew.wait_until(lambda: _how_it_went()[0] is JobState.DEAD, instead=_how_it_went)
        finally:
            running.stop()

        assert _how_it_went()[1:] == (outbox.MAX_ATTEMPTS, "no worker came back from it")


def _put_to_sleep(running: crew.Crew) -> int:
    """Freeze the process whose question waits for the lock, and return its id."""
    port = db.session.scalar(
        text(
            "SELECT a.client_port FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid"
            " WHERE NOT l.granted AND l.locktype = 'relation'"
        )
    )
    db.session.rollback()
    for pid in running.list_processes("worker"):
        if port in {line.laddr.port for line in psutil.Process(pid).net_connections("tcp")}:
            os.kill(pid, signal.SIGSTOP)
            return pid
    raise AssertionError("nobody waits any more")


def _how_it_went() -> tuple[JobState, int, str | None]:
    db.session.rollback()
    job = db.session.scalars(select(Job).where(Job.dedupe_key == "deadly")).one()
    return job.state, job.attempts, job.last_error


def _was_lost() -> bool:
    return _how_it_went()[2] is not None


def _somebody_waits() -> bool:
    db.session.rollback()
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'relation'")
    return bool(db.session.scalar(waiting))
