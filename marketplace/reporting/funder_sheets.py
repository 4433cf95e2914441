"""
What each funder's money did in a period, to the won and to the day.

Public money is read from the ledger, where every use debits its grant and every return credits
it. What enterprises give themselves is owed to nobody and stands in no ledger: it is read from
the frozen shares, its returns on the day of the use.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import text

from marketplace.core.db import db
from marketplace.core.money import Won
from marketplace.reporting import funds
from marketplace.reporting.funds import GrantSpend


@dataclass(frozen=True)
class DayOfGrant:
    """What one grant spent and got back on one day of Seoul time."""

    grant_id: int
    day: date
    spent: Won
    reversed: Won

    @property
    def net(self) -> Won:
        """Return what the day cost in the end."""
        return Won(self.spent - self.reversed)


@dataclass(frozen=True)
class Sheet:
    """One grant: its standing now, and what a period did to it."""

    grant: GrantSpend
    days: Sequence[DayOfGrant]

    @property
    def spent(self) -> Won:
        """Return what the period's uses took."""
        return Won(sum(day.spent for day in self.days))

    @property
    def reversed(self) -> Won:
        """Return what came back in the period."""
        return Won(sum(day.reversed for day in self.days))

    @property
    def net(self) -> Won:
        """Return what the period cost in the end."""
        return Won(self.spent - self.reversed)


_DAYS: Final = text("""
    SELECT split_part(a.code, ':', 2)::bigint AS grant_id,
           (e.occurred_at AT TIME ZONE 'Asia/Seoul')::date AS day,
           coalesce(sum(p.amount) FILTER (WHERE p.amount > 0), 0) AS spent,
           coalesce(-sum(p.amount) FILTER (WHERE p.amount < 0), 0) AS back
    FROM ledger_entry e
    JOIN ledger_posting p ON p.entry_id = e.id
    JOIN ledger_account a ON a.id = p.account_id
    WHERE e.occurred_at >= :start AND e.occurred_at < :end
      AND a.code LIKE 'grant:%' AND e.kind <> 'funder_paid_in'
    GROUP BY a.code, day
    UNION ALL
    SELECT s.grant_id, (r.redeemed_at AT TIME ZONE 'Asia/Seoul')::date,
           sum(s.amount), sum(s.reversed_amount)
    FROM redemption r
    JOIN redemption_share s ON s.redemption_id = r.id
    JOIN funder_grant g ON g.id = s.grant_id
    JOIN funder f ON f.id = g.funder_id
    WHERE r.redeemed_at >= :start AND r.redeemed_at < :end AND f.kind = 'enterprise'
    GROUP BY 1, 2
    ORDER BY 1, 2
""")


def list_sheets(*, start: datetime, end: datetime) -> list[Sheet]:
    """Return every grant's sheet of a period, newest year first, in two queries."""
    days: dict[int, list[DayOfGrant]] = {}
    for row in db.session.execute(_DAYS, {"start": start, "end": end}):
        day = DayOfGrant(row.grant_id, row.day, Won(int(row.spent)), Won(int(row.back)))
        days.setdefault(day.grant_id, []).append(day)
    return [Sheet(grant, days.get(grant.grant_id, ())) for grant in funds.list_grants()]
