"""Visitors of the shop, inside a rolled-back transaction."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from marketplace.search import facets
from marketplace.web import kept, kept_pages
from tests.web.visitor import Visitor


@pytest.fixture(autouse=True)
def _uncounted(app: Flask) -> None:
    """Forget how often earlier tests tried."""
    app.extensions["limits"]._limiter.reset()


@pytest.fixture(autouse=True)
def _nothing_kept(app: Flask) -> None:
    """Forget what earlier tests' visitors made the application keep for a moment."""
    kept.forget(app)
    kept_pages.forget(app)
    facets.forget()


@pytest.fixture
def visitor(app: Flask, isolated: None) -> Visitor:  # noqa: ARG001
    """Somebody who just came in."""
    return Visitor(app)


@pytest.fixture
def another(app: Flask, isolated: None) -> Callable[[], Visitor]:  # noqa: ARG001
    """Make more visitors, each with a browser of their own."""
    return lambda: Visitor(app)
