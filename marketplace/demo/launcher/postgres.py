"""PostgreSQL without an installation."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import IO, ClassVar

import psycopg
from psycopg import sql

from marketplace.demo.launcher import binaries, processes
from marketplace.demo.launcher.failure import ServerFailed
from marketplace.demo.launcher.server import EmbeddedServer

_NAME = "senaru"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "128MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "64MB",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "jit": "off",
    # Two cores serve people, and containers give little shared memory to parallel workers.
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "log_min_duration_statement": "1000",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_LOSES_NOTHING_BUT_ON_POWER_CUTS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}


class EmbeddedPostgres(EmbeddedServer):
    """A PostgreSQL cluster in a folder, on 127.0.0.1 with a random password."""

    title: ClassVar[str] = "PostgreSQL"
    # "Fast shutdown": connections are cut, data is written.
    last_signal: ClassVar[signal.Signals] = signal.SIGINT

    def __init__(
        self, data_dir: Path | str, *, max_connections: int = 100, durable: bool = True
    ) -> None:
        super().__init__(data_dir)
        self._settings = _SETTINGS | {"max_connections": str(max_connections)}
        if not durable:
            self._settings |= _LOSES_NOTHING_BUT_ON_POWER_CUTS

    @property
    def _cluster(self) -> Path:
        return self._place / "cluster"

    def _prepare(self) -> None:
        programs = binaries.postgres(self._account)
        version = self._cluster / "PG_VERSION"
        if not version.exists():
            self._initialise(programs)
        elif int(version.read_text()) != programs.major:
            raise ServerFailed(
                f"{self._cluster} was made by PostgreSQL {version.read_text().strip()} and "
                f"{programs.major} is installed: `make demo-reset`, or set DATABASE_URL"
            )
        self._forget_recycled_pid()

    def _initialise(self, programs: binaries.PostgresPrograms) -> None:
        # Built beside and renamed, so that a killed first start leaves nothing half made.
        fresh = self._place / "cluster.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        secret = self._place / "initial-password"
        secret.unlink(missing_ok=True)
        secret.touch(mode=0o600)
        secret.write_text(self._password())
        if self._account is not None:
            for path in (fresh, secret):
                os.chown(path, self._account.uid, self._account.gid)
        command: list[str | Path] = [
            programs.folder / "initdb",
            f"--pgdata={fresh}",
            f"--username={_NAME}",
            f"--pwfile={secret}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--no-instructions",
            *_locale(programs.major),
        ]
        with self.log.open("wb") as log:
            child = processes.spawn(
                command, account=self._account, log=log, env=self._environment(), cwd=self._place
            )
            failed = child.wait()
        secret.unlink()
        if failed:
            raise ServerFailed(f"PostgreSQL cannot be initialised:\n{self._tail()}")
        fresh.rename(self._cluster)

    def _forget_recycled_pid(self) -> None:
        """Drop a lock file whose process id now belongs to another program."""
        lock = self._cluster / "postmaster.pid"
        with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
            pid = int(lock.read_text().splitlines()[0])
            if str(self._cluster) not in processes.command_line(pid):
                lock.unlink()

    def _spawn(self, port: int, log: IO[bytes]) -> subprocess.Popen[bytes]:
        settings = self._settings | {"port": str(port)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        program = binaries.postgres(self._account).folder / "postgres"
        return processes.spawn(
            [program, "-D", self._cluster, *options],
            account=self._account,
            last_signal=self.last_signal,
            log=log,
            env=self._environment(),
            cwd=self._place,
        )

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.defpath, "HOME": str(self._place), "LC_ALL": "C", "TZ": "UTC"}

    def _url(self, port: int) -> str:
        return f"postgresql+psycopg://{_NAME}:{self._password()}@127.0.0.1:{port}/{_NAME}"

    def _answers(self, url: str) -> bool:
        try:
            with _maintenance(url):
                return True
        except psycopg.OperationalError:
            return False

    def _finish(self, url: str) -> None:
        with _maintenance(url) as connection:
            there = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [_NAME])
            if there.fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_NAME)))


def _maintenance(url: str) -> psycopg.Connection[tuple[object, ...]]:
    address = url.replace("+psycopg", "").rpartition("/")[0]
    return psycopg.connect(f"{address}/postgres", autocommit=True, connect_timeout=5)


def _locale(major: int) -> list[str]:
    # With LC_CTYPE=C pg_trgm knows no Hangul; byte order must still not depend on the machine.
    if major >= 17:
        return [
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--lc-collate=C",
            "--lc-ctype=C.UTF-8",
        ]
    return ["--locale=C.UTF-8"]
