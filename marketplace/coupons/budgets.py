"""The grants' money: reserved, spent, returned. Every change is one conditional statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select, update

from marketplace.core.db import db
from marketplace.core.money import Won, allocate
from marketplace.coupons.models import CampaignGrant, Grant, Redemption, RedemptionShare
from marketplace.coupons.refusals import BudgetExhausted


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


def live_shares(coupon_ids: Sequence[int]) -> dict[int, dict[int, Won]]:
    """Return what each grant has paid of each coupon, less what came back."""
    rows = db.session.execute(
        select(
            Redemption.coupon_id,
            RedemptionShare.grant_id,
            RedemptionShare.amount - RedemptionShare.reversed_amount,
        )
        .join(RedemptionShare, RedemptionShare.redemption_id == Redemption.id)
        .where(Redemption.coupon_id.in_(coupon_ids), Redemption.redeemed_at.is_not(None))
    )
    paid: dict[int, dict[int, Won]] = {}
    for coupon_id, grant_id, amount in rows:
        of_coupon = paid.setdefault(coupon_id, {})
        of_coupon[grant_id] = Won(of_coupon.get(grant_id, 0) + amount)
    return paid
