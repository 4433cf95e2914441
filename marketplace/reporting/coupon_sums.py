"""
Where every won of every coupon is, per campaign and grant.

A coupon is worth its worst case: that much was reserved for it. What redemptions took of it and
did not give back is spent. The rest is outstanding while the coupon can be used, lapsed when it
expired, withdrawn when it was revoked, and unused when it was redeemed for less.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import text

from marketplace.core.db import db
from marketplace.core.money import Won
from marketplace.coupons import budgets
from marketplace.coupons.models import CouponState, FunderKind

OUTSTANDING: Final = frozenset({CouponState.ISSUED, CouponState.CLAIMED, CouponState.HELD})


# Of a campaign's coupons, what they say themselves is left of them: the balance, and what unpaid
# orders hold of it.
_AT_ONE_MOMENT: Final = text("""
    WITH
    campaigns AS (
        SELECT d.id, d.name, d.issued AS counter,
               count(c.id) AS coupons, coalesce(sum(c.worst_case), 0) AS issued_won,
               count(c.id) FILTER (WHERE c.state = 'redeemed') AS redeemed,
               coalesce(sum(use.spent), 0) AS spent_won,
               coalesce(sum(c.worst_case - coalesce(use.spent, 0))
                        FILTER (WHERE c.state = 'redeemed'), 0) AS unused_won,
               count(c.id) FILTER (WHERE c.state = 'expired') AS expired,
               coalesce(sum(c.balance) FILTER (WHERE c.state = 'expired'), 0) AS expired_won,
               count(c.id) FILTER (WHERE c.state = 'revoked') AS revoked,
               coalesce(sum(c.worst_case - coalesce(use.spent, 0))
                        FILTER (WHERE c.state = 'revoked'), 0) AS revoked_won,
               count(c.id) FILTER (WHERE c.state IN ('issued', 'claimed', 'held')) AS outstanding,
               coalesce(sum(c.balance + coalesce(use.held, 0))
                        FILTER (WHERE c.state IN ('issued', 'claimed', 'held')), 0)
                   AS outstanding_won
        FROM campaign d
        LEFT JOIN coupon c ON c.campaign_id = d.id
        LEFT JOIN (
            SELECT coupon_id,
                   sum(amount - reversed_amount) FILTER (WHERE redeemed_at IS NOT NULL) AS spent,
                   sum(amount) FILTER (WHERE state = 'held') AS held
            FROM redemption GROUP BY coupon_id
        ) use ON use.coupon_id = c.id
        GROUP BY d.id
        ORDER BY d.starts_at DESC, d.id
    ),
    issued AS (
        SELECT campaign_id, version_id, state, worst_case, count(*) AS coupons
        FROM coupon GROUP BY campaign_id, version_id, state, worst_case
    ),
    spent AS (
        SELECT campaign_id, version_id, state, worst_case, grant_id, used, count(*) AS coupons
        FROM (
            SELECT c.campaign_id, c.version_id, c.state, c.worst_case, s.grant_id,
                   sum(s.amount - s.reversed_amount) AS used
            FROM redemption_share s
            JOIN redemption r ON r.id = s.redemption_id
            JOIN coupon c ON c.id = r.coupon_id
            WHERE r.redeemed_at IS NOT NULL
            GROUP BY c.id, s.grant_id
        ) by_coupon
        GROUP BY campaign_id, version_id, state, worst_case, grant_id, used
    ),
    shares AS (
        SELECT version_id, grant_id, share_bps FROM campaign_grant ORDER BY version_id, position
    ),
    grants AS (
        SELECT g.id, g.name, g.fiscal_year, g.account_code, f.name AS funder, f.kind,
               g.ceiling, g.reserved, g.spent,
               coalesce(discount.won, 0) AS discounts, coalesce(book.won, 0) AS ledger
        FROM funder_grant g
        JOIN funder f ON f.id = g.funder_id
        LEFT JOIN (
            SELECT s.grant_id, sum(s.amount - s.reversed_amount) AS won
            FROM redemption_share s JOIN redemption r ON r.id = s.redemption_id
            WHERE r.redeemed_at IS NOT NULL GROUP BY s.grant_id
        ) discount ON discount.grant_id = g.id
        LEFT JOIN (
            SELECT a.code, sum(p.amount) AS won
            FROM ledger_account a
            JOIN ledger_posting p ON p.account_id = a.id
            JOIN ledger_entry e ON e.id = p.entry_id
            WHERE a.code LIKE 'grant:%' AND e.kind <> 'funder_paid_in' GROUP BY a.code
        ) book ON book.code = 'grant:' || g.id
        ORDER BY g.fiscal_year DESC, f.position, g.id
    )
    SELECT
        (SELECT coalesce(json_agg(campaigns), '[]') FROM campaigns) AS campaigns,
        (SELECT coalesce(json_agg(issued), '[]') FROM issued) AS issued,
        (SELECT coalesce(json_agg(spent), '[]') FROM spent) AS spent,
        (SELECT coalesce(json_agg(shares), '[]') FROM shares) AS shares,
        (SELECT coalesce(json_agg(grants), '[]') FROM grants) AS grants
