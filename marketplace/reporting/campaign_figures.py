"""
What became of a campaign's coupons: in all, hour by hour, and by shop, dong and channel.

Won of coupons nobody spent is what they still reserve: a stored value that expires in parts
counts with its balance. Every table is one query.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import text

from marketplace.core.calendar import SEOUL
from marketplace.core.db import db
from marketplace.core.errors import NotFound
from marketplace.core.money import Won
from marketplace.coupons.models import CampaignStatus


class CampaignUnknown(NotFound):
    """There is no such campaign."""

    message = "캠페인을 찾을 수 없습니다."


class Bucket(StrEnum):
    """How fine a period is cut."""

    HOUR = "hour"
    DAY = "day"
    # From Monday on.
    WEEK = "week"


_STEPS: Final = {
    Bucket.HOUR: timedelta(hours=1),
    Bucket.DAY: timedelta(days=1),
    Bucket.WEEK: timedelta(weeks=1),
}


class Happening(StrEnum):
    """What can happen to a coupon at a moment."""

    CLAIMED = "claimed"
    REDEEMED = "redeemed"
    REVERSED = "reversed"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True)
class Tally:
    """How many, and how much in won."""

    count: int = 0
    won: Won = Won(0)  # noqa: RUF009


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One campaign now: every coupon is redeemed, expired, revoked or outstanding."""

    campaign_id: int
    name: str
    slug: str
    status: CampaignStatus
    cap: int
    starts_at: datetime
    ends_at: datetime
    issued: Tally
    # Taken by somebody, whatever became of it.
    claimed: Tally
    outstanding: Tally
    expired: Tally
    revoked: Tally
    # Coupons that are spent; won is what they cost after what came back.
    spent: Tally
    # Uses and returns, as they happened.
    redeemed: Tally
    reversed: Tally

    @property
    def is_running(self) -> bool:
        """Tell whether coupons can be claimed and spent."""
        return self.status is CampaignStatus.RUNNING


@dataclass(frozen=True)
class Moment:
    """What happened in one hour, day or week of Seoul time."""

    starts_at: datetime
    tallies: Mapping[Happening, Tally]

    def of(self, happening: Happening) -> Tally:
        """Return how often something happened."""
        return self.tallies.get(happening, Tally())


@dataclass(frozen=True)
class Ranked:
    """Uses of a period by one shop, dong or channel; won is what was used and what came back."""

    key: str
    name: str
    uses: int
    won: Won
    reversed_won: Won


_STANDING: Final = text("""
    SELECT d.id, d.name, d.slug, d.status, d.cap, d.starts_at, d.ends_at, coupons.*, uses.*, backs.*
    FROM campaign d,
    LATERAL (
        SELECT count(*) AS issued, coalesce(sum(c.worst_case), 0) AS issued_won,
               count(c.claimed_at) AS claimed,
               coalesce(sum(c.worst_case) FILTER (WHERE c.claimed_at IS NOT NULL), 0)
                   AS claimed_won,
               count(*) FILTER (WHERE c.state IN ('issued', 'claimed', 'held')) AS outstanding,
               coalesce(sum(c.worst_case - coalesce(used.won, 0))
                        FILTER (WHERE c.state IN ('issued', 'claimed', 'held')), 0)
                   AS outstanding_won,
               count(*) FILTER (WHERE c.state = 'expired') AS expired,
               coalesce(sum(c.worst_case - coalesce(used.won, 0))
                        FILTER (WHERE c.state = 'expired'), 0) AS expired_won,
               count(*) FILTER (WHERE c.state = 'revoked') AS revoked,
               coalesce(sum(c.worst_case - coalesce(used.won, 0))
                        FILTER (WHERE c.state = 'revoked'), 0) AS revoked_won,
               count(*) FILTER (WHERE c.state = 'redeemed') AS spent,
               coalesce(sum(used.won), 0) AS spent_won
        FROM coupon c
        LEFT JOIN (
            SELECT r.coupon_id, sum(r.amount - r.reversed_amount) AS won
            FROM redemption r JOIN coupon k ON k.id = r.coupon_id
            WHERE k.campaign_id = :campaign AND r.redeemed_at IS NOT NULL
            GROUP BY r.coupon_id
        ) used ON used.coupon_id = c.id
        WHERE c.campaign_id = d.id
    ) coupons,
    LATERAL (
        SELECT count(*) AS redeemed, coalesce(sum(r.amount), 0) AS redeemed_won
        FROM redemption r JOIN coupon c ON c.id = r.coupon_id
        WHERE c.campaign_id = d.id AND r.redeemed_at IS NOT NULL
    ) uses,
    LATERAL (
        SELECT count(*) AS reversed, coalesce(sum(v.amount), 0) AS reversed_won
        FROM redemption_reversal v
        JOIN redemption r ON r.id = v.redemption_id JOIN coupon c ON c.id = r.coupon_id
        WHERE c.campaign_id = d.id
    ) backs
    WHERE d.id = :campaign
""")

