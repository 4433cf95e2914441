"""Run the whole shop on this machine, with a district to look at."""

from __future__ import annotations

import fcntl
import os
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import click

from marketplace.cli.environment import application
from marketplace.cli.serve import web_program
from marketplace.cli.supervisor import Program, Supervisor
from marketplace.cli.worker import worker_programs
from marketplace.core import migrating
from marketplace.core.settings import Settings
from marketplace.demo.district import logins
from marketplace.demo.launcher.failure import ServerFailed
from marketplace.demo.launcher.machine import Machine, folder_of_this_machine
from marketplace.payments.stripe_reading import SUBSCRIBED_EVENTS

_FIRST_PORT: Final = 8000
_LOCAL_HOSTS: Final = "127.0.0.1,localhost"


@click.command()
@click.option("--products", type=click.IntRange(min=0), help="Only fill up to this many products.")
@click.option("--orders", type=click.IntRange(min=0), help="Only fill up to this many orders.")
@click.option("--reset", is_flag=True, help="Only delete what earlier demos left.")
@click.option("--empty", is_flag=True, help="Run a shop without a district.")
@click.option("--host", default="127.0.0.1", show_default=True, envvar="HOST")
def demo(*, products: int | None, orders: int | None, reset: bool, empty: bool, host: str) -> None:
    """Start databases, fake Stripe, web and worker, and print where to look."""
    machine = Machine(os.environ, folder_of_this_machine(os.environ))
    try:
        if reset:
            machine.destroy()
        elif products is not None or orders is not None:
            with _started(machine):
                _fill(products=products or 0, orders=orders or 0)
        else:
            with _only_one(machine.folder), _started(machine) as settings:
                if not empty:
                    click.echo("Preparing the district (a minute or two the first time) …")
                    _fill(products=0, orders=0)
                _run(machine, settings, host=host)
    except ServerFailed as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def _started(machine: Machine) -> Iterator[Settings]:
    port = _port()
    try:
        found = machine.start()
        found.setdefault("PORT", str(port))
        found.setdefault("TRUSTED_HOSTS", _LOCAL_HOSTS)
        os.environ.update(found)
        settings = Settings.from_env()
        migrating.upgrade(settings.database_url)
        yield settings
    finally:
        machine.stop()


def _run(machine: Machine, settings: Settings, *, host: str) -> None:
    logs = machine.folder / "log"
    logs.mkdir(exist_ok=True)
    programs = [
        *([_fake_stripe(settings, machine.folder)] if machine.fakes_stripe else []),
        *worker_programs(settings),
        web_program(settings, host=host, port=int(os.environ["PORT"])),
    ]
    for program in programs:
        program.log = logs / f"{program.name}.log"
    announce = _announcer(settings, logs)

    def tick() -> None:
        machine.mend()
        announce()

    Supervisor(programs, also=tick).run()


def _fill(*, products: int, orders: int) -> None:
    # Here, not above: a server in production has neither need nor means to draw a district.
    from marketplace.demo.district import load

    with application() as app:
        settings: Settings = app.extensions["settings"]
        load.load(settings)
        if products or orders:
            load.scale(settings, products=products, orders=orders)


def _fake_stripe(settings: Settings, folder: Path) -> Program:
    api = urlsplit(settings.stripe_api_base or "")
    return Program(
        name="fake-stripe",
        command=[
            *(sys.executable, "-m", "marketplace.demo.fake_stripe", "--port", str(api.port)),
            *("--webhook-url", f"http://127.0.0.1:{os.environ['PORT']}/webhooks/stripe"),
            *("--enabled-events", ",".join(SUBSCRIBED_EVENTS)),
            *("--data-dir", str(folder / "fake-stripe")),
        ],
    )


def _announcer(settings: Settings, logs: Path) -> Callable[[], None]:
    """Return a function that prints address and logins once the shop answers."""
    started = time.monotonic()
    said = False

    def announce() -> None:
        nonlocal said
        if said or not _answers(int(os.environ["PORT"])):
            return
        said = True
        click.echo(f"\n  {settings.public_url}\n")
        for line in logins.lines():
            click.echo(f"  {line}")
        click.echo(
            f"\n  up in {time.monotonic() - started:.1f} s · logs in {logs} · Ctrl-C stops\n"
        )

    return announce


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1):
            return True
    except (urllib.error.URLError, OSError):
        return False


def _port() -> int:
    """Return the port to serve on: the named one, or the first free one."""
    if named := os.environ.get("PORT"):
        if not _is_free(int(named)):
            raise ServerFailed(f"port {named} is taken: name another with PORT=…")
        return int(named)
    return next(port for port in range(_FIRST_PORT, _FIRST_PORT + 1000) if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ServerFailed(f"a demo already runs in {folder}: stop it first") from error
        yield
