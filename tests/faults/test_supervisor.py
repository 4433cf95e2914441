"""Programs are kept running, replaced when deaf, and end with their supervisor however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from marketplace.demo.launcher import processes

_ROOT = Path(__file__).resolve().parents[2]
# Each program writes its process id into a file of its own and then does as its name says.
_SUPERVISOR = """
import sys
from pathlib import Path
from marketplace.cli import supervisor
from marketplace.cli.supervisor import Program, Supervisor
supervisor._GRACE = supervisor._ASK_EVERY = 0.1
folder = Path(sys.argv[1])
code = (
    "import os, signal, subprocess, sys, time\\n"
    "from pathlib import Path\\n"
    "Path(sys.argv[1]).write_text(str(os.getpid()))\\n"
    "child = subprocess.Popen(['/bin/sleep', '600'])\\n"
    "Path(sys.argv[1] + '-child').write_text(str(child.pid))\\n"
    "if 'stubborn' in sys.argv[1]: signal.signal(signal.SIGTERM, signal.SIG_IGN)\\n"
    "time.sleep(600)\\n"
)
Supervisor(
    [
        Program(
            name=name,
            command=[sys.executable, "-c", code, str(folder / name)],
            patience=1.0,
            deaf=(lambda: (folder / "deaf").exists()) if name == "plain" else None,
        )
        for name in ("plain", "stubborn")
    ]
).run()
"""


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A supervisor of two programs, each with a child of its own."""
    process = subprocess.Popen([sys.executable, "-c", _SUPERVISOR, str(tmp_path)], cwd=_ROOT)  # noqa: S603
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        # What ignores a request to end outlives a killed supervisor on purpose here.
        for file in tmp_path.iterdir():
            with suppress(ProcessLookupError, ValueError):
                os.kill(int(file.read_text()), signal.SIGKILL)


def _wait_for(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _pid(file: Path) -> int:
    _wait_for(lambda: file.exists() and file.read_text())
    return int(file.read_text())


def _all_pids(folder: Path) -> list[int]:
    names = ("plain", "plain-child", "stubborn", "stubborn-child")
    return [_pid(folder / name) for name in names]


def _lives(pid: int) -> bool:
    return bool(processes.command_line(pid))


class TestSupervisor:
    def test_starts_again_what_ended_without_what_it_left(
        self, tmp_path: Path, supervisor: subprocess.Popen[bytes]
    ) -> None:
        first, child, *_ = _all_pids(tmp_path)

        os.kill(first, signal.SIGKILL)

        _wait_for(lambda: _pid(tmp_path / "plain") != first)
        _wait_for(lambda: not _lives(child))
        assert supervisor.poll() is None

    def test_replaces_what_is_frozen(
        self,
        tmp_path: Path,
        supervisor: subprocess.Popen[bytes],  # noqa: ARG002
    ) -> None:
        first, *_ = _all_pids(tmp_path)

        os.kill(first, signal.SIGSTOP)
        (tmp_path / "deaf").touch()

        _wait_for(lambda: not _lives(first))
        (tmp_path / "deaf").unlink()
        _wait_for(lambda: _pid(tmp_path / "plain") != first)

    @pytest.mark.parametrize("last", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
    def test_ends_everything_when_told(
        self, tmp_path: Path, supervisor: subprocess.Popen[bytes], last: signal.Signals
    ) -> None:
        pids = _all_pids(tmp_path)

        supervisor.send_signal(last)

        assert supervisor.wait(timeout=20) == 0
        assert [pid for pid in pids if _lives(pid)] == []

    def test_tells_its_programs_to_end_when_it_is_killed(
        self, tmp_path: Path, supervisor: subprocess.Popen[bytes]
    ) -> None:
        plain, *_ = _all_pids(tmp_path)

        supervisor.kill()

        _wait_for(lambda: not _lives(plain))
