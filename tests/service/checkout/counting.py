"""Count the statements a piece of work sends to the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event
from sqlalchemy.engine import Connection

from marketplace.core.db import db

_NOT_WORK = ("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK")


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect the statements sent inside the block, savepoints of the test bed left out."""
    sent: list[str] = []

    def note(
        connection: Connection,  # noqa: ARG001
        cursor: object,  # noqa: ARG001
        statement: str,
        parameters: object,  # noqa: ARG001
        context: object,  # noqa: ARG001
        executemany: bool,  # noqa: ARG001
    ) -> None:
        if not statement.startswith(_NOT_WORK):
            sent.append(statement)

    bind = db.session.get_bind()
    event.listen(bind, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(bind, "before_cursor_execute", note)
