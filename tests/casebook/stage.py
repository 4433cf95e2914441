"""Where ops that need a database run: a transaction that is taken back, or a database to spare."""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import replace
from functools import cache
from typing import TypeVar

import flask
from sqlalchemy import text

from marketplace.app import create_app
from marketplace.cli import environment
from marketplace.core import migrating
from marketplace.core.db import db, transaction
from marketplace.core.settings import Settings
from tests.bed.databases import Cluster

T = TypeVar("T")

# Every case of a rush may hold one.
_CONNECTIONS = 16


class _Done(Exception):
    """Ends a rehearsal by rolling it back."""


def rehearse(work: Callable[[], T]) -> T:
    """Do some work in a transaction that is rolled back, and return what it answered."""
    answers: list[T] = []
    with _application(), suppress(_Done), transaction():
        answers.append(work())
        # What the database checks at commit, before everything is taken back.
        db.session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        raise _Done
    return answers[0]


def application_to_spare() -> flask.Flask:
    """Return an application whose real commits nobody else sees."""
    with _application():
        settings: Settings = flask.current_app.extensions["settings"]
    return _spare(settings)


@contextmanager
def _application() -> Iterator[None]:
    with nullcontext() if flask.has_app_context() else _own_application().app_context():
        yield


@cache
def _own_application() -> flask.Flask:
    # Once for the whole run: the demo's servers would otherwise start and stop for every case.
    stack = ExitStack()
    atexit.register(stack.close)
    # Whoever names a database migrates it; the demo's may be empty still.
    is_demo = not os.environ.get("DATABASE_URL")
    settings = stack.enter_context(environment.settings_of_this_machine())
    if is_demo:
        migrating.upgrade(settings.database_url)
    return create_app(settings)


@cache
def _spare(settings: Settings) -> flask.Flask:
    stack = ExitStack()
    database = Cluster(settings.database_url).fresh_database()
    app = create_app(
        replace(settings, database_url=stack.enter_context(database), pool_size=_CONNECTIONS)
    )
    # Registered after the servers were, so that it is dropped while they still run.
    atexit.register(_leave, app, stack)
    return app


def _leave(app: flask.Flask, stack: ExitStack) -> None:
    with app.app_context():
        db.engine.dispose()
    with suppress(Exception):
        stack.close()
