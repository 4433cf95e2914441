"""Where the fake keeps its objects: SQLite, in memory or in the demo's data folder."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

Body = dict[str, Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS object (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL,
    type TEXT,
    parent TEXT,
    state TEXT,
    body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS object_by_kind ON object (kind, seq);
CREATE INDEX IF NOT EXISTS object_by_parent ON object (parent, kind, seq);
CREATE INDEX IF NOT EXISTS object_by_state ON object (kind, state);
CREATE TABLE IF NOT EXISTS reply (
    key TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL
);
"""


@dataclass(frozen=True)
class Filter:
    """Which objects of a kind a list call wants, newest first."""

    kind: str
    limit: int = 10
    starting_after: str | None = None
    ending_before: str | None = None
    parent: str | None = None
    types: Sequence[str] = ()
    states: Sequence[str] = ()
    created: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """An answer kept for its idempotency key."""

    fingerprint: str
    status: int
    body: Body


class Store:
    """One database behind one lock: a unit of work is seen whole or not at all."""

    def __init__(self, folder: Path | None = None) -> None:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        address = ":memory:" if folder is None else str(folder / "fake-stripe.sqlite3")
        self._lock = threading.RLock()
        self._database = sqlite3.connect(address, check_same_thread=False)
        self._database.executescript(_SCHEMA)
        if folder is not None:
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=NORMAL")

    @contextmanager
    def unit(self) -> Iterator[None]:
        """Hold the lock and keep everything done inside, or nothing."""
        with self._lock, self._database:
            yield

    def put(
        self,
        kind: str,
        body: Body,
        *,
        type_: str | None = None,
        parent: str | None = None,
        state: str | None = None,
    ) -> Body:
        """Add an object, or replace its body; its place in lists stays."""
        self._database.execute(
            "INSERT INTO object (kind, id, created, type, parent, state, body)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            (kind, body["id"], body["created"], type_, parent, state, json.dumps(body)),
        )
        return body

    def move(self, object_id: str, state: str) -> None:
        """Set the state column of one object."""
        self._database.execute("UPDATE object SET state = ? WHERE id = ?", (state, object_id))

    def find(self, kind: str, object_id: str) -> Body | None:
        """Return one object, or None."""
        with self._lock:
            row = self._database.execute(
                "SELECT body FROM object WHERE id = ? AND kind = ?", (object_id, kind)
            ).fetchone()
        return None if row is None else cast("Body", json.loads(row[0]))

    def ids(self, kind: str, states: Sequence[str]) -> list[str]:
        """Return the ids in these states, oldest first."""
        marks = ", ".join("?" for _ in states)
        with self._lock:
            rows = self._database.execute(
                f"SELECT id FROM object WHERE kind = ? AND state IN ({marks})"  # noqa: S608
                " ORDER BY seq",
                (kind, *states),
            ).fetchall()
        return [row[0] for row in rows]

    def page(self, wanted: Filter) -> tuple[list[Body], bool]:
        """Return one page, newest first, and whether more follow."""
        where, values = self._conditions(wanted)
        backwards = wanted.ending_before is not None
        order = "ASC" if backwards else "DESC"
        with self._lock:
            rows = self._database.execute(
                f"SELECT body FROM object WHERE {where}"  # noqa: S608
                f" ORDER BY seq {order} LIMIT ?",
                (*values, wanted.limit + 1),
            ).fetchall()
        bodies = [cast("Body", json.loads(row[0])) for row in rows[: wanted.limit]]
        if backwards:
            bodies.reverse()
        return bodies, len(rows) > wanted.limit

    def find_reply(self, key: str) -> Reply | None:
        """Return the answer kept for an idempotency key."""
        with self._lock:
            row = self._database.execute(
                "SELECT fingerprint, status, body FROM reply WHERE key = ?", (key,)
            ).fetchone()
        return None if row is None else Reply(row[0], row[1], json.loads(row[2]))

    def keep_reply(self, key: str, reply: Reply) -> None:
        """Keep the answer of an idempotency key."""
        self._database.execute(
            "INSERT INTO reply (key, fingerprint, status, body) VALUES (?, ?, ?, ?)",
            (key, reply.fingerprint, reply.status, json.dumps(reply.body)),
        )

    def forget_replies(self) -> None:
        """Forget every idempotency key, as Stripe does after a day."""
        self._database.execute("DELETE FROM reply")

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._database.close()

    @staticmethod
    def _conditions(wanted: Filter) -> tuple[str, list[str | int]]:
        where = ["kind = ?"]
        values: list[str | int] = [wanted.kind]
        if wanted.parent is not None:
            where.append("parent = ?")
            values.append(wanted.parent)
        for column, allowed in (("type", wanted.types), ("state", wanted.states)):
            if allowed:
                where.append(f"{column} IN ({', '.join('?' for _ in allowed)})")
                values.extend(allowed)
        signs = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
        for name, bound in wanted.created.items():
            where.append(f"created {signs[name]} ?")
            values.append(bound)
        cursors = ((wanted.starting_after, "<"), (wanted.ending_before, ">"))
        for cursor, sign in cursors:
            if cursor is not None:
                where.append(f"seq {sign} (SELECT seq FROM object WHERE id = ?)")  # noqa: S608
                values.append(cursor)
        return " AND ".join(where), values
