"""The embedded servers start, are shared, end with their owner and survive every kind of death."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import redis

from marketplace.demo.launcher import processes
from marketplace.demo.launcher.failure import ServerFailed
from marketplace.demo.launcher.postgres import EmbeddedPostgres
from marketplace.demo.launcher.valkey import EmbeddedValkey

_ROOT = Path(__file__).resolve().parents[2]
_OWNER = """
import sys, time
from marketplace.demo.launcher.postgres import EmbeddedPostgres
from marketplace.demo.launcher.valkey import EmbeddedValkey
servers = {"postgres": EmbeddedPostgres, "valkey": EmbeddedValkey}
server = servers[sys.argv[1]](sys.argv[2])
print(server.start(), server.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def owner(home: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that owns a PostgreSQL in `home`."""
    with _owner_of("postgres", home) as process:
        yield process


@contextmanager
def _owner_of(kind: str, home: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", _OWNER, kind, str(home)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _told(owner: subprocess.Popen[str]) -> tuple[str, int]:
    assert owner.stdout is not None
    url, pid = owner.stdout.readline().split()
    return url, int(pid)


def _ask(url: str, question: str) -> object:
    with psycopg.connect(url.replace("+psycopg", ""), connect_timeout=5) as connection:
        row = connection.execute(question).fetchone()
    assert row is not None
    return row[0]


def _wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 30
    while processes.command_line(pid):
        assert time.monotonic() < deadline, f"{processes.command_line(pid)} outlives its owner"
        time.sleep(0.05)


class TestEmbeddedPostgres:
    def test_keeps_data_over_a_restart(self, home: Path) -> None:
        with (
            EmbeddedPostgres(home) as server,
            psycopg.connect(server.start().replace("+psycopg", "")) as connection,
        ):
            connection.execute("CREATE TABLE kept AS SELECT 7 AS number")

        with EmbeddedPostgres(home) as server:
            assert _ask(server.start(), "SELECT number FROM kept") == 7

    def test_is_not_run_by_root(self, home: Path) -> None:
        with EmbeddedPostgres(home) as server:
            status = Path(f"/proc/{server.pid}/status").read_text()

        assert "\nUid:\t0\t" not in status

    def test_listens_on_this_machine_only_and_wants_the_password(self, home: Path) -> None:
        with EmbeddedPostgres(home) as server:
            url = server.start()
            assert _ask(url, "SHOW listen_addresses") == "127.0.0.1"
            assert _ask(url, "SHOW unix_socket_directories") == ""
            password = url.split(":")[2].split("@")[0]
            with pytest.raises(psycopg.OperationalError, match="password"):
                _ask(url.replace(password, "wrong"), "SELECT 1")

    def test_is_found_by_a_second_process_which_does_not_stop_it(
        self, home: Path, owner: subprocess.Popen[str]
    ) -> None:
        url, _ = _told(owner)

        with EmbeddedPostgres(home) as second:
            assert second.start() == url
            assert not second.owned

        assert _ask(url, "SELECT 1") == 1

    def test_two_first_starts_at_once_make_one_server(self, home: Path) -> None:
        with _owner_of("postgres", home) as first, _owner_of("postgres", home) as second:
            lines = [process.stdout.readline() for process in (first, second) if process.stdout]

        # The one that found it already running has no process id of its own to tell.
        assert len([line for line in lines if line]) == 1

    @pytest.mark.parametrize("last", [signal.SIGKILL, signal.SIGTERM])
    def test_ends_with_its_owner_and_starts_again(
        self, home: Path, owner: subprocess.Popen[str], last: signal.Signals
    ) -> None:
        url, pid = _told(owner)
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS number")

        owner.send_signal(last)
        owner.wait()

        with EmbeddedPostgres(home) as server:
            assert _ask(server.start(), "SELECT number FROM kept") == 7
            assert server.pid != pid
        _wait_until_gone(pid)

    def test_comes_back_at_its_old_address_after_kill_9(self, home: Path) -> None:
        with EmbeddedPostgres(home) as server:
            url = server.start()
            os.kill(server.pid, signal.SIGKILL)
            while server.running:
                time.sleep(0.01)

            assert server.start() == url
            assert _ask(url, "SELECT 1") == 1

    def test_starts_although_its_old_process_id_belongs_to_somebody_else(self, home: Path) -> None:
        with EmbeddedPostgres(home) as server:
            lock = server.home / "cluster" / "postmaster.pid"
            text = lock.read_text()
            owner = (lock.stat().st_uid, lock.stat().st_gid)
        bystander = subprocess.Popen(["/bin/sleep", "600"], user=owner[0])
        try:
            lock.write_text(text.replace(text.splitlines()[0], str(bystander.pid), 1))
            os.chown(lock, *owner)

            with EmbeddedPostgres(home) as server:
                assert _ask(server.start(), "SELECT 1") == 1
            assert bystander.poll() is None
        finally:
            bystander.kill()
            bystander.wait()

    def test_finishes_what_a_killed_first_start_began(self, home: Path) -> None:
        half = home / "cluster.new"
        half.mkdir(parents=True)
        (half / "PG_VERSION").write_text("18\n")

        with EmbeddedPostgres(home) as server:
            assert _ask(server.start(), "SELECT 1") == 1

    def test_says_why_a_cluster_of_another_version_does_not_start(self, home: Path) -> None:
        with EmbeddedPostgres(home) as server:
            version = server.home / "cluster" / "PG_VERSION"
        version.write_text("9\n")

        with pytest.raises(ServerFailed, match="made by PostgreSQL 9"):
            EmbeddedPostgres(home).start()

    def test_is_not_destroyed_while_somebody_uses_it(
        self, home: Path, owner: subprocess.Popen[str]
    ) -> None:
        url, _ = _told(owner)

        with pytest.raises(ServerFailed, match="in use"):
            EmbeddedPostgres(home).destroy()

        assert _ask(url, "SELECT 1") == 1

    def test_leaves_nothing_when_destroyed(self, home: Path) -> None:
        with EmbeddedPostgres(home) as server:
            pass

        server.destroy()

        assert list(home.parent.iterdir()) == []

    def test_works_where_its_account_cannot_go_and_leaves_nothing(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o700)
        before = set(Path("/var/tmp").iterdir())  # noqa: S108

        with EmbeddedPostgres(tmp_path / "server") as server:
            assert _ask(server.start(), "SELECT 1") == 1
        server.destroy()

        assert list(tmp_path.iterdir()) == []
        assert set(Path("/var/tmp").iterdir()) == before  # noqa: S108


class TestEmbeddedValkey:
    def test_refuses_to_forget_and_wants_the_password(self, home: Path) -> None:
        with (
            EmbeddedValkey(home) as server,
            redis.Redis.from_url(server.start()) as client,
        ):
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
            port = client.connection_pool.connection_kwargs["port"]
            with (
                redis.Redis(port=port) as stranger,
                pytest.raises(redis.AuthenticationError),
            ):
                stranger.ping()

    def test_comes_back_at_its_old_address_after_kill_9(self, home: Path) -> None:
        with EmbeddedValkey(home) as server:
            url = server.start()
            os.kill(server.pid, signal.SIGKILL)
            while server.running:
                time.sleep(0.01)

            assert server.start() == url
            with redis.Redis.from_url(url) as client:
                assert client.ping()

    def test_ends_with_its_owner(self, home: Path) -> None:
        with _owner_of("valkey", home) as owner:
            _, pid = _told(owner)
            assert str(home) in processes.command_line(pid)
            owner.kill()

        _wait_until_gone(pid)
