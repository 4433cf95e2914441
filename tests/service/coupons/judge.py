"""What must hold of coupon money at any moment, read from the rows past the code that wrote it."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import func, select

from marketplace.core.db import db
from marketplace.core.money import Won, allocate
from marketplace.coupons.models import (
    CampaignGrant,
    CampaignVersion,
    Coupon,
    CouponKind,
    CouponState,
    Grant,
    Redemption,
    RedemptionReversal,
    RedemptionShare,
    RedemptionState,
)
from marketplace.ledger.models import Account, Posting

_WAITING = (CouponState.ISSUED, CouponState.CLAIMED, CouponState.HELD)


def check() -> None:
    """Assert that reserve, spending, reversals and the book agree for every grant and coupon."""
    db.session.expire_all()
    spent, reversed_of = _spent(), _reversed()
    reserved = _outstanding(spent)
    by_grant: dict[int, int] = defaultdict(int)
    for (_, grant_id), amount in spent.items():
        by_grant[grant_id] += amount
    for grant in db.session.scalars(select(Grant)):
        assert grant.spent + grant.reserved <= grant.ceiling, grant.name
        assert grant.spent == by_grant[grant.id], grant.name
        assert grant.reserved == reserved[grant.id], grant.name
    for use in db.session.scalars(select(Redemption)):
        assert use.reversed_amount == reversed_of[use.id]
    assert (db.session.scalar(select(func.sum(Posting.amount))) or 0) == 0


def check_book_pays_what_grants_spent() -> None:
    """Assert that the book charges each grant with what its coupons cost."""
    rows = db.session.execute(
        select(Account.code, func.sum(Posting.amount))
        .join(Posting, Posting.account_id == Account.id)
        .where(Account.code.like("grant:%"))
        .group_by(Account.code)
    )
    charged = {code: int(amount) for code, amount in rows}
    for grant in db.session.scalars(select(Grant)):
        assert charged.get(f"grant:{grant.id}", 0) == grant.spent, grant.name


def _spent() -> dict[tuple[int, int], int]:
    """Return coupon and grant → what was spent and did not come back."""
    rows = db.session.execute(
        select(
            Redemption.coupon_id,
            RedemptionShare.grant_id,
            func.sum(RedemptionShare.amount - RedemptionShare.reversed_amount),
        )
        .join(RedemptionShare, RedemptionShare.redemption_id == Redemption.id)
        .where(Redemption.state.in_([RedemptionState.REDEEMED, RedemptionState.REVERSED]))
        .group_by(Redemption.coupon_id, RedemptionShare.grant_id)
    )
    return {(coupon_id, grant_id): int(amount) for coupon_id, grant_id, amount in rows}


def _reversed() -> dict[int, int]:
    rows = db.session.execute(
        select(RedemptionReversal.redemption_id, func.sum(RedemptionReversal.amount)).group_by(
            RedemptionReversal.redemption_id
        )
    )
    return defaultdict(int, {redemption_id: int(amount) for redemption_id, amount in rows})


def _outstanding(spent: dict[tuple[int, int], int]) -> dict[int, int]:
    """Return what every grant must keep for coupons that can still be spent or are held."""
    held: dict[int, int] = defaultdict(int)
    for coupon_id, amount in db.session.execute(
        select(Redemption.coupon_id, func.sum(Redemption.amount))
        .where(Redemption.state == RedemptionState.HELD)
        .group_by(Redemption.coupon_id)
    ):
        held[coupon_id] = int(amount)
    used_of: dict[int, int] = defaultdict(int)
    for (coupon_id, _), share in spent.items():
        used_of[coupon_id] += share
    shares = _shares_of_versions()
    kinds = dict(db.session.execute(select(CampaignVersion.id, CampaignVersion.kind)).all())
    outstanding: dict[int, int] = defaultdict(int)
    for coupon in db.session.scalars(select(Coupon)):
        in_parts = kinds[coupon.version_id] == CouponKind.STORED_VALUE
        used = used_of[coupon.id]
        if coupon.state in _WAITING:
            left = coupon.worst_case - (used if in_parts else 0)
            assert coupon.balance + held[coupon.id] <= left, coupon.id
            assert in_parts is False or coupon.balance + held[coupon.id] == left, coupon.id
        else:
            assert held[coupon.id] == 0, coupon.id
            continue
        grants = shares[coupon.version_id]
        for grant_id, part in zip(
            grants, allocate(Won(coupon.worst_case), list(grants.values())), strict=True
        ):
            rest = part - (spent.get((coupon.id, grant_id), 0) if in_parts else 0)
            outstanding[grant_id] += max(0, rest)
    return outstanding


def _shares_of_versions() -> dict[int, dict[int, int]]:
    shares: dict[int, dict[int, int]] = defaultdict(dict)
    for share in db.session.scalars(select(CampaignGrant).order_by(CampaignGrant.position)):
        shares[share.version_id][share.grant_id] = share.share_bps
    return shares
