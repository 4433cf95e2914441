"""A campaign's claims and uses row by row, for files; people are hidden in part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text

from marketplace.core import masking
from marketplace.core.db import db
from marketplace.core.money import Won

# A spreadsheet holds little more than a million rows.
MOST_ROWS: Final = 1_000_000
_AT_ONCE: Final = 2_000


@dataclass(frozen=True, kw_only=True)
class UseRow:
    """One use of one coupon."""

    redemption_id: int
    redeemed_at: datetime
    channel: str
    enterprise: str
    slot_no: int
    person: str
    dong: str
    amount: Won
    reversed_amount: Won
    receipt: str


@dataclass(frozen=True, kw_only=True)
class ClaimRow:
    """One coupon somebody took."""

    claimed_at: datetime
    slot_no: int
    source: str
    person: str
    dong: str
    state: str
    worth: Won
    expires_at: datetime | None


# An order's number is its receipt; an order over several shops names the first and how many more.
_USES: Final = text("""
    SELECT r.id, r.redeemed_at, r.channel, r.amount, r.reversed_amount, c.slot_no,
           p.name AS person, d.name AS dong,
           coalesce(e.name, shops.names) AS enterprise, shops.number AS shops,
           coalesce(u.receipt_number, o.number) AS receipt
    FROM redemption r
    JOIN coupon c ON c.id = r.coupon_id
    LEFT JOIN person p ON p.id = c.person_id
    LEFT JOIN dong d ON d.code = p.dong_code
    LEFT JOIN enterprise e ON e.id = r.enterprise_id
    LEFT JOIN counter_use u ON u.redemption_id = r.id
    LEFT JOIN customer_order o ON r.reference = 'order:' || o.id
    LEFT JOIN LATERAL (
        SELECT min(seller.name) AS names, count(DISTINCT seller.id) AS number
        FROM order_line l JOIN enterprise seller ON seller.id = l.enterprise_id
        WHERE l.order_id = o.id
    ) shops ON true
    WHERE c.campaign_id = :campaign AND r.redeemed_at >= :start AND r.redeemed_at < :end
    ORDER BY r.redeemed_at, r.id
    LIMIT :most
""")
_CLAIMS: Final = text("""
    SELECT c.claimed_at, c.slot_no, c.source, c.state, c.worst_case, c.expires_at,
           p.name AS person, d.name AS dong
    FROM coupon c
    JOIN person p ON p.id = c.person_id
    LEFT JOIN dong d ON d.code = p.dong_code
    WHERE c.campaign_id = :campaign AND c.claimed_at >= :start AND c.claimed_at < :end
    ORDER BY c.claimed_at, c.id
    LIMIT :most
""")


def list_uses(campaign_id: int, *, start: datetime, end: datetime) -> Iterator[UseRow]:
    """Return the uses of a period, earliest first, read a part at a time."""
    for row in _read(_USES, campaign_id, start, end):
        more = f" 외 {row.shops - 1}곳" if row.shops > 1 else ""
        yield UseRow(
            redemption_id=row.id,
            redeemed_at=row.redeemed_at,
            channel=row.channel,
            enterprise=f"{row.enterprise or ''}{more}",
            slot_no=row.slot_no,
            person=masking.name(row.person or ""),
            dong=row.dong or "",
            amount=Won(row.amount),
            reversed_amount=Won(row.reversed_amount),
            receipt=row.receipt or "",
        )


def list_claims(campaign_id: int, *, start: datetime, end: datetime) -> Iterator[ClaimRow]:
    """Return the claims of a period, earliest first, read a part at a time."""
    for row in _read(_CLAIMS, campaign_id, start, end):
        yield ClaimRow(
            claimed_at=row.claimed_at,
            slot_no=row.slot_no,
            source=row.source or "",
            person=masking.name(row.person),
            dong=row.dong or "",
            state=row.state,
            worth=Won(row.worst_case),
            expires_at=row.expires_at,
        )


def _read(statement: Any, campaign_id: int, start: datetime, end: datetime) -> Iterator[Any]:
    given = {"campaign": campaign_id, "start": start, "end": end, "most": MOST_ROWS}
    return iter(db.session.execute(statement, given, execution_options={"yield_per": _AT_ONCE}))
