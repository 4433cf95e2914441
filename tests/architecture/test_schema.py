"""Migrations and models say the same, and the databases can hold Korean."""

from __future__ import annotations

import psycopg
import pytest

from marketplace.core import migrating
from tests.bed.databases import Cluster


class TestMigrations:
    def test_lead_from_nothing_to_the_models(self, cluster: Cluster) -> None:
        with cluster.empty_database() as url:
            migrating.upgrade(url)

            assert migrating.differences(url) == []

    def test_differ_from_a_database_that_lacks_them(self, cluster: Cluster) -> None:
        with cluster.empty_database() as url:
            assert len(migrating.differences(url)) > 10

    def test_can_run_twice(self, live_database: str) -> None:
        migrating.upgrade(live_database)

        assert migrating.differences(live_database) == []


class TestLocale:
    @pytest.fixture
    def connection(self, live_database: str) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(live_database.replace("+psycopg", ""), autocommit=True)

    def test_knows_hangul_trigrams(
        self, connection: psycopg.Connection[tuple[object, ...]]
    ) -> None:
        with connection:
            row = connection.execute("SELECT show_trgm('가나')").fetchone()

        assert row is not None
        assert len(row[0]) == 3  # type: ignore[arg-type]

    def test_sorts_by_code_point(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        with connection:
            rows = connection.execute(
                "SELECT word FROM (VALUES ('나'), ('a'), ('가'), ('B')) AS list(word) ORDER BY word"
            ).fetchall()

        assert [word for (word,) in rows] == ["B", "a", "가", "나"]
