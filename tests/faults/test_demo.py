"""`marketplace demo` is one command: everything starts with it and ends with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from marketplace.demo.launcher.processes import free_port

_ROOT = Path(__file__).resolve().parents[2]
_PARTS = ("postgres", "valkey-server", "granian", "celery", "workers.dispatcher", "fake_stripe")


@contextmanager
def _demo(folder: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """The demo, from its start until its address is printed and after."""
    ours = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "STRIPE_", "PUBLIC_URL", "TRUSTED_HOSTS")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    process = subprocess.Popen(
        [sys.executable, "-m", "marketplace.cli.main", "demo", "--empty"],
        cwd=_ROOT,
        env={**kept, "DATA_DIR": str(folder), "PORT": str(port)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert any("Ctrl-C stops" in line for line in process.stdout), "the demo never came up"
        yield process
    finally:
        process.kill()
        process.communicate()


def _family(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def _names(family: list[psutil.Process]) -> set[str]:
    lines = [_line(member) for member in family]
    return {part for part in _PARTS if any(part in line for line in lines)}


def _line(member: psutil.Process) -> str:
    try:
        return " ".join(member.cmdline())
    except psutil.NoSuchProcess:
        # It ended between being listed and being asked.
        return ""


def _get(port: int, path: str) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return int(answer.status)


def _wait_until_gone(family: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(family, timeout=60)
    assert [_line(member) for member in alive] == []


class TestDemo:
    def test_mends_what_dies_and_ends_with_ctrl_c(self, home: Path) -> None:
        port = free_port()
        with _demo(home, port) as process:
            assert _names(_family(process)) == set(_PARTS)
            assert _serves(port)

            for member in psutil.Process(process.pid).children():
                member.kill()

            deadline = time.monotonic() + 90
            while not _serves(port) or _names(_family(process)) != set(_PARTS):
                assert time.monotonic() < deadline
                time.sleep(0.2)
            family = _family(process)
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=90) == 0
            _wait_until_gone(family)

    def test_leaves_nobody_behind_when_it_is_killed(self, home: Path) -> None:
        with _demo(home, free_port()) as process:
            family = _family(process)

            process.kill()

            _wait_until_gone(family)


def _serves(port: int) -> bool:
    try:
        return _get(port, "/readyz") == 200
    except OSError:
        return False
