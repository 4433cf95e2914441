"""What is tried again in a transaction of its own, and how often."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text, update
from sqlalchemy.exc import OperationalError

from marketplace.accounts.models import Person
from marketplace.core.db import db, in_transaction
from tests import make


@pytest.fixture
def person(live_app: Flask) -> Iterator[Person]:
    """Somebody whose row others may hold, while waiting for it is short."""
    with live_app.app_context():
        yield make.person(name="처음")


@contextmanager
def _held(person: Person) -> Iterator[psycopg.Connection]:
    """Hold somebody's row from another connection."""
    url = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as connection:
        connection.execute("SELECT 1 FROM person WHERE id = %s FOR UPDATE", [person.id])
        yield connection


def _rename(person: Person) -> None:
    db.session.execute(text("SET LOCAL lock_timeout = '200ms'"))
    db.session.execute(update(Person).where(Person.id == person.id).values(name="나중"))


def test_a_lock_waited_for_in_vain_is_waited_for_once_more(person: Person) -> None:
    tries = []
    with _held(person) as holder:

        def rename() -> None:
            tries.append(1)
            if len(tries) == 2:
                holder.rollback()
            _rename(person)

        in_transaction(rename)

    db.session.refresh(person)
    assert (len(tries), person.name) == (2, "나중")


def test_and_never_a_third_time(person: Person) -> None:
    tries = []

    def rename() -> None:
        tries.append(1)
        _rename(person)

    with _held(person), pytest.raises(OperationalError, match="lock timeout"):
        in_transaction(rename)

    assert len(tries) == 2
