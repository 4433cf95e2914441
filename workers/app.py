"""The Celery application and the base of every task."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pkgutil import iter_modules
from typing import Any, Final

from celery import Celery, Task
from psycopg.errors import LockNotAvailable
from sqlalchemy.exc import OperationalError

from marketplace.app import create_app
from marketplace.core import clock, outbox
from marketplace.core.db import db, transaction
from marketplace.core.settings import Settings
from workers import tasks

_log = logging.getLogger(__name__)

settings = Settings.from_env()
flask_app = create_app(settings)

# Hard limit < lease (300 s) < visibility timeout: no task ever runs twice at once.
HARD_LIMIT: Final = settings.job_time_limit
VISIBILITY_TIMEOUT: Final = 600

TASK_MODULES: Final = tuple(
    module.name for module in iter_modules(tasks.__path__, f"{tasks.__name__}.")
)


class JobTask(Task):  # type: ignore[misc]
    """
    Run one job row: lock it, do its effect and mark it done in one transaction.

    A task written with `phased=True` opens its own transactions, because it calls somebody
    outside; it must be safe to run twice, and is marked done after it returns. One written with
    `keyed=True` is given the job's key, to recognise its own earlier effect.
    """

    abstract = True
    phased = False
    keyed = False

    def __call__(self, job_id: int) -> None:
        """Run the job unless it is done already."""
        with flask_app.app_context():
            try:
                self._way_to_run()(job_id)
            except Exception as error:
                _log.exception("job %s (%s) failed", job_id, self.name)
                db.session.rollback()
                with transaction():
                    outbox.put_off(job_id, error=repr(error), at=clock.now())

    def _way_to_run(self) -> Callable[[int], None]:
        # A process died with this job, or was gone before it had begun.
        if (self.request.delivery_info or {}).get("redelivered"):
            return self._put_off_lost
        return self._run_phased if self.phased else self._run_at_once

    def _put_off_lost(self, job_id: int) -> None:
        # What kills its process would kill the next one at once, and the next, for ever.
        try:
            with transaction():
                outbox.put_off(job_id, error="its process died", at=clock.now())
        except OperationalError as error:
            if not isinstance(error.orig, LockNotAvailable):
                raise
            _log.warning("job %s is being done after all, or its lease will end", job_id)

    def _run_at_once(self, job_id: int) -> None:
        with transaction():
            job = outbox.take(job_id)
            if job is not None:
                self.run(**self._arguments(job))
                outbox.finish(job, at=clock.now())

    def _arguments(self, job: outbox.Job) -> dict[str, object]:
        return {"key": job.dedupe_key, **job.payload} if self.keyed else dict(job.payload)

    def _run_phased(self, job_id: int) -> None:
        with transaction():
            job = outbox.take(job_id)
            payload = None if job is None else self._arguments(job)
        if payload is None:
            return
        self.run(**payload)
        with transaction():
            job = outbox.take(job_id)
            if job is not None:
                outbox.finish(job, at=clock.now())


celery = Celery("senaru", broker=settings.redis_url, include=list(TASK_MODULES))
celery.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    task_time_limit=HARD_LIMIT,
    task_soft_time_limit=max(1, HARD_LIMIT - 20),
    worker_prefetch_multiplier=2,
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "visibility_timeout": VISIBILITY_TIMEOUT,
        "socket_timeout": 5,
        "socket_connect_timeout": 5,
    },
    task_routes=(
        {"payments.*": {"queue": "payments"}},
        {"checkout.*": {"queue": "payments"}},
        {"notifications.*": {"queue": "mail"}},
        {"search.*": {"queue": "bulk"}},
    ),
    task_default_queue="default",
    timezone="Asia/Seoul",
)

QUEUES: Final = ("payments", "mail", "default", "bulk")


def job(
    name: str, *, phased: bool = False, keyed: bool = False
) -> Callable[[Callable[..., None]], Any]:
    """Register a function as the task of a job kind."""
    task: Callable[[Callable[..., None]], Any] = celery.task(
        name=name, base=JobTask, phased=phased, keyed=keyed
    )
    return task
