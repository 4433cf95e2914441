"""Bring a database to the newest schema, and tell whether the models agree with it."""

from __future__ import annotations

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from marketplace.core import paths
from marketplace.core.db import Base
from marketplace.core.registry import load_models

# Two starting processes migrate one after the other.
_MIGRATION_LOCK = 20261124


def upgrade(database_url: str) -> None:
    """Apply every migration that is not applied yet."""
    engine = create_engine(database_url)
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _MIGRATION_LOCK})
            connection.commit()
            try:
                command.upgrade(_config(connection), "head")
                connection.commit()
            finally:
                connection.execute(
                    text("SELECT pg_advisory_unlock(:key)"), {"key": _MIGRATION_LOCK}
                )
                connection.commit()
    finally:
        engine.dispose()


def differences(database_url: str) -> list[object]:
    """List what the models say and the database does not have."""
    load_models()
    engine = create_engine(database_url)
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(connection)
            return list(compare_metadata(context, Base.metadata))
    finally:
        engine.dispose()


def write_revision(database_url: str, message: str) -> None:
    """Write a new migration from the difference between models and database."""
    config = _config(None)
    config.set_main_option("sqlalchemy.url", database_url.replace("%", "%%"))
    command.revision(config, message=message, autogenerate=True)


def _config(connection: object) -> Config:
    config = Config()
    config.set_main_option("script_location", str(paths.MIGRATIONS))
    config.attributes["connection"] = connection
    return config
