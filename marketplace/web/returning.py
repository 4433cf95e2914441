"""Where to go after something is done: only to pages of our own."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote, urlsplit

from flask import request

_LONGEST: Final = 500
# One slash and then no second one, neither as a slash nor as the backslash browsers take for one.
_OUR_PATH: Final = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")


def safe_path(target: str | None, *, default: str) -> str:
    """Return the target when it is a path of this site, else the default."""
    if not target or len(target) > _LONGEST or not _OUR_PATH.fullmatch(target):
        return default
    parts = urlsplit(target)
    # A proxy that decodes or tidies paths would make another host of `/%2e%2e//evil.example`.
    decoded = unquote(parts.path)
    untidy = decoded.startswith(("//", "/\\")) or not {".", ".."}.isdisjoint(decoded.split("/"))
    return default if parts.scheme or parts.netloc or untidy else target


def here() -> str:
    """Return the page a person is on, such that it can be opened again."""
    if request.method == "GET":
        return safe_path(request.full_path.rstrip("?"), default="/")
    came_from = urlsplit(request.referrer or "")
    if came_from.netloc != request.host:
        return "/"
    query = f"?{came_from.query}" if came_from.query else ""
    return safe_path(f"{came_from.path}{query}", default="/")
