"""Serve the shop over HTTP."""

from __future__ import annotations

import os
import shutil
import sys

import click

from marketplace.cli.environment import settings_of_this_machine
from marketplace.cli.supervisor import Program, Supervisor
from marketplace.core.settings import Settings

_PROCESSES = 2
_THREADS = 4
_LAST_REQUEST_SECONDS = 15


def web_program(
    settings: Settings, *, host: str, port: int, processes: int = _PROCESSES
) -> Program:
    """Return the program that serves."""
    # The processes add up their counters in files; those of an earlier run must not count.
    counters = settings.data_dir.absolute() / "metrics"
    shutil.rmtree(counters, ignore_errors=True)
    counters.mkdir(parents=True)
    return Program(
        name="web",
        command=[
            *(sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws"),
            *("--host", host, "--port", str(port)),
            *("--workers", str(processes), "--blocking-threads", str(_THREADS)),
            # Without it one killed worker process stops the whole server.
            "--respawn-failed-workers",
            # A process told to end while it is still starting never hears it; the longest request
            # takes less.
            *("--workers-kill-timeout", str(_LAST_REQUEST_SECONDS)),
            *("--factory", "marketplace.app:create_app"),
        ],
        env={
            "PROMETHEUS_MULTIPROC_DIR": str(counters),
            # Threads share few heaps: more of them only keep what pages have long let go.
            "MALLOC_ARENA_MAX": "1",
            "MALLOC_TRIM_THRESHOLD_": "131072",
        },
    )


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, envvar="HOST")
@click.option("--port", default=8000, show_default=True, envvar="PORT", type=int)
@click.option(
    "--processes", default=_PROCESSES, show_default=True, envvar="WEB_PROCESSES", type=int
)
def serve(host: str, port: int, processes: int) -> None:
    """Serve the shop."""
    os.environ["PORT"] = str(port)
    with settings_of_this_machine() as settings:
        Supervisor([web_program(settings, host=host, port=port, processes=processes)]).run()
