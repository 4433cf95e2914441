"""What every maker needs: the moment tests happen at, a row saved, a number nobody had."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from typing import Final

from marketplace.core.db import Base, db, transaction

NOW: Final = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
LONG_AGO: Final = datetime(2020, 1, 1, tzinfo=UTC)
FAR_AHEAD: Final = datetime(2100, 1, 1, tzinfo=UTC)

numbers = count(1)


@contextmanager
def writing() -> Iterator[None]:
    """Join the transaction around the caller, or open one."""
    if db.session().info.get("writing"):
        yield
        db.session.flush()
    else:
        with transaction():
            yield


def save(*rows: Base) -> None:
    """Write rows, so that they have their ids."""
    with writing():
        db.session.add_all(rows)
        db.session.flush()
