"""Work to do after this transaction commits, stored as rows of the same transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import uuid4

from sqlalchemy import DateTime, Index, bindparam, case, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Base, db, table_of

# Hard task limit < lease < broker visibility timeout (reliability.md rule 4).
LEASE: Final = timedelta(seconds=300)
WINDOW: Final = 200
# Some eighty minutes of waiting: a mail server may be away for an hour.
MAX_ATTEMPTS: Final = 16


class JobState(StrEnum):
    """Where a job stands."""

    PENDING = "pending"
    SENT = "sent"
    DONE = "done"
    DEAD = "dead"


class Job(Base):
    """One task to run once its transaction has committed. Redis only rings the bell."""

    __tablename__ = "job"
    __table_args__ = (
        Index("ix_job_due", "run_after", "id", postgresql_where=text("state = 'pending'")),
        Index("ix_job_lease", "lease_until", postgresql_where=text("state = 'sent'")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    dedupe_key: Mapped[str] = mapped_column(unique=True)
    payload: Mapped[dict[str, object]] = mapped_column(JSONB)
    state: Mapped[JobState] = mapped_column(default=JobState.PENDING, server_default="pending")
    run_after: Mapped[datetime] = mapped_column(server_default=func.now())
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    lease_until: Mapped[datetime | None]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]


class ScheduleRun(Base):
    """One due moment of a schedule; unique, so that two tickers start it once."""

    __tablename__ = "schedule_run"

    schedule: Mapped[str] = mapped_column(primary_key=True)
    due_at: Mapped[datetime] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


# Built once: nearly every change to anything asks for some work.
_ENQUEUE: Final = (
    insert(table_of(Job))
    .values(
        state=JobState.PENDING,
        attempts=0,
        kind=bindparam("its_kind"),
        payload=bindparam("its_payload", type_=JSONB),
        dedupe_key=bindparam("its_dedupe_key"),
        run_after=func.coalesce(
            bindparam("its_run_after", type_=DateTime(timezone=True)), func.now()
        ),
    )
    .on_conflict_do_nothing()
)


def enqueue(
    kind: str,
    payload: Mapping[str, object],
    *,
    key: str | None = None,
    run_after: datetime | None = None,
) -> None:
    """
    Ask for a task to run after commit. A rollback forgets the request.

    The same key asks once, however often it is enqueued.
    """
    db.session.execute(
        _ENQUEUE,
        {
            "its_kind": kind,
            "its_payload": dict(payload),
            "its_dedupe_key": key or f"{kind}:{uuid4().hex}",
            "its_run_after": run_after,
        },
    )


def lease_due(*, at: datetime, limit: int = WINDOW) -> Sequence[tuple[int, str]]:
    """
    Lease due jobs, and those whose lease ran out, up to the window; return (id, kind).

    A lease that ran out is a failed attempt: what kills its worker is given up in the end.
    """
    in_flight = db.session.scalar(
        select(func.count()).where(Job.state == JobState.SENT, Job.lease_until > at)
    )
    room = min(limit, WINDOW - (in_flight or 0))
    if room <= 0:
        return []
    due = (
        select(Job.id)
        .where(
            ((Job.state == JobState.PENDING) & (Job.run_after <= at))
            | ((Job.state == JobState.SENT) & (Job.lease_until <= at))
        )
        .order_by(Job.run_after, Job.id)
        .limit(room)
        .with_for_update(skip_locked=True)
        # As a plain subquery it could be run once per row, each time for other rows.
        .cte("due")
    )
    leased = db.session.execute(
        update(Job)
        .where(Job.id == due.c.id)
        .values(
            state=JobState.SENT,
            lease_until=at + LEASE,
            attempts=Job.attempts + case((Job.state == JobState.SENT, 1), else_=0),
        )
        .returning(Job.id, Job.kind, Job.attempts)
    ).all()
    _give_up([row.id for row in leased if row.attempts >= MAX_ATTEMPTS], at=at)
    return [(row.id, row.kind) for row in leased if row.attempts < MAX_ATTEMPTS]


def _give_up(job_ids: Sequence[int], *, at: datetime) -> None:
    if job_ids:
        db.session.execute(
            update(Job)
            .where(Job.id.in_(job_ids))
            .values(
                state=JobState.DEAD,
                finished_at=at,
                lease_until=None,
                last_error="no worker came back from it",
            )
        )


def return_leases(job_ids: Sequence[int]) -> None:
    """Make leased jobs due again that could not be handed to a worker."""
    db.session.execute(
        update(Job)
        .where(Job.id.in_(job_ids), Job.state == JobState.SENT)
        .values(state=JobState.PENDING, lease_until=None)
    )


def take(job_id: int) -> Job | None:
    """Lock one unfinished job for this transaction; None when it is done or being done."""
    return db.session.scalars(
        select(Job)
        .where(Job.id == job_id, Job.state.in_([JobState.PENDING, JobState.SENT]))
        .with_for_update(skip_locked=True)
    ).one_or_none()


def finish(job: Job, *, at: datetime) -> None:
    """Mark a job done."""
    job.state = JobState.DONE
    job.finished_at = at
    job.lease_until = None


def put_off(job_id: int, *, error: str, at: datetime) -> JobState:
    """Note a failed attempt; try again later, or give up after the last attempt."""
    job = db.session.get_one(Job, job_id, with_for_update=True)
    if job.state in (JobState.DONE, JobState.DEAD):
        return job.state
    job.attempts += 1
    job.last_error = error[:2000]
    job.lease_until = None
    if job.attempts >= MAX_ATTEMPTS:
        job.state = JobState.DEAD
        job.finished_at = at
    else:
        job.state = JobState.PENDING
        job.run_after = at + timedelta(seconds=min(2**job.attempts, 600))
    return job.state


def forget_finished(*, before: datetime) -> None:
    """Delete finished jobs and schedule moments that are older; dead ones stay to be looked at."""
    db.session.execute(delete(Job).where(Job.state == JobState.DONE, Job.finished_at < before))
    db.session.execute(delete(ScheduleRun).where(ScheduleRun.due_at < before))


def claim_due_moment(schedule: str, *, due_at: datetime) -> bool:
    """Record that a schedule is started for this moment; False when somebody already did."""
    won = db.session.execute(
        insert(ScheduleRun)
        .values(schedule=schedule, due_at=due_at)
        .on_conflict_do_nothing()
        .returning(ScheduleRun.schedule)
    )
    return won.first() is not None
