"""Jobs: asked once, handed out in a window, tried again, given up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from marketplace.core import outbox
from marketplace.core.db import WriteOutsideTransaction, db, transaction
from marketplace.core.outbox import Job, JobState
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("isolated")


def _ask(*keys: str) -> None:
    with transaction():
        for key in keys:
            outbox.enqueue("upkeep.sweep", {}, key=key, run_after=NOW)


def _ask_and_fail() -> None:
    outbox.enqueue("upkeep.sweep", {})
    raise ZeroDivisionError


def _job() -> Job:
    db.session.expire_all()
    return db.session.scalars(select(Job)).one()


class TestEnqueue:
    def test_asks_once_per_key(self) -> None:
        _ask("a", "a", "b")

        assert db.session.scalar(select(func.count()).select_from(Job)) == 2

    def test_is_forgotten_with_its_transaction(self) -> None:
        with pytest.raises(ZeroDivisionError), transaction():
            _ask_and_fail()

        assert db.session.scalars(select(Job)).all() == []

    def test_needs_a_transaction(self) -> None:
        with pytest.raises(WriteOutsideTransaction):
            outbox.enqueue("upkeep.sweep", {})


class TestLease:
    def test_hands_a_job_out_once_until_its_lease_ends(self) -> None:
        _ask("a")

        with transaction():
            first = outbox.lease_due(at=NOW)
        with transaction():
            assert outbox.lease_due(at=NOW + outbox.LEASE - timedelta(seconds=1)) == []
        with transaction():
            again = outbox.lease_due(at=NOW + outbox.LEASE)

        assert len(first) == 1
        assert again == first

    def test_what_loses_its_worker_every_time_is_given_up(self) -> None:
        _ask("kills")
        moments = [NOW + number * outbox.LEASE for number in range(outbox.MAX_ATTEMPTS + 1)]

        handed_out = []
        for at in moments:
            with transaction():
                handed_out.append(len(outbox.lease_due(at=at)))

        assert handed_out == [1] * outbox.MAX_ATTEMPTS + [0]
        assert _job().state is JobState.DEAD
        with transaction():
            assert outbox.take(_job().id) is None

    def test_keeps_a_window_in_flight(self) -> None:
        _ask(*(str(number) for number in range(outbox.WINDOW + 50)))

        with transaction():
            assert len(outbox.lease_due(at=NOW)) == outbox.WINDOW
        with transaction():
            assert outbox.lease_due(at=NOW) == []

    def test_keeps_a_window_however_postgresql_plans_it(self) -> None:
        _ask(*(str(number) for number in range(outbox.WINDOW + 50)))

        with transaction():
            for other in ("hashjoin", "mergejoin", "hashagg", "sort", "material", "memoize"):
                db.session.execute(text(f"SET LOCAL enable_{other} = off"))
            assert len(outbox.lease_due(at=NOW)) == outbox.WINDOW

    def test_leaves_what_is_not_due(self) -> None:
        _ask("a")

        with transaction():
            assert outbox.lease_due(at=NOW - timedelta(seconds=1)) == []

    def test_a_returned_lease_is_due_at_once(self) -> None:
        _ask("a")
        with transaction():
            leased = outbox.lease_due(at=NOW)
            outbox.return_leases([job_id for job_id, _ in leased])

        with transaction():
            assert outbox.lease_due(at=NOW) == leased


class TestFinish:
    def test_a_finished_job_is_never_taken_again(self) -> None:
        _ask("a")
        job_id = _job().id
        with transaction():
            taken = outbox.take(job_id)
            assert taken is not None
            outbox.finish(taken, at=NOW)

        with transaction():
            assert outbox.take(job_id) is None

    def test_a_failed_job_waits_longer_each_time_and_is_given_up(self) -> None:
        _ask("a")
        job_id = _job().id

        waits = []
        for _ in range(outbox.MAX_ATTEMPTS - 1):
            with transaction():
                assert outbox.put_off(job_id, error="boom", at=NOW) is JobState.PENDING
            waits.append((_job().run_after - NOW).total_seconds())
        with transaction():
            assert outbox.put_off(job_id, error="boom", at=NOW) is JobState.DEAD

        assert waits == sorted(waits)
        assert waits[0] == 2
        assert sum(waits) > timedelta(hours=1).total_seconds()
        assert _job().last_error == "boom"
        with transaction():
            assert outbox.take(job_id) is None

    def test_forgets_finished_jobs_but_no_dead_ones(self) -> None:
        _ask("done", "dead")
        done, dead = db.session.scalars(select(Job).order_by(Job.id)).all()
        with transaction():
            outbox.finish(done, at=NOW)
            dead.state = JobState.DEAD
        with transaction():
            outbox.forget_finished(before=NOW + timedelta(seconds=1))

        assert _job().dedupe_key == "dead"


class TestSchedule:
    def test_starts_a_due_moment_once(self) -> None:
        with transaction():
            assert outbox.claim_due_moment("nightly", due_at=NOW)
            assert not outbox.claim_due_moment("nightly", due_at=NOW)
            assert outbox.claim_due_moment("nightly", due_at=NOW + timedelta(days=1))
