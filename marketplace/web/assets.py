"""Addresses of static files that change when their content does."""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache

from flask import Flask, current_app

from marketplace.core import paths


def asset_url(name: str) -> str:
    """
    Return the address of a static file, with a digest of its content.

    :raises FileNotFoundError: until `marketplace assets` has built static/vendor.
    """
    # The time of change costs one stat and lets a running development server see an edit. Plain
    # text and no Path: thirty icons a page make this the dearest part of it.
    changed = os.stat(f"{paths.STATIC}/{name}").st_mtime_ns  # noqa: PTH116
    return f"{current_app.static_url_path}/{name}?v={_digest(name, changed)}"


@lru_cache(maxsize=256)
def _digest(name: str, changed: int) -> str:  # noqa: ARG001
    return hashlib.sha256((paths.STATIC / name).read_bytes()).hexdigest()[:12]


def register(app: Flask) -> None:
    """Give the templates asset_url, also inside imported macros."""
    app.jinja_env.globals["asset_url"] = asset_url
