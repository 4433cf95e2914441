"""Many browsers at once, over real sockets."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

THREADS = 16
_PATIENCE = 60


def at_once(works: Sequence[Callable[[], T]]) -> list[T]:
    """Do all works in threads, the first sixteen let go by one barrier; return their answers."""
    threads = min(THREADS, len(works))
    barrier = threading.Barrier(threads)

    def do(number: int) -> T:
        if number < threads:
            barrier.wait(_PATIENCE)
        return works[number]()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(do, range(len(works))))
