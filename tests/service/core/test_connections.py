"""Pooled connections: asked whether they live when they rested, and only then."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine, pool, text
from sqlalchemy.exc import OperationalError

from marketplace.core import db as core_db


@pytest.fixture
def engine(app: Flask) -> Iterator[Engine]:
    """One connection of its own to the test's database."""
    made = create_engine(
        app.config["SQLALCHEMY_DATABASE_URI"], poolclass=pool.QueuePool, pool_size=1
    )
    yield made
    made.dispose()


def _end_other_session(engine: Engine) -> None:
    other = create_engine(engine.url, poolclass=pool.NullPool)
    with engine.connect() as held:
        number = held.scalar(text("SELECT pg_backend_pid()"))
    with other.connect() as killer:
        killer.execute(text("SELECT pg_terminate_backend(:number)"), {"number": number})
        while killer.scalar(
            text("SELECT count(*) FROM pg_stat_activity WHERE pid = :number"), {"number": number}
        ):
            killer.rollback()


class TestRestedConnections:
    def test_are_replaced_when_they_died(
        self, engine: Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        core_db.ping_rested_connections(engine)
        monkeypatch.setattr(core_db, "_RESTED", 0.0)
        _end_other_session(engine)

        with engine.connect() as connection:
            assert connection.scalar(text("SELECT 1")) == 1

    def test_are_not_asked_again_within_a_second(self, engine: Engine) -> None:
        core_db.ping_rested_connections(engine)
        with engine.connect():
            pass
        asked = []
        real = engine.dialect.do_ping
        engine.dialect.do_ping = lambda connection: asked.append(1) or real(connection)  # type: ignore[method-assign]

        with engine.connect():
            pass

        assert asked == []

    def test_cost_one_answer_when_they_died_just_now(self, engine: Engine) -> None:
        core_db.ping_rested_connections(engine)
        with engine.connect():
            pass
        _end_other_session(engine)

        with pytest.raises(OperationalError), engine.connect() as connection:
            connection.scalar(text("SELECT 1"))
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT 1")) == 1
