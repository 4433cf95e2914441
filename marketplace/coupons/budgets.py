"""The grants' money: reserved, spent, returned. Every change is one conditional statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import func, select, update

from marketplace.core.db import db
from marketplace.core.money import Won, allocate, allocate_within
from marketplace.coupons.models import (
    CampaignGrant,
    Coupon,
    Funder,
    FunderKind,
    Grant,
    Redemption,
    RedemptionShare,
    RedemptionState,
)
from marketplace.coupons.refusals import BudgetExhausted

# The states in which a use has taken, or keeps, what is not reversed of it.
USING: Final = (RedemptionState.HELD, RedemptionState.REDEEMED)


def shares_of_version(version_id: int) -> list[tuple[int, int]]:
    """Return (grant id, share in basis points) of a version, first funder first."""
    rows = db.session.execute(
        select(CampaignGrant.grant_id, CampaignGrant.share_bps)
        .where(CampaignGrant.version_id == version_id)
        .order_by(CampaignGrant.position)
    )
    return list(rows.all())


def split(amount: Won, shares: Sequence[tuple[int, int]]) -> dict[int, Won]:
    """Split an amount over grants by largest remainder, ties to the first funder."""
    parts = allocate(amount, [bps for _, bps in shares])
    return {grant_id: part for (grant_id, _), part in zip(shares, parts, strict=True)}


def public_part(amount: Won, version_id: int) -> Won:
    """Return what is public money of an amount: a shop's own part is paid by nobody."""
    own = set(
        db.session.scalars(
            select(CampaignGrant.grant_id)
            .join(Grant, Grant.id == CampaignGrant.grant_id)
            .join(Funder, Funder.id == Grant.funder_id)
            .where(CampaignGrant.version_id == version_id, Funder.kind == FunderKind.ENTERPRISE)
        )
    )
    parts = split(amount, shares_of_version(version_id))
    return Won(sum(part for grant_id, part in parts.items() if grant_id not in own))


def reserve(shares: Mapping[int, int], *, name: str) -> None:
    """
    Set money of grants aside.

    :raises BudgetExhausted: when a ceiling would be passed.
    """
    for grant_id, amount in sorted(shares.items()):
        if amount == 0:
            continue
        reserved = db.session.execute(
            update(Grant)
            .where(Grant.id == grant_id, Grant.reserved + Grant.spent + amount <= Grant.ceiling)
            .values(reserved=Grant.reserved + amount)
            .returning(Grant.id)
        )
        if reserved.first() is None:
            raise BudgetExhausted(name=name)


def move(changes: Mapping[int, tuple[int, int]]) -> None:
    """Change (reserved, spent) of grants; the database refuses to pass a ceiling or zero."""
    for grant_id, (reserved, spent) in sorted(changes.items()):
        if reserved or spent:
            db.session.execute(
                update(Grant)
                .where(Grant.id == grant_id)
                .values(reserved=Grant.reserved + reserved, spent=Grant.spent + spent)
            )


def split_use(coupon: Coupon, amount: Won) -> dict[int, Won]:
    """Split one use over the grants, to none more than it still has set aside for the coupon."""
    shares = shares_of_version(coupon.version_id)
    room = outstanding([coupon])[coupon.id]
    parts = allocate_within(
        amount, [bps for _, bps in shares], [room[grant_id] for grant_id, _ in shares]
    )
    return {grant_id: part for (grant_id, _), part in zip(shares, parts, strict=True)}


def outstanding(coupons: Sequence[Coupon]) -> dict[int, dict[int, Won]]:
    """Return what each grant has set aside for each coupon that no use has taken or holds."""
    used = live_shares([coupon.id for coupon in coupons])
    shares_of = {
        version_id: shares_of_version(version_id)
        for version_id in {coupon.version_id for coupon in coupons}
    }
    return {
        coupon.id: {
            grant_id: left_of(part, used.get(coupon.id, {}).get(grant_id, 0))
            for grant_id, part in split(coupon.worst_case, shares_of[coupon.version_id]).items()
        }
        for coupon in coupons
    }


def left_of(part: int, used: int) -> Won:
    """
    Return what is left of a grant's part of a coupon.

    What came back to a coupon that had expired was divided by the order's lines, not by this
    split, so that a grant may have paid a won more than its part.
    """
    return Won(max(0, part - used))


def live_shares(coupon_ids: Sequence[int]) -> dict[int, dict[int, Won]]:
    """Return what each grant pays or keeps for the uses of each coupon, less what came back."""
    rows = db.session.execute(
        select(
            Redemption.coupon_id,
            RedemptionShare.grant_id,
            func.sum(RedemptionShare.amount - RedemptionShare.reversed_amount),
        )
        .join(RedemptionShare, RedemptionShare.redemption_id == Redemption.id)
        .where(Redemption.coupon_id.in_(coupon_ids), Redemption.state.in_(USING))
        .group_by(Redemption.coupon_id, RedemptionShare.grant_id)
    )
    used: dict[int, dict[int, Won]] = {}
    for coupon_id, grant_id, amount in rows:
        used.setdefault(coupon_id, {})[grant_id] = Won(int(amount))
    return used
