"""What the tests of people share: a rolled-back database."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _isolated(isolated: None) -> None:
    """Roll every test of this folder back."""
