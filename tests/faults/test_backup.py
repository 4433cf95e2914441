"""A copy of the database gives the same database back."""

from __future__ import annotations

from pathlib import Path

import click
import psycopg
import pytest

from marketplace.cli import backup
from marketplace.core import migrating
from tests.bed.databases import Cluster


def _jobs(url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        return connection.execute(
            "SELECT kind, dedupe_key, payload FROM job ORDER BY id"
        ).fetchall()


@pytest.fixture
def written(live_database: str) -> str:
    """A migrated database with something in it."""
    with psycopg.connect(live_database.replace("+psycopg", "")) as connection:
        connection.execute(
            "INSERT INTO job (kind, dedupe_key, payload) VALUES ('mail', 'a', '{\"글\": \"가나\"}')"
        )
    return live_database


class TestBackup:
    def test_restores_tables_rows_and_schema_version(
        self, cluster: Cluster, written: str, tmp_path: Path
    ) -> None:
        backup.dump(written, tmp_path / "copy.dump")

        with cluster.empty_database() as other:
            backup.load(other, tmp_path / "copy.dump")

            assert _jobs(other) == _jobs(written) != []
            assert migrating.differences(other) == []
            migrating.upgrade(other)

    def test_is_not_poured_over_a_database_in_use(self, written: str, tmp_path: Path) -> None:
        backup.dump(written, tmp_path / "copy.dump")

        with pytest.raises(click.ClickException, match="has tables"):
            backup.load(written, tmp_path / "copy.dump")

    def test_leaves_the_last_good_copy_when_it_fails(
        self, cluster: Cluster, tmp_path: Path
    ) -> None:
        copy = tmp_path / "copy.dump"
        copy.write_bytes(b"the last good copy")
        with cluster.empty_database() as gone:
            pass

        with pytest.raises(click.ClickException, match="does not exist"):
            backup.dump(gone, copy)

        assert copy.read_bytes() == b"the last good copy"

    def test_a_damaged_copy_leaves_the_database_empty(
        self, cluster: Cluster, written: str, tmp_path: Path
    ) -> None:
        copy = tmp_path / "copy.dump"
        backup.dump(written, copy)
        copy.write_bytes(copy.read_bytes()[: copy.stat().st_size // 2])

        with cluster.empty_database() as other:
            with pytest.raises(click.ClickException, match="pg_restore"):
                backup.load(other, copy)

            with psycopg.connect(other.replace("+psycopg", "")) as connection:
                tables = connection.execute(
                    "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
                ).fetchone()
            assert tables == (0,)
