"""Everything the figures stand on, started and ended here: databases, shop, yardstick, Stripe."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil
import psycopg
from flask import Flask
from psycopg import sql

from bench import district
from bench.http1 import Connection
from marketplace.app import create_app
from marketplace.cli.serve import web_program
from marketplace.core import migrating, paths
from marketplace.core.db import db
from marketplace.core.settings import Settings
from marketplace.demo.launcher import processes
from marketplace.demo.launcher.machine import Machine
from marketplace.payments.stripe_reading import SUBSCRIBED_EVENTS

_FOLDER: Final = paths.ROOT / "var" / "bench"
_RUN: Final = "senaru_run"
_READY_WITHIN: Final = 60.0
# Nothing else of the caller's environment may change what is measured.
_INHERITED: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")


@dataclass(frozen=True)
class Stage:
    """Where everything is; `app` is a copy of the shop in this process, on the same database."""

    app: Flask
    database_url: str
    shop: str
    bare: str
    stripe: str
    web: subprocess.Popen[bytes]

    def rss_mb(self) -> float:
        """Return the memory of the largest web process, in MB."""
        workers = psutil.Process(self.web.pid).children(recursive=True)
        return max(worker.memory_info().rss for worker in workers) / 1_000_000

    def settle(self) -> None:
        """Wait until the fake Stripe has nothing left to tell the shop."""
        connection = Connection(self.stripe)
        while b"true" not in connection.ask("/_test/idle").body:
            time.sleep(0.05)
        connection.close()


@contextmanager
def built() -> Iterator[Stage]:
    """Start everything on a fresh copy of the prepared database; end it all afterwards."""
    logging.getLogger("senaru.access").setLevel(logging.WARNING)
    machine = _prepared()
    try:
        env = _environment(machine)
        with _copied_database(env) as database_url, ExitStack() as stack:
            env["DATABASE_URL"] = database_url
            settings = Settings.from_env(env)
            logs = machine.folder / "log"
            logs.mkdir(exist_ok=True)
            yield _started(settings, env, logs, stack)
    finally:
        machine.stop()


def _started(settings: Settings, env: Mapping[str, str], logs: Path, stack: ExitStack) -> Stage:
    program = web_program(settings, host="127.0.0.1", port=int(env["PORT"]))
    bare_port = processes.free_port()
    bare = [
        *(str(bare_port) if part == env["PORT"] else part for part in program.command[:-1]),
        "bench.bare_app:create_app",
    ]
    stripe = [
        *(sys.executable, "-m", "marketplace.demo.fake_stripe"),
        *("--port", str(settings.stripe_api_base).rpartition(":")[2]),
        *("--webhook-url", f"{settings.public_url}/webhooks/stripe"),
        *("--enabled-events", ",".join(SUBSCRIBED_EVENTS)),
    ]

    def run(name: str, command: list[str], more: Mapping[str, str]) -> subprocess.Popen[bytes]:
        log = stack.enter_context((logs / f"{name}.log").open("wb"))
        child = processes.spawn(command, env={**env, **more}, log=log, cwd=paths.ROOT)
        stack.callback(processes.end, child)
        return child

    run("fake-stripe", stripe, {})
    web = run("shop", list(program.command), program.env)
    run("bare", bare, {})
    stage = Stage(
        app=create_app(settings),
        database_url=settings.database_url.replace("+psycopg", ""),
        shop=settings.public_url,
        bare=f"http://127.0.0.1:{bare_port}",
        stripe=str(settings.stripe_api_base),
        web=web,
    )
    stack.enter_context(stage.app.app_context())
    stack.callback(db.engine.dispose)
    for url in (f"{stage.shop}/readyz", f"{stage.bare}/", f"{stage.stripe}/_test/idle"):
        _wait_for(url, logs)
    return stage


def _prepared() -> Machine:
    """Return a running machine with the district of this source on it."""
    mark, wanted = _FOLDER / "district", district.fingerprint()
    if _FOLDER.exists() and (not mark.exists() or mark.read_text() != wanted):
        Machine({}, _FOLDER).destroy()
    machine = Machine({}, _FOLDER)
    if mark.exists():
        return machine
    try:
        settings = Settings.from_env(_environment(machine))
        migrating.upgrade(settings.database_url)
        app = create_app(settings)
        district.fill(app, settings)
        with app.app_context():
            db.engine.dispose()
    except BaseException:
        machine.stop()
        raise
    mark.write_text(wanted)
    return machine


def _environment(machine: Machine) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    port = str(processes.free_port())
    return {
        **inherited,
        **machine.start(),
        "DEMO": "0",
        "LOG_FORMAT": "json",
        "PORT": port,
    }


@contextmanager
def _copied_database(env: Mapping[str, str]) -> Iterator[str]:
    """Lend a copy of the prepared database, so that every run begins alike."""
    server, _, prepared = env["DATABASE_URL"].rpartition("/")
    maintenance = server.replace("+psycopg", "") + "/postgres"
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(_RUN))
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(drop)
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(_RUN), sql.Identifier(prepared)
            )
        )
    try:
        yield f"{server}/{_RUN}"
    finally:
        with psycopg.connect(maintenance, autocommit=True) as connection:
            connection.execute(drop)


def _wait_for(url: str, logs: Path) -> None:
    base, _, path = url.removeprefix("http://").partition("/")
    connection = Connection(f"http://{base}")
    deadline = time.monotonic() + _READY_WITHIN
    while True:
        try:
            if connection.ask(f"/{path}").status == 200:
                connection.close()
                return
        except OSError:
            connection.close()
        if time.monotonic() > deadline:
            raise SystemExit(f"{url} does not answer: look into {logs}")
        time.sleep(0.1)
