"""One embedded server: owned by one process, shared with others, recovered after a crash."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import IO, ClassVar, Self

from marketplace.demo.launcher import account, processes
from marketplace.demo.launcher.failure import ServerFailed

_READY_WITHIN = 60.0
_TRIES = 5


class EmbeddedServer(ABC):
    """
    A server in a folder.

    The process that starts it owns it through a file lock the kernel gives back however that
    process ends. Everybody else finds it through the state file and never stops it.
    """

    title: ClassVar[str]
    last_signal: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self, data_dir: Path | str) -> None:
        self.home = Path(data_dir).absolute()
        self._account = account.for_servers()
        self._lock: int | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._port: int | None = None

    @property
    def owned(self) -> bool:
        """Whether this object started the server and will stop it."""
        return self._lock is not None

    @property
    def running(self) -> bool:
        """Whether the server we own is alive."""
        return self._child is not None and self._child.poll() is None

    @property
    def pid(self) -> int:
        """The process id of the server we own."""
        if self._child is None:
            raise ServerFailed(f"{self.title} is not ours")
        return self._child.pid

    @property
    def log(self) -> Path:
        """Where the server writes what happens to it."""
        return self.home / "server.log"

    def claim(self) -> bool:
        """Become the owner, unless another process is."""
        if self._lock is not None:
            return True
        self._make_home()
        handle = os.open(self.home / "owner.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        self._lock = handle
        return True

    def start(self) -> str:
        """
        Start the server, or find the one already running here, and return its URL.

        :raises ServerFailed: it does not come up
        """
        deadline = time.monotonic() + _READY_WITHIN
        while time.monotonic() < deadline:
            if self.claim():
                return self._launch()
            state = self._read_state()
            if state is not None and self._answers(state["url"]):
                self._port = int(state["port"])
                return state["url"]
            time.sleep(0.1)
        raise ServerFailed(
            f"another process is starting {self.title} in {self.home}, but it is not up"
        )

    def stop(self) -> None:
        """Stop the server if we own it."""
        if self._lock is None:
            return
        if self._child is not None:
            processes.end(self._child, first=self.last_signal)
            self._child = None
        self._state.unlink(missing_ok=True)
        os.close(self._lock)
        self._lock = None

    def destroy(self) -> None:
        """
        Delete everything the server kept.

        :raises ServerFailed: somebody else is running it
        """
        if not self.home.exists():
            return
        place = self._place
        if not self.claim():
            raise ServerFailed(f"{self.title} in {self.home} is in use: stop it first")
        self._end_orphan()
        self.stop()
        for folder in {place, self.home}:
            shutil.rmtree(folder)

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    @property
    def _state(self) -> Path:
        return self.home / "state.json"

    @property
    def _place(self) -> Path:
        return account.place_for(self.home, self._account)

    def _make_home(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        if self._account is not None:
            self.home.chmod(0o755)

    def _read_state(self) -> dict[str, str] | None:
        try:
            state: dict[str, str] = json.loads(self._state.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        return state

    def _launch(self) -> str:
        if self.running and self._port is not None:
            return self._url(self._port)
        try:
            self._end_orphan()
            self._prepare()
            # The address of a server that died stays good: its clients come back to it.
            for port in (self._port, *(None for _ in range(_TRIES))):
                if (url := self._try(port or processes.free_port())) is not None:
                    return url
                time.sleep(0.5)
            raise ServerFailed(f"{self.title} does not start; {self.log} ends with\n{self._tail()}")
        except BaseException:
            self.stop()
            raise

    def _try(self, port: int) -> str | None:
        with self.log.open("wb") as log:
            child = self._spawn(port, log)
        url = self._url(port)
        self._child = child
        self._write_state({"pid": str(child.pid), "port": str(port), "url": url})
        deadline = time.monotonic() + _READY_WITHIN
        while child.poll() is None:
            if self._answers(url):
                self._finish(url)
                self._port = port
                return url
            if time.monotonic() > deadline:
                processes.end(child, first=self.last_signal)
            time.sleep(0.02)
        return None

    def _end_orphan(self) -> None:
        """End what a killed launcher left, if it did not end by itself."""
        state = self._read_state()
        if state is not None and str(self._place) in processes.command_line(int(state["pid"])):
            processes.end_stranger(int(state["pid"]), first=self.last_signal)

    def _write_state(self, state: dict[str, str]) -> None:
        fresh = self._state.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(state))
        fresh.rename(self._state)

    def _password(self) -> str:
        kept = self.home / "password"
        if not kept.exists():
            kept.touch(mode=0o600)
            kept.write_text(secrets.token_urlsafe(24))
        return kept.read_text()

    def _tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])

    @abstractmethod
    def _prepare(self) -> None:
        """Make the folder ready for the first start."""

    @abstractmethod
    def _spawn(self, port: int, log: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start the program; its command line names our place."""

    @abstractmethod
    def _url(self, port: int) -> str:
        """Return the address clients use."""

    @abstractmethod
    def _answers(self, url: str) -> bool:
        """Ask the server whether it serves."""

    @abstractmethod
    def _finish(self, url: str) -> None:
        """Complete the first start once the server serves."""
