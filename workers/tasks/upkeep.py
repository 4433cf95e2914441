"""Upkeep tasks."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from marketplace.core import clock, outbox
from workers.app import job

_KEPT: Final = timedelta(days=14)


@job("upkeep.sweep")
def sweep() -> None:
    """Forget finished jobs that nobody will ask about."""
    outbox.forget_finished(before=clock.now() - _KEPT)
