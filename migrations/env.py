"""Run migrations on the application's metadata."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, create_engine

from marketplace.core.db import Base
from marketplace.core.registry import load_models

load_models()


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection, target_metadata=Base.metadata, compare_server_default=False
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    _run(given)
else:
    engine = create_engine(context.config.get_main_option("sqlalchemy.url") or "")
    with engine.connect() as opened:
        _run(opened)
