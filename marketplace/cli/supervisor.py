"""Keep programs running until we are told to stop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from marketplace.demo.launcher import processes

_STOPS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_PAUSE: Final = 0.2
_HEALTHY_AFTER: Final = 30.0
_LONGEST_BACKOFF: Final = 15.0
# A program just started may still face the work its dead predecessor left.
_GRACE: Final = 20.0
_ASK_EVERY: Final = 10.0


@dataclass
class Program:
    """
    One program to keep running.

    `deaf` looks at a running program from outside and says whether it must be replaced.
    """

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    # How long a stop may take: a worker finishes its task, a server its requests.
    patience: float = 20.0
    log: Path | None = None
    deaf: Callable[[], bool] | None = None


class _Watched:
    """A program and the life it has had."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.child: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._asked_at = 0.0
        self._backoff = 0.5
        self._due_at = 0.0

    def tend(self) -> None:
        """Start it when it is due, note when it ended, replace it when it is deaf."""
        now = time.monotonic()
        if self.child is None:
            if now >= self._due_at:
                self._start(now)
        elif (status := self.child.poll()) is not None:
            self._note_end(status, now)
        elif self._is_deaf(now):
            _say(f"{self.program.name} does nothing: replacing it")
            # Frozen or deaf, it will not hear a polite request to end.
            self.child.kill()

    def ask_to_end(self) -> None:
        """Send the signal that ends it in good order."""
        if self.child is not None and self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)

    def see_off(self) -> None:
        """Wait until it is gone."""
        if self.child is not None:
            processes.see_off(self.child, patience=self.program.patience)

    def _start(self, now: float) -> None:
        with ExitStack() as files:
            log = files.enter_context(self.program.log.open("ab")) if self.program.log else None
            self.child = processes.spawn(
                self.program.command, env={**os.environ, **self.program.env}, log=log
            )
        self._started_at = now
        self._asked_at = now + _GRACE

    def _note_end(self, status: int, now: float) -> None:
        if now - self._started_at > _HEALTHY_AFTER:
            self._backoff = 0.5
        _say(f"{self.program.name} ended with {status}: again in {self._backoff:g} s")
        self.see_off()
        self.child = None
        self._due_at = now + self._backoff
        self._backoff = min(self._backoff * 2, _LONGEST_BACKOFF)

    def _is_deaf(self, now: float) -> bool:
        if self.program.deaf is None or now < self._asked_at + _ASK_EVERY:
            return False
        self._asked_at = now
        return self.program.deaf()


class Supervisor:
    """Run programs, again when they end, and end them all when told to stop."""

    def __init__(
        self, programs: Sequence[Program], *, also: Callable[[], None] | None = None
    ) -> None:
        self._watched = [_Watched(program) for program in programs]
        self._also = also
        self._told = False

    def run(self) -> None:
        """Work until SIGTERM, SIGINT or SIGHUP, then end the programs, last started first."""
        before = {number: signal.signal(number, self._stop) for number in _STOPS}
        try:
            while not self._told:
                self._tend()
                time.sleep(_PAUSE)
        finally:
            self._end()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, *_: object) -> None:
        self._told = True

    def _tend(self) -> None:
        if self._also is not None:
            self._also()
        for watched in self._watched:
            watched.tend()

    def _end(self) -> None:
        living = self._watched[::-1]
        for watched in living:
            watched.ask_to_end()
        for watched in living:
            watched.see_off()


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
