"""
Pages of people nobody knows yet, drawn once every few seconds.

Somebody without a session of their own, a cart or a message to read sees the same page as the next
one. What differs is the token of their forms, which is put in at the end. A crowd that comes for
a coupon so asks the database for each page a few times a minute.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, TypeVar, cast

from flask import Flask, current_app, g, request, session
from flask_wtf.csrf import generate_csrf

from marketplace.web.viewer import CART_COOKIE, DISPLAY_COOKIE

_SECONDS: Final = 4.0
_MOST_BYTES: Final = 1_200_000
_LONGEST_ADDRESS: Final = 300
# Nobody can write it into a page: it is another one in every process.
_TOKEN_HERE: Final = f"token-{secrets.token_hex(16)}"

View = TypeVar("View", bound=Callable[..., Any])
Key = tuple[str, str]


class Pages:
    """Drawn pages, the oldest of which go when there are too many."""

    def __init__(self, *, seconds: float = _SECONDS, most: int = _MOST_BYTES) -> None:
        self._seconds = seconds
        self._most = most
        self._size = 0
        self._lock = threading.Lock()
        self._pages: OrderedDict[Key, tuple[float, bytes]] = OrderedDict()

    def find(self, key: Key) -> bytes | None:
        """Find a page drawn a moment ago."""
        until, page = self._pages.get(key, (0.0, None))
        return page if time.monotonic() < until else None

    def put(self, key: Key, page: bytes) -> None:
        """Keep a page."""
        with self._lock:
            self._take(key)
            self._pages[key] = (time.monotonic() + self._seconds, page)
            self._size += len(page)
            while self._size > self._most:
                self._take(next(iter(self._pages)))

    def forget(self) -> None:
        """Draw everything anew."""
        with self._lock:
            self._pages.clear()
            self._size = 0

    def _take(self, key: Key) -> None:
        _, page = self._pages.pop(key, (0.0, b""))
        self._size -= len(page)


def keep_for_strangers(view: View) -> View:
    """Draw a page once for everybody who sees the same."""

    @wraps(view)
    def kept(*args: Any, **kwargs: Any) -> Any:
        if not _is_stranger():
            return view(*args, **kwargs)
        pages: Pages = current_app.extensions["kept_pages"]
        key = (request.full_path, request.cookies.get(DISPLAY_COOKIE, ""))
        page = pages.find(key)
        if page is None:
            answer = _draw(view, args, kwargs)
            if not isinstance(answer, str):
                return answer
            # As bytes: a text with one Hangul letter in it takes twice the room.
            page = answer.encode()
            pages.put(key, page)
        return page.replace(_TOKEN_HERE.encode(), generate_csrf().encode())

    return cast(View, kept)


def register(app: Flask) -> None:
    """Give the application its drawn pages."""
    app.extensions["kept_pages"] = Pages()


def forget(app: Flask) -> None:
    """Draw every page anew."""
    pages: Pages = app.extensions["kept_pages"]
    pages.forget()


def _is_stranger() -> bool:
    return (
        request.method == "GET"
        and "_user_id" not in session
        and "_flashes" not in session
        and CART_COOKIE not in request.cookies
        and "HX-Request" not in request.headers
        # Every search counts, and hardly any is asked twice in a moment.
        and "q" not in request.args
        and len(request.full_path) <= _LONGEST_ADDRESS
    )


def _draw(view: View, args: Any, kwargs: Any) -> Any:
    # Where the token is kept for the rest of a request: whoever draws a form finds it there.
    name = current_app.config["WTF_CSRF_FIELD_NAME"]
    setattr(g, name, _TOKEN_HERE)
    try:
        return view(*args, **kwargs)
    finally:
        g.pop(name)
