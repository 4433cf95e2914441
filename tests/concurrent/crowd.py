"""Many people at once: real threads, real commits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from flask import Flask

from marketplace.core.db import db, in_transaction

T = TypeVar("T")

THREADS = 16


def rush(app: Flask, works: Sequence[Callable[[], T]]) -> list[T | Exception]:
    """
    Do all works in transactions of their own, the first sixteen let go by one barrier.

    What a work raises is its answer.
    """
    threads = min(THREADS, len(works))
    barrier = threading.Barrier(threads)

    def do(number: int) -> T | Exception:
        with app.app_context():
            if number < threads:
                barrier.wait(timeout=30)
            try:
                return in_transaction(works[number])
            except Exception as error:
                return error
            finally:
                db.session.remove()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(do, range(len(works))))


def of_type(answers: Sequence[T | Exception], kind: type[Exception]) -> list[Exception]:
    """Return the answers that are refusals of a kind."""
    return [answer for answer in answers if isinstance(answer, kind)]


def done(answers: Sequence[T | Exception]) -> list[T]:
    """Return the answers that are no refusals."""
    return [answer for answer in answers if not isinstance(answer, Exception)]
