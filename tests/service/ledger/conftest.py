"""What the tests of the book share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask


@pytest.fixture
def live_app_context(live_app: Flask) -> Iterator[None]:
    """Run the test on a database of its own, where commits are real."""
    with live_app.app_context():
        yield
