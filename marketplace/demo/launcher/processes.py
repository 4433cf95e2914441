"""Start programs that end with us, and end them in good order."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from marketplace.demo.launcher.account import Account

_TETHER = Path(__file__).with_name("tether.py")


def spawn(
    command: Sequence[str | Path],
    *,
    account: Account | None = None,
    last_signal: signal.Signals = signal.SIGTERM,
    log: IO[bytes] | None = None,
    stdin: int = subprocess.DEVNULL,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """
    Start a program that gets `last_signal` when the calling thread ends.

    In a session of its own, so that Ctrl-C reaches only us and we choose the order of ending.
    """
    uid, gid = (str(account.uid), str(account.gid)) if account else ("-", "-")
    tether = [sys.executable, "-I", "-S", str(_TETHER), str(int(last_signal)), str(os.getpid())]
    return subprocess.Popen(  # noqa: S603
        [*tether, uid, gid, *map(str, command)],
        stdin=stdin,
        stdout=log,
        stderr=subprocess.STDOUT if log is not None else None,
        env=dict(env) if env is not None else None,
        cwd=cwd,
        start_new_session=True,
    )


def end(
    child: subprocess.Popen[bytes],
    *,
    first: signal.Signals = signal.SIGTERM,
    patience: float = 20.0,
) -> None:
    """Ask a child to end, wait, then insist."""
    if child.poll() is None:
        child.send_signal(first)
    see_off(child, patience=patience)


def see_off(child: subprocess.Popen[bytes], *, patience: float) -> None:
    """Wait for a child that was asked to end, then insist; leave none of its own children."""
    try:
        child.wait(timeout=patience)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    # It led a session of its own, so its group holds nobody else.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)


def end_stranger(pid: int, *, first: signal.Signals, patience: float = 30.0) -> None:
    """End a process that is not our child, such as one left by a killed launcher."""
    for last_signal in (first, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, last_signal)
        if _gone_within(pid, patience):
            return


def command_line(pid: int) -> str:
    """Return the command line of a running process; empty when there is none."""
    if sys.platform == "linux":
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            return ""
    answer = subprocess.run(  # noqa: S603
        ["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip()


def free_port() -> int:
    """Ask the system for a port of 127.0.0.1 nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _gone_within(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while command_line(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
