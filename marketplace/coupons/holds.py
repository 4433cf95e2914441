"""Keep a coupon for an unpaid order, and let it go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from marketplace.core.db import db
from marketplace.core.money import Won
from marketplace.coupons import budgets, use_limits
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
    person_id: int | None,
    reference: str,
    amount: Won,
    expires_at: datetime,
    at: datetime,
    shares: Mapping[int, Won] | None = None,
    channel: CouponChannel = CouponChannel.ONLINE,
    enterprise_id: int | None = None,
) -> int:
    """
    Keep an amount of a coupon for a reference until a moment; return the redemption's id.

    A redemption that was released is held again, for a payment that arrives late. Whoever holds
    several locks them all before the first. Without shares the grants pay by `budgets.split_use`.

    :raises CouponNotFound, AlreadyUsed, Expired, LimitDay, LimitPerson:
    """
    coupon = lock([coupon_id]).get(coupon_id)
    if coupon is None or coupon.person_id != person_id:
        raise CouponNotFound
    _refuse_unless_spendable(coupon, amount, at)
    version = db.session.get_one(CampaignVersion, coupon.version_id)
    use_limits.refuse_unless_within(
        version_id=version.id,
        campaign_id=coupon.campaign_id,
        person_id=person_id,
        per_day=version.per_day_limit,
        per_month=version.per_month_limit,
        at=at,
    )
    paid_by = _paid_by(coupon, amount, shares, in_parts=version.kind == CouponKind.STORED_VALUE)

    coupon.balance = Won(coupon.balance - amount)
    if version.kind != CouponKind.STORED_VALUE:
        coupon.state = CouponState.HELD
    db.session.flush()
    return _revive(coupon.id, reference, amount, expires_at, at) or _write(
        Redemption(
            coupon_id=coupon.id,
            channel=channel,
            reference=reference,
            enterprise_id=enterprise_id,
            amount=amount,
            state=RedemptionState.HELD,
            held_at=at,
            expires_at=expires_at,
        ),
        paid_by,
    )


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
            coupon.state = free_state(coupon)
    db.session.flush()


def free_state(coupon: Coupon) -> CouponState:
    """Return the state of a coupon that can be spent: a paper coupon's bearer is not known."""
    return CouponState.ISSUED if coupon.person_id is None else CouponState.CLAIMED


def is_stored_value(coupon: Coupon) -> bool:
    """Tell whether a coupon is spent in parts."""
    version = db.session.get_one(CampaignVersion, coupon.version_id)
    return version.kind == CouponKind.STORED_VALUE


def _refuse_unless_spendable(coupon: Coupon, amount: Won, at: datetime) -> None:
    if coupon.state == CouponState.EXPIRED:
        raise Expired
    if coupon.state != free_state(coupon) or amount > coupon.balance:
        raise AlreadyUsed
    if coupon.expires_at is not None and at >= coupon.expires_at:
        raise Expired


def _paid_by(
    coupon: Coupon, amount: Won, shares: Mapping[int, Won] | None, *, in_parts: bool
) -> Mapping[int, Won]:
    if shares is None:
        return budgets.split_use(coupon, amount)
    if sum(shares.values()) != amount:
        raise ValueError(f"shares of coupon {coupon.id} do not sum to {amount}")
    if in_parts:
        # Another order took a part since this one was priced, and with it a grant's last won.
        room = budgets.outstanding([coupon])[coupon.id]
        if any(share > room[grant_id] for grant_id, share in shares.items()):
            raise AlreadyUsed
    return shares


def _revive(
    coupon_id: int, reference: str, amount: Won, expires_at: datetime, at: datetime
) -> int | None:
    return db.session.scalar(
        update(Redemption)
        .where(
            Redemption.coupon_id == coupon_id,
            Redemption.reference == reference,
            Redemption.state == RedemptionState.RELEASED,
            Redemption.amount == amount,
        )
        .values(state=RedemptionState.HELD, held_at=at, expires_at=expires_at, ended_at=None)
        .returning(Redemption.id)
        .execution_options(synchronize_session=False)
    )


def _write(redemption: Redemption, shares: Mapping[int, Won]) -> int:
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
