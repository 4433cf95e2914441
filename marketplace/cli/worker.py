"""Do the work transactions left behind: Celery, its dispatcher and their watchdog."""

from __future__ import annotations

import os
import socket
import sys

import click

from marketplace.cli.environment import settings_of_this_machine
from marketplace.cli.supervisor import Program, Supervisor
from marketplace.cli.watchdog import deaf_worker
from marketplace.core.settings import Settings

_PROCESSES = 2
# Those the routes in workers.app name; a test compares.
QUEUES = ("payments", "mail", "default", "bulk")


def worker_programs(settings: Settings, *, processes: int = _PROCESSES) -> list[Program]:
    """Return the programs that do background work."""
    return [_tasks(settings, processes), _schedule()]


@click.command()
@click.option("--processes", default=_PROCESSES, show_default=True, envvar="WORKER_PROCESSES")
@click.option(
    "--part",
    type=click.Choice(["all", "tasks", "schedule"]),
    default="all",
    show_default=True,
    help="Run only the tasks, or only what hands them out on schedule.",
)
def worker(processes: int, part: str) -> None:
    """Run jobs and schedules, restarting what ends or goes deaf."""
    with settings_of_this_machine() as settings:
        programs = {"tasks": [_tasks(settings, processes)], "schedule": [_schedule()]}
        Supervisor(programs.get(part) or worker_programs(settings, processes=processes)).run()


def _tasks(settings: Settings, processes: int) -> Program:
    name = f"worker-{os.getpid()}@{socket.gethostname()}"
    return Program(
        name="worker",
        command=[
            *(sys.executable, "-m", "celery", "-A", "workers.app", "worker"),
            *("--queues", ",".join(QUEUES), "--hostname", name),
            *("--concurrency", str(processes), "--loglevel", "INFO"),
            # Workers need not know each other, and every such message may fail.
            *("--without-gossip", "--without-mingle"),
        ],
        # A warm stop lets a task end; what takes longer is done again after its lease.
        patience=60.0,
        deaf=deaf_worker(settings.database_url, name),
    )


def _schedule() -> Program:
    return Program(name="dispatcher", command=[sys.executable, "-m", "workers.dispatcher"])
