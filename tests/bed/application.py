"""The application under test, on databases of its own."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from flask import Flask
from sqlalchemy.engine import make_url

from marketplace.app import create_app
from marketplace.core.db import db
from marketplace.core.settings import Settings

STRIPE_SECRET_KEY = "sk_test_bed"  # noqa: S105
STRIPE_WEBHOOK_SECRET = "whsec_bed"  # noqa: S105


def settings_for(
    database_url: str, *, redis_url: str, data_dir: Path, stripe_api_base: str, public_url: str
) -> Settings:
    """Settings of a shop whose every neighbour is a test's own."""
    return Settings(
        secret_key="tests-only-7f0d9e4b2c6a8135",  # noqa: S106
        database_url=database_url,
        redis_url=redis_url,
        stripe_secret_key=STRIPE_SECRET_KEY,
        stripe_webhook_secret=STRIPE_WEBHOOK_SECRET,
        stripe_publishable_key="pk_test_bed",
        stripe_api_base=stripe_api_base,
        public_url=public_url,
        secure_cookies=False,
        data_dir=data_dir,
        log_format="text",
    )


@contextmanager
def running(settings: Settings) -> Iterator[Flask]:
    """Build an application and close its connections afterwards."""
    app = create_app(settings)
    app.testing = True
    try:
        yield app
    finally:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def empty_broker(shared_url: str, name: str) -> str:
    """Choose one of the broker's numbered databases by name, and empty it."""
    with redis.Redis.from_url(shared_url) as client:
        numbers = int(client.config_get("databases")["databases"])
    # Number 0 stays with whoever else uses this server.
    number = 1 + zlib.crc32(name.encode()) % (numbers - 1)
    url = make_url(shared_url).set(database=str(number)).render_as_string(hide_password=False)
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url


@contextmanager
def rolled_back(app: Flask) -> Iterator[None]:
    """Run inside one database transaction that never commits."""
    with app.app_context():
        engines = db.engines
        engine = engines[None]
        connection = engine.connect()
        outer = connection.begin()
        engines[None] = connection  # type: ignore[index]
        db.session.session_factory.configure(join_transaction_mode="create_savepoint")
        try:
            yield
        finally:
            db.session.remove()
            outer.rollback()
            connection.close()
            engines[None] = engine  # type: ignore[index]
            db.session.session_factory.configure(join_transaction_mode="conditional_savepoint")
