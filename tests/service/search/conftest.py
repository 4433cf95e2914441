"""A small Korean shop, indexed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.bed import application
from tests.service.search import shelf


@pytest.fixture(scope="module")
def shop(app: Flask) -> Iterator[shelf.Shop]:
    """Sixty products in the index, for a module of tests that only read."""
    with application.rolled_back(app):
        yield shelf.stock()


@pytest.fixture
def own_shop(isolated: None) -> shelf.Shop:  # noqa: ARG001
    """The same for one test that writes."""
    return shelf.stock()
