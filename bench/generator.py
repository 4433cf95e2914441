"""Clients in processes of their own, each asking again as soon as it is answered."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Protocol, Self

_PROCESSES: Final = 2
# Connections are opened before a leg begins, so that none of them counts.
_LEAD: Final = 0.3
_KEPT_ERRORS: Final = 3

# Does one piece of work; what it returns, unless None, is kept.
Act = Callable[[], Any]


class OutOfWork(Exception):
    """A client has done all that was prepared for it."""


class Client(Protocol):
    """What to do, in a form that travels to another process."""

    def begin(self, number: int) -> Act:
        """Open what client `number` of the leg needs and return its act."""


@dataclass
class Tally:
    """What one client did."""

    done: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    kept: list[Any] = field(default_factory=list)
    error_count: int = 0
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Leg:
    """What all clients did in one stretch of time."""

    tallies: tuple[Tally, ...]

    @property
    def done(self) -> int:
        """Count the pieces of work."""
        return sum(tally.done for tally in self.tallies)

    @property
    def rate(self) -> float:
        """Return pieces per second; each client ends its last one, so each has its own time."""
        return sum(tally.done / tally.seconds for tally in self.tallies if tally.seconds)

    @property
    def latencies(self) -> list[float]:
        """List the seconds each piece took."""
        return [seconds for tally in self.tallies for seconds in tally.latencies]

    @property
    def kept(self) -> list[Any]:
        """List what the acts returned."""
        return [kept for tally in self.tallies for kept in tally.kept]

    @property
    def error_count(self) -> int:
        """Count the pieces that failed."""
        return sum(tally.error_count for tally in self.tallies)

    @property
    def errors(self) -> list[str]:
        """List the first failures."""
        return [error for tally in self.tallies for error in tally.errors]


class Crew:
    """Processes that play clients, kept between legs."""

    def __init__(self) -> None:
        self._pool = ProcessPoolExecutor(
            _PROCESSES, mp_context=multiprocessing.get_context("spawn")
        )

    def __enter__(self) -> Self:
        """Start the processes, so that no leg waits for them."""
        for waiting in [self._pool.submit(time.sleep, 0.5) for _ in range(_PROCESSES)]:
            waiting.result()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the processes."""
        self._pool.shutdown(cancel_futures=True)

    def run(self, client: Client, *, clients: int, seconds: float) -> Leg:
        """Let so many clients work for so long."""
        starts_at = time.monotonic() + _LEAD
        parts = [range(start, clients, _PROCESSES) for start in range(min(clients, _PROCESSES))]
        work = [self._pool.submit(_drive, client, numbers, starts_at, seconds) for numbers in parts]
        return Leg(tuple(tally for done in work for tally in done.result()))


def _drive(client: Client, numbers: Sequence[int], starts_at: float, seconds: float) -> list[Tally]:
    tallies = [Tally() for _ in numbers]
    threads = [
        threading.Thread(target=_work, args=(client, number, tally, starts_at, seconds))
        for number, tally in zip(numbers, tallies, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tallies


def _work(client: Client, number: int, tally: Tally, starts_at: float, seconds: float) -> None:
    act = client.begin(number)
    time.sleep(max(0.0, starts_at - time.monotonic()))
    began = now = time.monotonic()
    while now < began + seconds:
        try:
            kept = act()
        except OutOfWork:
            break
        except Exception as error:
            tally.error_count += 1
            if len(tally.errors) < _KEPT_ERRORS:
                tally.errors.append(f"{type(error).__name__}: {error}")
            now = time.monotonic()
            continue
        ended = time.monotonic()
        tally.latencies.append(ended - now)
        tally.done += 1
        if kept is not None:
            tally.kept.append(kept)
        now = ended
    tally.seconds = time.monotonic() - began
