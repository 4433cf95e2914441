"""
Look through recent uses for what domain.md calls suspicious, and raise a flag for each.

Every rule is one query over a window that is longer than the schedule's step, so a missed run
loses nothing, and running twice raises nothing twice: a flag's name says who and which day.
Online uses belong to the shops of their order's lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import text

from marketplace.core.db import db
from marketplace.coupons import fraud
from marketplace.coupons.fraud import FraudKind, Suspicion

# How far back a run looks for single uses.
RECENT: Final = timedelta(hours=24)
# The same person at this many counters within so many minutes.
SHOPS: Final = 3
SHOPS_WITHIN: Final = timedelta(minutes=10)
# Purchases that cost exactly what the coupon is worth: so many in one shop, campaign and day.
FACE_VALUES: Final = 5
# Counters are closed between these hours of Seoul time.
CLOSED_FROM: Final = 23
CLOSED_UNTIL: Final = 6
# At least so many counter uses of one shop in a week, and this part of them reversed.
REVERSAL_WEEK: Final = timedelta(days=7)
REVERSAL_USES: Final = 10
REVERSAL_PERCENT: Final = 30
_WHO: Final = ("enterprise_id", "person_id", "campaign_id")


class _Rule(NamedTuple):
    kind: FraudKind
    sql: Any


_MANY_SHOPS: Final = text("""
    WITH use AS (
        SELECT c.person_id, r.enterprise_id, r.redeemed_at, r.amount
        FROM redemption r JOIN coupon c ON c.id = r.coupon_id
        WHERE r.channel = 'counter' AND r.redeemed_at > :recent - :within AND r.redeemed_at <= :at
          AND c.person_id IS NOT NULL
    ), crowd AS (
        SELECT late.person_id, late.redeemed_at,
               count(DISTINCT early.enterprise_id) AS shops, sum(early.amount) AS won
        FROM use late
        JOIN use early ON early.person_id = late.person_id
         AND early.redeemed_at > late.redeemed_at - :within
         AND early.redeemed_at <= late.redeemed_at
        WHERE late.redeemed_at > :recent
        GROUP BY late.person_id, late.redeemed_at
    )
    SELECT person_id, (redeemed_at AT TIME ZONE 'Asia/Seoul')::date AS day,
           max(shops) AS count, max(won) AS won
    FROM crowd WHERE shops >= :shops
    GROUP BY person_id, day ORDER BY person_id, day
""")
_OWN_MEMBER: Final = text("""
    WITH use AS (
        SELECT r.id, r.redeemed_at, r.amount, r.enterprise_id, c.person_id, c.campaign_id
        FROM redemption r JOIN coupon c ON c.id = r.coupon_id
        WHERE r.redeemed_at > :recent AND r.redeemed_at <= :at AND c.person_id IS NOT NULL
    ), part AS (
        SELECT id, redeemed_at, amount, enterprise_id, person_id, campaign_id
        FROM use WHERE enterprise_id IS NOT NULL
        UNION ALL
        SELECT use.id, use.redeemed_at, s.amount, l.enterprise_id, use.person_id, use.campaign_id
        FROM use
        JOIN order_line_share s ON s.redemption_id = use.id
        JOIN order_line l ON l.id = s.line_id
        WHERE use.enterprise_id IS NULL
    )
    SELECT part.enterprise_id, part.person_id, part.campaign_id,
           (part.redeemed_at AT TIME ZONE 'Asia/Seoul')::date AS day,
           count(DISTINCT part.id) AS count, sum(part.amount) AS won
    FROM part
    JOIN member m ON m.enterprise_id = part.enterprise_id AND m.person_id = part.person_id
     AND m.created_at <= part.redeemed_at
     AND (m.revoked_at IS NULL OR m.revoked_at > part.redeemed_at)
    GROUP BY part.enterprise_id, part.person_id, part.campaign_id, day
    ORDER BY part.enterprise_id, part.person_id, part.campaign_id, day
