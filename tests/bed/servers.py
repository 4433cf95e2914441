"""PostgreSQL and Valkey for one test session, shared by its parallel workers."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from marketplace.demo.launcher.postgres import EmbeddedPostgres
from marketplace.demo.launcher.valkey import EmbeddedValkey
from tests.bed.databases import Cluster

_FOLDER = Path(__file__).resolve().parents[2] / "var" / "test"
_DATABASE = "TEST_DATABASE_URL"
_BROKER = "TEST_REDIS_URL"


@dataclass
class Servers:
    """Where the servers are, and which of them we started."""

    database: EmbeddedPostgres | None = None
    broker: EmbeddedValkey | None = None

    def start(self) -> None:
        """Start what the environment does not name; parallel workers inherit the names."""
        if _DATABASE not in os.environ:
            self.database = _first_free_database()
            os.environ[_DATABASE] = self.database.start()
            Cluster(os.environ[_DATABASE]).sweep()
        if _BROKER not in os.environ:
            self.broker = _first_free_broker()
            os.environ[_BROKER] = self.broker.start()

    @property
    def database_url(self) -> str:
        """A maintenance database in which databases may be made."""
        return os.environ[_DATABASE]

    @property
    def broker_url(self) -> str:
        """A Redis with several numbered databases."""
        return os.environ[_BROKER]

    def stop(self) -> None:
        """Stop what we started."""
        for server, name in ((self.database, _DATABASE), (self.broker, _BROKER)):
            if server is not None:
                server.stop()
                del os.environ[name]
        self.database = self.broker = None


_SERVERS = pytest.StashKey[Servers]()


def of(config: pytest.Config) -> Servers:
    """Return this session's servers, started."""
    servers = config.stash.setdefault(_SERVERS, Servers())
    servers.start()
    return servers


def end(config: pytest.Config) -> None:
    """Stop this session's servers, if any were started."""
    config.stash.get(_SERVERS, Servers()).stop()


def _first_free_database() -> EmbeddedPostgres:
    # Kept between sessions for their migrated template; a second session at once takes the next.
    for slot in itertools.count():
        server = EmbeddedPostgres(
            _FOLDER / str(slot) / "postgres", max_connections=200, durable=False
        )
        if server.claim():
            return server
    raise AssertionError("unreachable")


def _first_free_broker() -> EmbeddedValkey:
    for slot in itertools.count():
        server = EmbeddedValkey(_FOLDER / str(slot) / "valkey")
        if server.claim():
            return server
    raise AssertionError("unreachable")
