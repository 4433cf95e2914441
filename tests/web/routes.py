"""Every address of the application, with something in the place of each argument."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from flask import Flask
from sqlalchemy import event
from werkzeug.routing import AnyConverter, BaseConverter, IntegerConverter, Rule, UUIDConverter

from marketplace.core.db import db

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_NO_UUID: Final = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Route:
    """One way to ask for one endpoint."""

    endpoint: str
    method: str
    path: str

    @property
    def is_write(self) -> bool:
        """Tell whether it may change something."""
        return self.method != "GET"


def routes_of(app: Flask, endpoint: str | None = None) -> Iterator[Route]:
    """List every route, or those of one endpoint."""
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules(endpoint):
        path = adapter.build(rule.endpoint, _arguments(rule))
        for method in METHODS:
            if method in (rule.methods or ()):
                yield Route(endpoint=rule.endpoint, method=method, path=path)


def _arguments(rule: Rule) -> dict[str, object]:
    return {name: _something_for(name, converter) for name, converter in rule._converters.items()}


def _something_for(name: str, converter: BaseConverter) -> object:
    if name == "filename":
        return "img/mark.svg"
    if isinstance(converter, IntegerConverter):
        return 999_999_999
    if isinstance(converter, AnyConverter):
        return min(converter.items)
    if isinstance(converter, UUIDConverter):
        return _NO_UUID
    return next(text for text in ("x", "0" * 32, "webp", "kinds") if _fits(converter, text))


def _fits(converter: BaseConverter, text: str) -> bool:
    return re.fullmatch(converter.regex, text) is not None


@contextmanager
def collect_writes() -> Iterator[list[str]]:
    """Collect the statements that change something."""
    connection = db.engine
    written: list[str] = []

    def note(_c: object, _u: object, statement: str, *_: object) -> None:
        if statement.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
            written.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    try:
        yield written
    finally:
        event.remove(connection, "before_cursor_execute", note)
