"""What tests of whole servers need."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from marketplace.demo.launcher.postgres import EmbeddedPostgres
    from marketplace.demo.launcher.valkey import EmbeddedValkey
    from tests.bed.stripe import FakeStripe
    from tests.faults.provider import Provider


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that accounts without privileges can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "server"


@pytest.fixture
def own_redis(home: Path) -> Iterator[EmbeddedValkey]:
    """A Valkey that only this test loses."""
    from marketplace.demo.launcher.valkey import EmbeddedValkey

    with EmbeddedValkey(home / "valkey") as server:
        yield server


@pytest.fixture
def own_postgres(home: Path) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL that only this test loses; what it committed it keeps."""
    from marketplace.demo.launcher.postgres import EmbeddedPostgres

    with EmbeddedPostgres(home / "postgres") as server:
        yield server


@pytest.fixture
def provider(fake_stripe: FakeStripe) -> Iterator[Provider]:
    """A fake Stripe that may be gone."""
    from tests.faults.provider import standing

    with standing(fake_stripe) as provider:
        yield provider
