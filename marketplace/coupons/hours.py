"""The weekdays and hours a campaign's coupons can be used in, by the clock of Seoul."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from marketplace.core.calendar import SEOUL

_WEEKDAYS: Final = "월화수목금토일"


def is_within(hours: Mapping[str, object], at: datetime) -> bool:
    """Tell whether a moment lies in the hours of a campaign; no hours mean always."""
    local = at.astimezone(SEOUL)
    weekdays = hours.get("weekdays")
    if isinstance(weekdays, list) and weekdays and local.weekday() not in weekdays:
        return False
    clock = f"{local:%H:%M}"
    opens, closes = hours.get("from"), hours.get("until")
    return not (isinstance(opens, str) and clock < opens) and not (
        isinstance(closes, str) and clock >= closes
    )


def said(hours: Mapping[str, object]) -> str:
    """Say the hours in Korean: 월·화 10:00부터 18:00까지; empty when they are always."""
    weekdays = hours.get("weekdays")
    days = "·".join(_WEEKDAYS[int(day)] for day in weekdays) if isinstance(weekdays, list) else ""
    opens, closes = hours.get("from"), hours.get("until")
    parts = [days, f"{opens}부터" if opens else "", f"{closes}까지" if closes else ""]
    return " ".join(part for part in parts if part)
