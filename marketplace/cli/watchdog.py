"""Notice a worker that lives and does nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Final

import click
import psycopg

from marketplace.cli.environment import settings_of_this_machine
from marketplace.core.outbox import LEASE

_SILENCE_SECONDS: Final = 30
_ANSWER_WITHIN_SECONDS: Final = 5

# The shortest schedule is due every minute.
_SCHEDULES_START_WITHIN: Final = "3 min"
_TICKED: Final = (
    "SELECT EXISTS (SELECT FROM schedule_run WHERE created_at > now() - %(recently)s::interval)"
)

# Work was handed out a while ago, and nothing has been finished or put off since.
_NOTHING_MOVES: Final = """
    SELECT EXISTS (
        SELECT FROM job
        WHERE state = 'sent' AND lease_until < now() + %(lease)s - %(silence)s::interval
    ) AND NOT EXISTS (
        SELECT FROM job WHERE finished_at > now() - %(silence)s::interval
    )
"""


def deaf_worker(database_url: str, name: str) -> Callable[[], bool]:
    """Return a check that is true when the named worker must be replaced."""
    plain = database_url.replace("+psycopg", "", 1)

    def check() -> bool:
        return _nothing_moves(plain) and not _is_working(name)

    return check


@click.command()
def ticking() -> None:
    """Fail when no schedule was started lately: for the health check of a container."""
    with settings_of_this_machine() as settings:
        plain = settings.database_url.replace("+psycopg", "", 1)
        with psycopg.connect(plain, connect_timeout=5) as connection:
            row = connection.execute(_TICKED, {"recently": _SCHEDULES_START_WITHIN}).fetchone()
    if row is None or not row[0]:
        raise click.ClickException("no schedule was started lately")


def _nothing_moves(database_url: str) -> bool:
    silence = f"{_SILENCE_SECONDS} s"
    try:
        with psycopg.connect(database_url, connect_timeout=5) as connection:
            row = connection.execute(
                _NOTHING_MOVES, {"lease": LEASE, "silence": silence}
            ).fetchone()
    except psycopg.Error:
        # Without a database no worker can work: replacing it would not help.
        return False
    return row is not None and bool(row[0])


def _is_working(name: str) -> bool:
    """Ask the worker itself: a long task is no silence."""
    try:
        asked = subprocess.run(  # noqa: S603
            [
                *(sys.executable, "-m", "celery", "-A", "workers.app", "inspect", "active"),
                *("--json", "-d", name, "-t", str(_ANSWER_WITHIN_SECONDS)),
            ],
            capture_output=True,
            check=False,
            timeout=_ANSWER_WITHIN_SECONDS + 15,
        )
        answers = json.loads(asked.stdout or b"{}")
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        return False
    return any(answers.values())
