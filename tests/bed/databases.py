"""Databases copied from one migrated template."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from marketplace.core import migrating, paths

_MAKING_THE_TEMPLATE = 0x5E9A_0001


class Cluster:
    """The PostgreSQL of this session, seen from a maintenance database."""

    def __init__(self, maintenance_url: str) -> None:
        self._url = make_url(maintenance_url).set(drivername="postgresql+psycopg")

    @contextmanager
    def fresh_database(self) -> Iterator[str]:
        """Lend a migrated, empty database of its own and drop it afterwards."""
        template = self._template()
        name = f"test_{uuid4().hex[:16]}"
        self._run(sql.SQL("CREATE DATABASE {} TEMPLATE {}"), name, template)
        try:
            yield self._named(name)
        finally:
            self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)"), name)

    @contextmanager
    def empty_database(self) -> Iterator[str]:
        """Lend a database without tables, to try migrations on."""
        name = f"test_{uuid4().hex[:16]}"
        self._run(sql.SQL("CREATE DATABASE {} TEMPLATE template0"), name)
        try:
            yield self._named(name)
        finally:
            self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)"), name)

    def sweep(self) -> None:
        """Drop what killed sessions left, on a server that is ours alone."""
        with self._connect() as connection:
            left = connection.execute(
                "SELECT datname FROM pg_database WHERE datname LIKE 'test\\_%%' "
                "OR datname LIKE 'template\\_%%' AND datname <> %s",
                [f"template_{_fingerprint(paths.MIGRATIONS)}"],
            ).fetchall()
        for (name,) in left:
            self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)"), str(name))

    def _template(self) -> str:
        name = f"template_{_fingerprint(paths.MIGRATIONS)}"
        with self._connect() as connection:
            # Parallel workers all come here first: one migrates, the others wait.
            connection.execute("SELECT pg_advisory_lock(%s)", [_MAKING_THE_TEMPLATE])
            if not _exists(connection, name):
                self._make_template(connection, name)
        return name

    def _make_template(self, connection: psycopg.Connection[tuple[object, ...]], name: str) -> None:
        unfinished = f"{name}_unfinished"
        for statement in (
            "DROP DATABASE IF EXISTS {} WITH (FORCE)",
            "CREATE DATABASE {} TEMPLATE template0",
        ):
            connection.execute(sql.SQL(statement).format(sql.Identifier(unfinished)))
        migrating.upgrade(self._named(unfinished))
        connection.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                sql.Identifier(unfinished), sql.Identifier(name)
            )
        )

    def _named(self, name: str) -> str:
        return self._url.set(database=name).render_as_string(hide_password=False)

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        plain = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg.connect(plain, autocommit=True)

    def _run(self, statement: sql.SQL, *names: str) -> None:
        with self._connect() as connection:
            connection.execute(statement.format(*map(sql.Identifier, names)))


def _exists(connection: psycopg.Connection[tuple[object, ...]], name: str) -> bool:
    found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
    return found.fetchone() is not None


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".py", ".sql"}:
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]