_HAPPENED: Final = text("""
    SELECT date_trunc(:bucket, moment AT TIME ZONE 'Asia/Seoul') AS starts, what,
           count(*) AS times, sum(won) AS won
    FROM (
        SELECT claimed_at AS moment, 'claimed' AS what, worst_case AS won FROM coupon
        WHERE campaign_id = :campaign AND claimed_at >= :start AND claimed_at < :end
        UNION ALL
        SELECT ended_at, state, balance FROM coupon
        WHERE campaign_id = :campaign AND ended_at >= :start AND ended_at < :end
          AND state IN ('expired', 'revoked')
        UNION ALL
        SELECT r.redeemed_at, 'redeemed', r.amount
        FROM redemption r JOIN coupon c ON c.id = r.coupon_id
        WHERE c.campaign_id = :campaign AND r.redeemed_at >= :start AND r.redeemed_at < :end
        UNION ALL
        SELECT v.reversed_at, 'reversed', v.amount
        FROM redemption_reversal v
        JOIN redemption r ON r.id = v.redemption_id JOIN coupon c ON c.id = r.coupon_id
        WHERE c.campaign_id = :campaign AND v.reversed_at >= :start AND v.reversed_at < :end
    ) happened
    GROUP BY starts, what
    ORDER BY starts, what
""")

# An online use belongs to the shops of its order's lines, by their frozen shares.
_BY_ENTERPRISE: Final = text("""
    WITH use AS (
        SELECT r.id, r.enterprise_id, r.amount, r.reversed_amount
        FROM redemption r JOIN coupon c ON c.id = r.coupon_id
        WHERE c.campaign_id = :campaign AND r.redeemed_at >= :start AND r.redeemed_at < :end
    ), part AS (
        SELECT enterprise_id, id, amount, reversed_amount FROM use
        WHERE enterprise_id IS NOT NULL
        UNION ALL
        SELECT l.enterprise_id, use.id, s.amount, s.returned_amount
        FROM use
        JOIN order_line_share s ON s.redemption_id = use.id
        JOIN order_line l ON l.id = s.line_id
        WHERE use.enterprise_id IS NULL
        UNION ALL
        SELECT b.enterprise_id, use.id, s.amount, s.returned_amount
        FROM use
        JOIN bundle_shipping_share s ON s.redemption_id = use.id
        JOIN bundle b ON b.id = s.bundle_id
        WHERE use.enterprise_id IS NULL
    )
    SELECT e.slug AS key, e.name, count(DISTINCT part.id) AS uses,
           sum(part.amount) AS won, sum(part.reversed_amount) AS reversed_won
    FROM part JOIN enterprise e ON e.id = part.enterprise_id
    GROUP BY e.id
    ORDER BY won DESC, e.id
""")

_BY_DONG: Final = text("""
    SELECT coalesce(d.code, '') AS key,
           coalesce(d.name, CASE WHEN c.person_id IS NULL THEN '종이 쿠폰' ELSE '동 모름' END)
               AS name,
           count(*) AS uses, sum(r.amount) AS won, sum(r.reversed_amount) AS reversed_won
    FROM redemption r
    JOIN coupon c ON c.id = r.coupon_id
    LEFT JOIN person p ON p.id = c.person_id
    LEFT JOIN dong d ON d.code = p.dong_code
    WHERE c.campaign_id = :campaign AND r.redeemed_at >= :start AND r.redeemed_at < :end
    GROUP BY 1, 2, d.position
    ORDER BY d.position NULLS LAST, 2
""")

