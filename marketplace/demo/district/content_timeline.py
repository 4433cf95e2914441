"""When the parts of an order happen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from random import Random

from marketplace.checkout.placing import TIME_TO_PAY
from marketplace.core.calendar import SEOUL, add_business_days
from marketplace.demo.district.chance import dice
from marketplace.demo.district.seeds import OrderSeed
from marketplace.payments.models import ProviderCode


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeline:
    """The moments of one order; None for what has not happened."""

    expires_at: datetime
    closed_at: datetime | None = None
    paid_at: datetime | None = None
    canceled_at: datetime | None = None
    preparing_at: datetime | None = None
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    confirmed_at: datetime | None = None
    confirmed_by_timer: bool = False


def of_order(order: OrderSeed, *, lead_days: int, now: datetime) -> Timeline:
    """Return what happened to an order until now."""
    expires_at = order.ordered_at + TIME_TO_PAY[ProviderCode(order.provider)]
    if order.fate == "unpaid":
        return Timeline(expires_at=expires_at, closed_at=expires_at + timedelta(seconds=40))
    paid_at = order.ordered_at + timedelta(minutes=order.paid_after_minutes)
    if paid_at > now:
        return Timeline(expires_at=expires_at)
    chance = dice("timeline", order.number)
    regretted_at = paid_at + timedelta(minutes=chance.randint(4, 95))
    is_canceled = order.fate != "kept" and regretted_at <= now
    preparing_at = _next_morning(paid_at, chance)
    shipped_at = _afternoon(preparing_at, max(0, lead_days - 1), chance)
    delivered_at = _afternoon(shipped_at, 1, chance)
    by_timer = chance.random() < 0.45
    waits = timedelta(days=8) if by_timer else timedelta(hours=chance.uniform(5, 130))
    confirmed_at = delivered_at + waits

    def until_now(moment: datetime) -> datetime | None:
        return moment if moment <= now else None

    return Timeline(
        expires_at=expires_at,
        paid_at=paid_at,
        canceled_at=regretted_at if is_canceled else None,
        preparing_at=until_now(preparing_at),
        shipped_at=until_now(shipped_at),
        delivered_at=until_now(delivered_at),
        confirmed_at=until_now(confirmed_at),
        confirmed_by_timer=by_timer,
    )


def _next_morning(moment: datetime, chance: Random) -> datetime:
    day = add_business_days(moment.astimezone(SEOUL).date(), 1)
    return datetime.combine(day, time(9, chance.randint(0, 59)), SEOUL)


def _afternoon(moment: datetime, business_days: int, chance: Random) -> datetime:
    day = moment.astimezone(SEOUL).date()
    if business_days:
        day = add_business_days(day, business_days)
    return datetime.combine(day, time(chance.randint(13, 18), chance.randint(0, 59)), SEOUL)
