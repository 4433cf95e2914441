"""Keep a coupon for an unpaid order, and let it go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from marketplace.core.db import db
from marketplace.core.money import Won
from marketplace.coupons.models import (
    CampaignVersion,
    Coupon,
    CouponChannel,
    CouponKind,
    CouponState,
    Redemption,
    RedemptionShare,
    RedemptionState,
)
from marketplace.coupons.refusals import AlreadyUsed, CouponNotFound, Expired


def lock(coupon_ids: Sequence[int]) -> dict[int, Coupon]:
    """Lock coupons in the one order everybody uses, as they stand now."""
    found = db.session.scalars(
        select(Coupon)
        .where(Coupon.id.in_(sorted(coupon_ids)))
        .order_by(Coupon.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {coupon.id: coupon for coupon in found}


def lock_of(reference: str) -> list[Redemption]:
    """Lock the coupons used by a reference and return its redemptions as they stand now."""
    uses = select(Redemption).where(Redemption.reference == reference).order_by(Redemption.id)
    coupon_ids = {use.coupon_id for use in db.session.scalars(uses)}
    if not coupon_ids:
        return []
    lock(sorted(coupon_ids))
    return list(db.session.scalars(uses.execution_options(populate_existing=True)))


def hold(
    *,
    coupon_id: int,
    person_id: int,
    reference: str,
    amount: Won,
    shares: Mapping[int, Won],
    expires_at: datetime,
    at: datetime,
) -> int:
    """
    Keep an amount of a coupon for a reference until a moment; return the redemption's id.

    A redemption that was released is held again, for a payment that arrives late.

    :raises CouponNotFound, AlreadyUsed, Expired:
    """
    if sum(shares.values()) != amount:
        raise ValueError(f"shares of coupon {coupon_id} do not sum to {amount}")
    coupon = lock([coupon_id]).get(coupon_id)
    if coupon is None or coupon.person_id != person_id:
        raise CouponNotFound
    _refuse_unless_spendable(coupon, amount, at)

    # Asked before anything changes, so that one statement writes both columns.
    is_spent_whole = not is_stored_value(coupon)
    coupon.balance = Won(coupon.balance - amount)
    if is_spent_whole:
        coupon.state = CouponState.HELD
    db.session.flush()
    return _write(coupon, reference, amount, shares, expires_at, at)


def release(*, reference: str, at: datetime) -> None:
    """Let go of every coupon a reference holds."""
    for use in lock_of(reference):
        if use.state != RedemptionState.HELD:
            continue
        use.state = RedemptionState.RELEASED
        use.ended_at = at
        coupon = db.session.get_one(Coupon, use.coupon_id)
        coupon.balance = Won(coupon.balance + use.amount)
        if coupon.state == CouponState.HELD:
            coupon.state = CouponState.CLAIMED
    db.session.flush()


def is_stored_value(coupon: Coupon) -> bool:
    """Tell whether a coupon is spent in parts."""
    version = db.session.get_one(CampaignVersion, coupon.version_id)
    return version.kind == CouponKind.STORED_VALUE


def _refuse_unless_spendable(coupon: Coupon, amount: Won, at: datetime) -> None:
    if coupon.state == CouponState.EXPIRED:
        raise Expired
    if coupon.state != CouponState.CLAIMED or amount > coupon.balance:
        raise AlreadyUsed
    if coupon.expires_at is not None and at >= coupon.expires_at:
        raise Expired


def _write(
    coupon: Coupon,
    reference: str,
    amount: Won,
    shares: Mapping[int, Won],
    expires_at: datetime,
    at: datetime,
) -> int:
    revived = db.session.scalar(
        update(Redemption)
        .where(
            Redemption.coupon_id == coupon.id,
            Redemption.reference == reference,
            Redemption.state == RedemptionState.RELEASED,
            Redemption.amount == amount,
        )
        .values(state=RedemptionState.HELD, held_at=at, expires_at=expires_at, ended_at=None)
        .returning(Redemption.id)
        .execution_options(synchronize_session=False)
    )
    if revived is not None:
        return revived
    redemption = Redemption(
        coupon_id=coupon.id,
        channel=CouponChannel.ONLINE,
        reference=reference,
        amount=amount,
        state=RedemptionState.HELD,
        held_at=at,
        expires_at=expires_at,
    )
    db.session.add(redemption)
    db.session.flush()
    db.session.execute(
        insert(RedemptionShare).values(
            [
                {"redemption_id": redemption.id, "grant_id": grant_id, "amount": share}
                for grant_id, share in sorted(shares.items())
            ]
        )
    )
    return redemption.id