""")
_Sums = defaultdict[tuple[int, int, CouponState], int]
_Shares = defaultdict[int, list[tuple[int, int]]]
_Rows = list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class CampaignBook:
    """One campaign's coupons by what became of them, in count and in won."""

    campaign_id: int
    name: str
    # What the campaign counted when it issued them.
    counter: int
    issued_won: Won
    redeemed: int
    spent_won: Won
    unused_won: Won
    expired: int
    expired_won: Won
    revoked: int
    revoked_won: Won
    outstanding: int
    outstanding_won: Won

    @property
    def counts_hold(self) -> bool:
        """Tell whether issued = redeemed + expired + revoked + outstanding in coupons."""
        return self.counter == self.redeemed + self.expired + self.revoked + self.outstanding

    @property
    def won_holds(self) -> bool:
        """Tell whether issued = spent + unused + lapsed + withdrawn + outstanding in won."""
        return self.issued_won == (
            self.spent_won
            + self.unused_won
            + self.expired_won
            + self.revoked_won
            + self.outstanding_won
        )

    @property
    def holds(self) -> bool:
        """Tell whether both hold."""
        return self.counts_hold and self.won_holds


@dataclass(frozen=True, kw_only=True)
class FunderBook:
    """What one grant has in the coupons of one campaign, in won."""

    campaign_id: int
    grant_id: int
    issued: Won
    spent: Won
    unused: Won
    expired: Won
    revoked: Won
    outstanding: Won


@dataclass(frozen=True, kw_only=True)
class GrantBook:
    """One grant's own figures beside what coupons, uses and the ledger say; in won."""

    grant_id: int
    name: str
    funder: str
    fiscal_year: int
    account_code: str
    is_public: bool
    ceiling: Won
    reserved: Won
    # What coupons that can still be used reserve of it.
    outstanding: Won
    spent: Won
    # What uses took of it, less what came back.
    discounts: Won
    ledger: Won

    @property
    def holds(self) -> bool:
        """Tell whether the four agree; what enterprises give themselves is in no ledger."""
        return (
            self.reserved == self.outstanding
            and self.spent == self.discounts
            and self.legs_hold
            and self.reserved + self.spent <= self.ceiling
        )

    @property
    def legs_hold(self) -> bool:
        """Tell whether the ledger's legs are the discounts given."""
        return self.ledger == (self.discounts if self.is_public else 0)


@dataclass(frozen=True)
class Sums:
    """All books of the coupons at one moment; campaigns and grants newest first."""

    campaigns: list[CampaignBook]
    funders: list[FunderBook]
    grants: list[GrantBook]