""")
_FACE_VALUE: Final = text("""
    SELECT u.enterprise_id, c.campaign_id, (u.used_at AT TIME ZONE 'Asia/Seoul')::date AS day,
           count(*) AS count, sum(r.amount) AS won
    FROM counter_use u
    JOIN redemption r ON r.id = u.redemption_id
    JOIN coupon c ON c.id = r.coupon_id
    JOIN campaign_version v ON v.id = c.version_id
    WHERE u.used_at > :recent - interval '1 day' AND u.used_at <= :at
      AND u.reversed_at IS NULL AND r.amount = v.amount
      -- A fixed coupon always costs its face value: the purchase has to cost exactly that too.
      AND (u.purchase_amount = r.amount OR v.kind = 'stored_value')
    GROUP BY u.enterprise_id, c.campaign_id, day
    HAVING count(*) >= :face_values
    ORDER BY u.enterprise_id, c.campaign_id, day
""")
_OUTSIDE_HOURS: Final = text("""
    SELECT use.enterprise_id, use.campaign_id, use.local::date AS day,
           count(*) AS count, sum(use.amount) AS won
    FROM (
        SELECT r.enterprise_id, c.campaign_id, r.amount, v.hours,
               r.redeemed_at AT TIME ZONE 'Asia/Seoul' AS local
        FROM redemption r
        JOIN coupon c ON c.id = r.coupon_id
        JOIN campaign_version v ON v.id = c.version_id
        WHERE r.channel = 'counter' AND r.redeemed_at > :recent AND r.redeemed_at <= :at
    ) use
    WHERE extract(hour FROM use.local) >= :closed_from
       OR extract(hour FROM use.local) < :closed_until
       OR (jsonb_array_length(coalesce(use.hours->'weekdays', '[]')) > 0
           AND NOT use.hours->'weekdays'
               @> to_jsonb(extract(isodow FROM use.local)::int - 1))
       OR (use.hours ? 'from' AND to_char(use.local, 'HH24:MI') < use.hours->>'from')
       OR (use.hours ? 'until' AND to_char(use.local, 'HH24:MI') >= use.hours->>'until')
    GROUP BY use.enterprise_id, use.campaign_id, day
    ORDER BY use.enterprise_id, use.campaign_id, day
""")
_HIGH_REVERSAL: Final = text("""
    SELECT enterprise_id, to_char(:at AT TIME ZONE 'Asia/Seoul', 'IYYY-"W"IW') AS day,
           count(reversed_at) AS count, count(*) AS uses
    FROM counter_use
    WHERE used_at > :week AND used_at <= :at
    GROUP BY enterprise_id
    HAVING count(*) >= :reversal_uses
       AND count(reversed_at) * 100 >= count(*) * :reversal_percent
    ORDER BY enterprise_id
""")
_RULES: Final = (
    _Rule(FraudKind.MANY_SHOPS, _MANY_SHOPS),
    _Rule(FraudKind.OWN_MEMBER, _OWN_MEMBER),
    _Rule(FraudKind.FACE_VALUE, _FACE_VALUE),
    _Rule(FraudKind.OUTSIDE_HOURS, _OUTSIDE_HOURS),
    _Rule(FraudKind.HIGH_REVERSAL, _HIGH_REVERSAL),
)


def watch(*, at: datetime) -> int:
    """Raise a flag for everything suspicious of late, once; return how many are new."""
    return fraud.raise_flags(find(at=at), at=at)


def find(*, at: datetime) -> list[Suspicion]:
    """Return what looks suspicious now, in one query per rule."""
    given = {
        "at": at,
        "recent": at - RECENT,
        "within": SHOPS_WITHIN,
        "shops": SHOPS,
        "face_values": FACE_VALUES,
        "closed_from": CLOSED_FROM,
        "closed_until": CLOSED_UNTIL,
        "week": at - REVERSAL_WEEK,
        "reversal_uses": REVERSAL_USES,
        "reversal_percent": REVERSAL_PERCENT,
    }
    return [
        _suspicion(rule.kind, row._asdict())
        for rule in _RULES
        for row in db.session.execute(rule.sql, given)
    ]


def _suspicion(kind: FraudKind, row: Mapping[str, Any]) -> Suspicion:
    who = [str(row[name]) for name in _WHO if row.get(name) is not None]
    return Suspicion(
        kind=kind,
        about=":".join([kind.value, *who, str(row["day"])]),
        campaign_id=row.get("campaign_id"),
        enterprise_id=row.get("enterprise_id"),
        person_id=row.get("person_id"),
        details={
            "day": str(row["day"]),
            **{name: int(row[name]) for name in ("count", "uses", "won") if row.get(name)},
        },
    )
