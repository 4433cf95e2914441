"""Which refusal is which HTTP status, and the pages that say so."""

from __future__ import annotations

import logging
from typing import Final

from flask import Flask, Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from jinja2 import TemplateError
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, SecurityError
from werkzeug.routing import BuildError

from marketplace.core.errors import (
    Conflict,
    DomainError,
    InvalidInput,
    NotAllowed,
    NotFound,
    TooMany,
    Unavailable,
)

_log = logging.getLogger(__name__)

_FAMILIES: tuple[tuple[type[DomainError], int], ...] = (
    (InvalidInput, 422),
    (NotFound, 404),
    (NotAllowed, 403),
    (Conflict, 409),
    (TooMany, 429),
    (Unavailable, 503),
)
_PAGES: Final = frozenset({400, 403, 404, 405, 409, 413, 422, 429, 500, 503})
# Said when not even the error page can be made.
_LAST_WORDS: Final = (
    '<!doctype html><html lang="ko"><head><meta charset="utf-8"><title>세나루 마켓</title></head>'
    "<body><h1>지금은 보여 드릴 수 없습니다</h1><p>잠시 뒤 다시 와 주세요.</p></body></html>"
)


def status_of(error: DomainError | type[DomainError]) -> int:
    """Return the HTTP status of a refusal's family."""
    kind = error if isinstance(error, type) else type(error)
    return next((status for family, status in _FAMILIES if issubclass(kind, family)), 400)


def register(app: Flask) -> None:
    """Answer every error with a page that says what happened and where to go."""
    app.register_error_handler(DomainError, _refused)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(DataError, _unstorable)
    app.register_error_handler(DBAPIError, _database_broken)
    app.register_error_handler(PoolTimeout, _database_gone)
    app.register_error_handler(Exception, _broken)


def _refused(error: DomainError) -> ResponseReturnValue:
    body, status = _page(status_of(error), str(error), error.code)
    waiting = error.details.get("retry_after")
    if waiting is None and status == 503:
        waiting = 5
    return (body, status, {} if waiting is None else {"Retry-After": str(waiting)})


def _http(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None or (error.code or 500) < 400:
        return error
    if isinstance(error, SecurityError):
        # The host is not ours, so there is no address a page could link to.
        return _LAST_WORDS, 400
    body, status = _page(error.code or 500, None, type(error).__name__)
    headers = {
        name: value
        for name, value in error.get_headers()
        if name.lower() in ("allow", "retry-after", "location")
    }
    return body, status, headers


def _unstorable(error: DataError) -> ResponseReturnValue:
    # A number or text in the address that no column can hold names nothing we have.
    _log.warning("unstorable value: %s", type(error.orig).__name__)
    return _page(404 if request.method in ("GET", "HEAD") else 400, None, "BadRequest")


def _database_broken(error: DBAPIError) -> ResponseReturnValue:
    gone = isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated
    return _database_gone(error) if gone else _broken(error)


def _database_gone(error: Exception) -> ResponseReturnValue:
    _log.error("database unavailable: %s", type(error).__name__)
    return (*_page(503, None, "Unavailable"), {"Retry-After": "5"})


def _broken(error: Exception) -> ResponseReturnValue:
    _log.error("unexpected error", exc_info=error)
    return _page(500, None, "InternalError")


def _page(status: int, message: str | None, code: str) -> tuple[str | Response, int]:
    if request.path.startswith(("/api/", "/webhooks/")):
        return jsonify(code=code, message=message or ""), status
    shown = status if status in _PAGES else (500 if status >= 500 else 400)
    try:
        return render_template(f"errors/{shown}.html", message=message), status
    except (BuildError, TemplateError, OSError, RuntimeError) as failure:
        _log.error("no page for error %s: %r", status, failure)
        return _LAST_WORDS, status
