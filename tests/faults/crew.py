"""Workers as processes of their own, on a broker that a test may break."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import redis
from celery import Celery

from marketplace.core.settings import Settings

_ROOT = Path(__file__).resolve().parents[2]
_PATIENCE = 60.0


@dataclass
class Crew:
    """A Celery worker and a dispatcher; each can be killed and started again."""

    settings: Settings
    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, *names: str) -> None:
        """Start the worker, the dispatcher, or both."""
        commands = {
            "worker": [
                *("celery", "-A", "workers.app", "worker", "--concurrency", "2"),
                *("--without-gossip", "--without-mingle", "--loglevel", "WARNING"),
            ],
            "dispatcher": ["workers.dispatcher"],
        }
        for name in names or tuple(commands):
            self.children[name] = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", *commands[name], *self._queues(name)],
                cwd=_ROOT,
                env=self._environment(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    def kill(self, name: str) -> None:
        """Kill a process and its children the hard way."""
        child = self.children.pop(name)
        os.killpg(child.pid, 9)
        child.wait()

    def stop(self) -> None:
        """Kill whatever still runs."""
        for name in list(self.children):
            self.kill(name)

    def deliver(self, kind: str, job_id: int, *, times: int) -> None:
        """Put the same job on the queue several times, as a confused broker would."""
        app = Celery(broker=self.settings.redis_url)
        for _ in range(times):
            app.send_task(kind, args=[job_id], queue=self._queue_of(kind))

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
        }


@contextmanager
def working(settings: Settings) -> Iterator[Crew]:
    """Run a crew and end it afterwards."""
    crew = Crew(settings)
    crew.start()
    try:
        yield crew
    finally:
        crew.stop()


def flush(settings: Settings) -> None:
    """Lose everything the broker holds."""
    with redis.Redis.from_url(settings.redis_url) as client:
        client.flushdb()


def wait_until(holds: Callable[[], bool], *, seconds: float = _PATIENCE) -> None:
    """Wait for something to become true."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.1)
