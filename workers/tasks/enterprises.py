"""Enterprise tasks."""

from __future__ import annotations

from marketplace.core import clock
from marketplace.enterprises import designation_desk
from workers.app import job


@job("enterprises.remind_designations")
def remind_designations() -> None:
    """Tell owners and the office of designations that end soon or just ended."""
    designation_desk.remind(at=clock.now())