_BY_CHANNEL: Final = text("""
    SELECT r.channel AS key, r.channel AS name, count(*) AS uses,
           sum(r.amount) AS won, sum(r.reversed_amount) AS reversed_won
    FROM redemption r JOIN coupon c ON c.id = r.coupon_id
    WHERE c.campaign_id = :campaign AND r.redeemed_at >= :start AND r.redeemed_at < :end
    GROUP BY r.channel
    ORDER BY won DESC
""")


def standing(campaign_id: int) -> Standing:
    """
    Return where a campaign's coupons are now.

    :raises CampaignUnknown:
    """
    row = db.session.execute(_STANDING, {"campaign": campaign_id}).one_or_none()
    if row is None:
        raise CampaignUnknown

    def tally(name: str) -> Tally:
        return Tally(getattr(row, name), Won(int(getattr(row, f"{name}_won"))))

    return Standing(
        campaign_id=row.id,
        name=row.name,
        slug=row.slug,
        status=CampaignStatus(row.status),
        cap=row.cap,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        issued=tally("issued"),
        claimed=tally("claimed"),
        outstanding=tally("outstanding"),
        expired=tally("expired"),
        revoked=tally("revoked"),
        spent=tally("spent"),
        redeemed=tally("redeemed"),
        reversed=tally("reversed"),
    )


def over_time(campaign_id: int, *, start: datetime, end: datetime, bucket: Bucket) -> list[Moment]:
    """Return what happened in every hour, day or week of a period, the quiet ones too."""
    found: dict[datetime, dict[Happening, Tally]] = {}
    for row in db.session.execute(_HAPPENED, _period(campaign_id, start, end) | {"bucket": bucket}):
        of_moment = found.setdefault(row.starts.replace(tzinfo=SEOUL), {})
        of_moment[Happening(row.what)] = Tally(row.times, Won(int(row.won)))
    moment = _first_moment(start.astimezone(SEOUL), bucket)
    moments = []
    # Seoul keeps one offset all year, so steps of wall time are steps of time.
    while moment < end:
        moments.append(Moment(moment, found.get(moment, {})))
        moment += _STEPS[bucket]
    return moments


def _first_moment(start: datetime, bucket: Bucket) -> datetime:
    hour = start.replace(minute=0, second=0, microsecond=0)
    if bucket is Bucket.HOUR:
        return hour
    midnight = hour.replace(hour=0)
    return midnight - timedelta(days=midnight.weekday() if bucket is Bucket.WEEK else 0)


def by_enterprise(campaign_id: int, *, start: datetime, end: datetime) -> list[Ranked]:
    """Return the uses of a period by the shop they were spent at, most won first."""
    return _ranked(_BY_ENTERPRISE, campaign_id, start, end)


def by_dong(campaign_id: int, *, start: datetime, end: datetime) -> list[Ranked]:
    """Return the uses of a period by the dong of who spent them, in the district's order."""
    return _ranked(_BY_DONG, campaign_id, start, end)


def by_channel(campaign_id: int, *, start: datetime, end: datetime) -> list[Ranked]:
    """Return the uses of a period by where they were spent, most won first."""
    return _ranked(_BY_CHANNEL, campaign_id, start, end)


def _ranked(statement: Any, campaign_id: int, start: datetime, end: datetime) -> list[Ranked]:
    rows: Sequence[Any] = db.session.execute(statement, _period(campaign_id, start, end)).all()
    return [
        Ranked(row.key, row.name, row.uses, Won(int(row.won)), Won(int(row.reversed_won)))
        for row in rows
    ]


def _period(campaign_id: int, start: datetime, end: datetime) -> dict[str, object]:
    return {"campaign": campaign_id, "start": start, "end": end}
