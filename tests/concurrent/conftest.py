"""An application with room for a crowd."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from flask import Flask

    from marketplace.core.settings import Settings


@pytest.fixture
def crowded_app(live_settings: Settings) -> Iterator[Flask]:
    """An application with sixteen connections, the most two cores are given."""
    from tests.bed import application

    with application.running(replace(live_settings, pool_size=16)) as app:
        yield app
