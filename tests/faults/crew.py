"""The shop's processes as processes of their own, on servers that a test may break."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import redis
import requests
from celery import Celery
from sqlalchemy import func, select, update

from marketplace.cli.serve import web_program
from marketplace.core import clock, outbox
from marketplace.core.db import db, transaction
from marketplace.core.outbox import Job, JobState
from marketplace.core.settings import Settings
from marketplace.orders.models import Order
from marketplace.payments.models import Payment

_ROOT = Path(__file__).resolve().parents[2]
_PATIENCE = 60.0


@dataclass
class Crew:
    """A web server, a Celery worker and a dispatcher; each can be killed and started again."""

    settings: Settings
    # What differs from the settings above.
    env: Mapping[str, str] = field(default_factory=dict)
    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, *names: str) -> None:
        """Start some of them; without names the worker and the dispatcher."""
        commands = {
            "worker": [
                *("celery", "-A", "workers.app", "worker", "--concurrency", "2"),
                *("--without-gossip", "--without-mingle", "--loglevel", "WARNING"),
            ],
            "dispatcher": ["workers.dispatcher"],
        }
        for name in names or tuple(commands):
            if name == "web":
                self._serve()
                continue
            words = [*commands[name], *self._queues(name)]
            self._spawn(name, [sys.executable, "-m", *words], self.env)

    def kill(self, name: str) -> None:
        """Kill a process and its children the hard way."""
        child = self.children.pop(name)
        os.killpg(child.pid, 9)
        child.wait()

    def kill_workers_children(self) -> None:
        """Kill the processes that do the jobs, as a segfault or the kernel's OOM killer would."""
        children = self.list_processes("worker")
        assert children
        for pid in children:
            end(pid)

    def list_processes(self, name: str) -> list[int]:
        """List the processes that do a program's work: answer requests, run jobs."""
        parent = self.children[name].pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        return [int(pid) for pid in children]

    def stop(self) -> None:
        """Kill whatever still runs."""
        for name in list(self.children):
            self.kill(name)

    def deliver(self, kind: str, job_id: int, *, times: int) -> None:
        """Put the same job on the queue several times, as a confused broker would."""
        app = Celery(broker=self.settings.redis_url)
        for _ in range(times):
            app.send_task(kind, args=[job_id], queue=self._queue_of(kind))

    def said(self, name: str) -> str:
        """Return what a process wrote of itself."""
        return self._log(name).read_text(errors="replace")

    def _serve(self) -> None:
        address = urlsplit(self.settings.public_url)
        program = web_program(self.settings, host="127.0.0.1", port=address.port or 0)
        self._spawn("web", list(program.command), program.env)
        wait_until(self._answers)

    def _answers(self) -> bool:
        assert self.children["web"].poll() is None, self.said("web")
        try:
            answer = requests.get(f"{self.settings.public_url}/healthz", timeout=5)
        except requests.ConnectionError:
            return False
        return answer.ok

    def _spawn(self, name: str, command: list[str], env: Mapping[str, str]) -> None:
        with self._log(name).open("ab") as log:
            self.children[name] = subprocess.Popen(  # noqa: S603
                command,
                cwd=_ROOT,
                env={**self._environment(), **env},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _log(self, name: str) -> Path:
        return self.settings.data_dir / f"{name}.log"

    def _queues(self, name: str) -> list[str]:
        return ["--queues", "payments,mail,default,bulk"] if name == "worker" else []

    def _queue_of(self, kind: str) -> str:
        routes = {"payments": "payments", "checkout": "payments", "notifications": "mail"}
        return {**routes, "search": "bulk"}.get(kind.split(".")[0], "default")

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "SECRET_KEY": self.settings.secret_key,
            "DATABASE_URL": self.settings.database_url,
            "REDIS_URL": self.settings.redis_url,
            "STRIPE_SECRET_KEY": self.settings.stripe_secret_key or "",
            "STRIPE_WEBHOOK_SECRET": self.settings.stripe_webhook_secret or "",
            "STRIPE_API_BASE": self.settings.stripe_api_base or "",
            "DATA_DIR": str(self.settings.data_dir),
            "PUBLIC_URL": self.settings.public_url,
            "LOG_FORMAT": "text",
            "SECURE_COOKIES": "1" if self.settings.secure_cookies else "0",
        }


@contextmanager
def working(settings: Settings, *names: str) -> Iterator[Crew]:
    """Run a crew and end it afterwards."""
    crew = Crew(settings)
    try:
        crew.start(*names)
        yield crew
    finally:
        crew.stop()


def end(pid: int) -> None:
    """Kill a process that may be gone already."""
    with suppress(ProcessLookupError):
        os.kill(pid, 9)


def flush(settings: Settings) -> None:
    """Lose everything the broker holds."""
    with redis.Redis.from_url(settings.redis_url) as client:
        client.flushdb()


def wait_until(
    holds: Callable[[], bool],
    *,
    seconds: float = _PATIENCE,
    instead: Callable[[], object] = lambda: "nothing is known of why",
) -> None:
    """Wait for something to become true; `instead` tells what is the case when it does not."""
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            raise AssertionError(f"it did not happen in time: {instead()}")
        time.sleep(0.1)


def reconcile_now() -> None:
    """Let the next round of the poller ask about every open payment, as ten minutes from now."""
    earlier = clock.now() - timedelta(minutes=10)
    with transaction():
        db.session.execute(
            update(Payment).values(
                created_at=func.least(Payment.created_at, earlier),
                last_checked_at=func.least(Payment.last_checked_at, earlier),
            )
        )
        outbox.enqueue("checkout.reconcile", {})


def end_time_to_pay(order_id: int) -> None:
    """Let the time to pay of an order be over, and let the next round see it."""
    with transaction():
        over = {"expires_at": clock.now() - timedelta(seconds=1)}
        db.session.execute(update(Order).where(Order.id == order_id).values(over))
        outbox.enqueue("checkout.expire_unpaid", {})


def hurry() -> None:
    """Let what was put off or leased be tried again now, as if pause and lease were over."""
    now = clock.now()
    with transaction():
        db.session.execute(update(Job).where(Job.state == JobState.PENDING).values(run_after=now))
        db.session.execute(update(Job).where(Job.state == JobState.SENT).values(lease_until=now))


def count_jobs(kind: str, *states: JobState) -> int:
    """Return how many jobs of a kind are in one of these states."""
    db.session.rollback()
    wanted = select(func.count()).where(Job.kind == kind, Job.state.in_(states))
    return db.session.scalar(wanted) or 0


def failed_jobs() -> list[str]:
    """Return the kinds of the jobs that were tried in vain and will be tried again."""
    db.session.rollback()
    failed = select(Job.kind).where(Job.attempts > 0, Job.state != JobState.DONE)
    return list(db.session.scalars(failed))


def all_done() -> bool:
    """Say whether no job is left to do."""
    return not unfinished()


def unfinished() -> list[tuple[str, str | None]]:
    """Return kind and last error of every job that is left to do."""
    db.session.rollback()
    over = (JobState.DONE, JobState.DEAD)
    rows = db.session.execute(select(Job.kind, Job.last_error).where(Job.state.not_in(over)))
    return [(row.kind, row.last_error) for row in rows]
