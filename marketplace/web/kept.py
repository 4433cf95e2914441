"""What every visitor asks for alike, kept by this process for seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Any, Final, TypeVar

from flask import Flask, current_app

_SECONDS: Final = 5.0
_MOST: Final = 256

T = TypeVar("T")


def recall(name: Hashable, read: Callable[[], T], *, seconds: float = _SECONDS) -> T:
    """Return what was read under this name, read anew once it is older than so many seconds."""
    entries: dict[Hashable, tuple[float, Any]] = current_app.extensions["kept"]
    now = time.monotonic()
    until, value = entries.get(name, (0.0, None))
    if now < until:
        kept: T = value
        return kept
    fresh = read()
    if len(entries) >= _MOST:
        entries.clear()
    entries[name] = (now + seconds, fresh)
    return fresh


def forget(app: Flask) -> None:
    """Read everything anew at the next request."""
    app.extensions["kept"].clear()


def register(app: Flask) -> None:
    """Give the application its memory."""
    app.extensions["kept"] = {}