def read() -> Sums:
    """Return every campaign's and every grant's book."""
    row = db.session.execute(_AT_ONE_MOMENT).one()
    shares = _shares(row.shares)
    funders = _funders(_issued(row.issued, shares), *_spent(row.spent, shares))
    return Sums(
        campaigns=[_campaign(each) for each in row.campaigns],
        funders=funders,
        grants=_grants(row.grants, funders),
    )


def _campaign(row: dict[str, Any]) -> CampaignBook:
    won = {name: Won(value) for name, value in row.items() if name.endswith("_won")}
    counts = {name: row[name] for name in ("counter", "redeemed", "expired", "revoked")}
    return CampaignBook(
        campaign_id=row["id"], name=row["name"], outstanding=row["outstanding"], **counts, **won
    )


def _grants(rows: _Rows, funders: Iterable[FunderBook]) -> list[GrantBook]:
    outstanding: defaultdict[int, int] = defaultdict(int)
    for book in funders:
        outstanding[book.grant_id] += book.outstanding
    return [
        GrantBook(
            grant_id=row["id"],
            name=row["name"],
            funder=row["funder"],
            fiscal_year=row["fiscal_year"],
            account_code=row["account_code"],
            is_public=row["kind"] != FunderKind.ENTERPRISE,
            ceiling=Won(row["ceiling"]),
            reserved=Won(row["reserved"]),
            outstanding=Won(outstanding[row["id"]]),
            spent=Won(row["spent"]),
            discounts=Won(row["discounts"]),
            ledger=Won(row["ledger"]),
        )
        for row in rows
    ]


def _shares(rows: _Rows) -> _Shares:
    shares: _Shares = defaultdict(list)
    for row in rows:
        shares[row["version_id"]].append((row["grant_id"], row["share_bps"]))
    return shares


def _issued(rows: _Rows, shares: _Shares) -> _Sums:
    issued: _Sums = defaultdict(int)
    # Split as it was when it was reserved: coupon by coupon, to the won.
    for row in rows:
        for grant_id, part in _parts(row, shares).items():
            issued[_key(row, grant_id)] += part * row["coupons"]
    return issued


def _spent(rows: _Rows, shares: _Shares) -> tuple[_Sums, _Sums]:
    """Return what grants paid, and what they paid beyond their parts (budgets.left_of)."""
    spent: _Sums = defaultdict(int)
    beyond: _Sums = defaultdict(int)
    for row in rows:
        key, part = _key(row, row["grant_id"]), _parts(row, shares).get(row["grant_id"], 0)
        spent[key] += row["used"] * row["coupons"]
        beyond[key] += (row["used"] - part + budgets.left_of(part, row["used"])) * row["coupons"]
    return spent, beyond


def _parts(row: dict[str, Any], shares: _Shares) -> dict[int, Won]:
    return budgets.split(Won(row["worst_case"]), shares[row["version_id"]])


def _key(row: dict[str, Any], grant_id: int) -> tuple[int, int, CouponState]:
    return row["campaign_id"], grant_id, CouponState(row["state"])


def _funders(issued: _Sums, spent: _Sums, beyond: _Sums) -> list[FunderBook]:
    pairs = sorted({key[:2] for key in (*issued, *spent)})
    return [_funder_book(campaign, grant, issued, spent, beyond) for campaign, grant in pairs]


def _funder_book(
    campaign_id: int, grant_id: int, issued: _Sums, spent: _Sums, beyond: _Sums
) -> FunderBook:
    def total(sums: _Sums, *states: CouponState) -> int:
        return sum(sums[campaign_id, grant_id, state] for state in states)

    def rest(*states: CouponState) -> Won:
        kept = total(issued, *states) - total(spent, *states) + total(beyond, *states)
        return Won(kept)

    return FunderBook(
        campaign_id=campaign_id,
        grant_id=grant_id,
        issued=Won(total(issued, *CouponState)),
        spent=Won(total(spent, *CouponState)),
        unused=rest(CouponState.REDEEMED),
        expired=rest(CouponState.EXPIRED),
        revoked=rest(CouponState.REVOKED),
        outstanding=rest(*OUTSTANDING),
    )
