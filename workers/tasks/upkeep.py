"""Upkeep tasks."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from marketplace.accounts import mailed_links, sign_in, verification
from marketplace.core import clock, outbox
from workers.app import job

_KEPT: Final = timedelta(days=14)


@job("upkeep.sweep")
def sweep() -> None:
    """Forget jobs, links and sessions that ended, and those who left, once nobody asks for them."""
    at = clock.now()
    before = at - _KEPT
    outbox.forget_finished(before=before)
    mailed_links.forget(before=before)
    sign_in.forget(before=before)
    verification.forget_former(at=at)
