"""Copy the database to a file, and make a database of such a file."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import click
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool

from marketplace.cli.environment import settings_of_this_machine
from marketplace.demo.launcher import binaries


def dump(database_url: str, file: Path) -> None:
    """
    Write a consistent copy while the shop runs.

    :raises click.ClickException: pg_dump refuses
    """
    # Beside and renamed, so that a file with this name is always a whole copy.
    unfinished = file.with_name(f"{file.name}.unfinished")
    _run(database_url, "pg_dump", "--format=custom", "--no-owner", f"--file={unfinished}")
    unfinished.replace(file)


def load(database_url: str, file: Path) -> None:
    """
    Fill an empty database from a copy, or leave it empty.

    :raises click.ClickException: the database is not empty, or pg_restore refuses
    """
    if _has_tables(database_url):
        raise click.ClickException("this database has tables: restore into an empty one")
    _run(
        database_url,
        *("pg_restore", "--no-owner", "--single-transaction", "--exit-on-error"),
        *(f"--dbname={make_url(database_url).database}", str(file)),
    )


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Copy the database to FILE."""
    with settings_of_this_machine() as settings:
        dump(settings.database_url, file)
    click.echo(f"{file}: {file.stat().st_size:,} bytes")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    """Fill the empty database of DATABASE_URL from FILE."""
    with settings_of_this_machine() as settings:
        load(settings.database_url, file)


def _has_tables(database_url: str) -> bool:
    engine = create_engine(database_url, poolclass=NullPool)
    with engine.connect() as connection:
        found = connection.scalar(
            text("SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'public')")
        )
    return bool(found)


def _run(database_url: str, program: str, *arguments: str) -> None:
    done = subprocess.run(  # noqa: S603
        [binaries.postgres(None).folder / program, *arguments],
        env={**os.environ, **_address(make_url(database_url))},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise click.ClickException(f"{program}: {done.stderr.strip()}")


def _address(url: URL) -> dict[str, str]:
    # By environment: a password on the command line would be everybody's to read.
    given = {
        "PGHOST": url.host,
        "PGPORT": url.port,
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
        "PGSSLMODE": url.query.get("sslmode"),
    }
    return {name: str(value) for name, value in given.items() if value is not None}
