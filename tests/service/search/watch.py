"""Count the statements a piece of code sends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect every statement sent inside."""
    sent: list[str] = []

    def hear(_: Any, __: Any, statement: str, *rest: Any) -> None:  # noqa: ARG001
        # Savepoints belong to the test's isolation, not to the code.
        if "SAVEPOINT" not in statement:
            sent.append(statement)

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", hear)
