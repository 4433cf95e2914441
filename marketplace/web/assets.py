"""Addresses of static files that change when their content does."""

from __future__ import annotations

import hashlib
import time
from functools import lru_cache
from typing import Final

from flask import Flask, current_app

from marketplace.core import paths

# A development server sees an edit after so long; asking at every icon would cost a page dearly.
_LOOKED_AT_EVERY: Final = 1.0
_known: Final[dict[str, tuple[float, str]]] = {}


def asset_url(name: str) -> str:
    """
    Return the address of a static file, with a digest of its content.

    :raises FileNotFoundError: until `marketplace assets` has built static/vendor.
    """
    until, digest = _known.get(name, (0.0, ""))
    now = time.monotonic()
    if now >= until:
        digest = _digest(name, (paths.STATIC / name).stat().st_mtime_ns)
        _known[name] = (now + _LOOKED_AT_EVERY, digest)
    return f"{current_app.static_url_path}/{name}?v={digest}"


@lru_cache(maxsize=256)
def _digest(name: str, changed: int) -> str:  # noqa: ARG001
    return hashlib.sha256((paths.STATIC / name).read_bytes()).hexdigest()[:12]


def register(app: Flask) -> None:
    """Give the templates asset_url, also inside imported macros."""
    app.jinja_env.globals["asset_url"] = asset_url
