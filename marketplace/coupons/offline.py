"""What tills took without network: kept once, whatever became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Select, case, func, select

from marketplace.core.db import db
from marketplace.core.money import Won
from marketplace.coupons.counter_models import (
    CounterDevice,
    CounterUse,
    OfflineOutcome,
    OfflineUse,
)
from marketplace.coupons.models import Campaign, Coupon, Redemption
from marketplace.enterprises.models import Enterprise

__all__ = ["OfflineOutcome"]

_MOST: Final = 200


@dataclass(frozen=True)
class KeptUse:
    """One use without network as staff and its till see it."""

    id: int
    idempotency_key: str
    device_name: str
    enterprise_name: str
    campaign_name: str
    coupon_id: int | None
    amount: Won
    accepted_at: datetime
    received_at: datetime
    outcome: OfflineOutcome
    refusal: str
    shortage: Won


def find(*, device_id: int, key: str) -> KeptUse | None:
    """Return what a device reported under a key before."""
    kept = _list(OfflineUse.device_id == device_id, OfflineUse.idempotency_key == key)
    return kept[0] if kept else None


def is_key_known(*, device_id: int, key: str) -> bool:
    """Tell whether a device's own number was used for anything before."""
    return bool(
        db.session.scalar(
            select(
                select(OfflineUse.id)
                .where(
                    OfflineUse.device_id == device_id,
                    OfflineUse.idempotency_key.startswith(f"{key}:", autoescape=True),
                )
                .exists()
            )
        )
    )


def keep(use: OfflineUse) -> KeptUse:
    """Write one use down and return it."""
    db.session.add(use)
    db.session.flush()
    return _list(OfflineUse.id == use.id)[0]


def counted_against_cap(*, device_id: int, accepted_at: datetime, owed_since: datetime) -> Won:
    """
    Return what of a device's cap is used up at a moment, as far as known.

    That is what it took since it was last heard of, and what the district lately owed for it: or
    every report would open the cap anew for coupons that cannot pay.
    """
    heard_at = (
        select(func.max(OfflineUse.received_at))
        .where(OfflineUse.device_id == device_id, OfflineUse.received_at <= accepted_at)
        .scalar_subquery()
    )
    is_unheard = heard_at.is_(None) | (OfflineUse.accepted_at > heard_at)
    amount = db.session.scalar(
        select(
            func.coalesce(
                func.sum(case((is_unheard, OfflineUse.amount), else_=OfflineUse.shortage)), 0
            )
        ).where(
            OfflineUse.device_id == device_id,
            OfflineUse.outcome != OfflineOutcome.REFUSED,
            is_unheard | (OfflineUse.accepted_at > owed_since),
        )
    )
    return Won(int(amount or 0))


def was_taken_here(
    *, coupon_id: int, enterprise_id: int, token_mark: str, token_used_at: datetime | None
) -> bool:
    """Tell whether a shop took the very token before, without network or with it."""
    reported = (
        select(OfflineUse.id)
        .join(CounterDevice, CounterDevice.id == OfflineUse.device_id)
        .where(
            OfflineUse.coupon_id == coupon_id,
            OfflineUse.outcome != OfflineOutcome.REFUSED,
            OfflineUse.idempotency_key.endswith(f":{token_mark}", autoescape=True),
            CounterDevice.enterprise_id == enterprise_id,
        )
    )
    # With network a use and the end of its token are one moment.
    used = (
        select(CounterUse.redemption_id)
        .join(Redemption, Redemption.id == CounterUse.redemption_id)
        .where(
            Redemption.coupon_id == coupon_id,
            CounterUse.enterprise_id == enterprise_id,
            CounterUse.used_at == token_used_at,
        )
    )
    return bool(db.session.scalar(select(reported.exists() | used.exists())))


def taken_of(coupon_id: int, *, enterprise_id: int) -> Won:
    """Return what a shop took of a coupon without network, but for what was taken back."""
    amount = db.session.scalar(
        select(func.coalesce(func.sum(OfflineUse.amount), 0))
        .join(CounterDevice, CounterDevice.id == OfflineUse.device_id)
        .outerjoin(CounterUse, CounterUse.redemption_id == OfflineUse.redemption_id)
        .where(
            OfflineUse.coupon_id == coupon_id,
            OfflineUse.outcome != OfflineOutcome.REFUSED,
            CounterDevice.enterprise_id == enterprise_id,
            CounterUse.reversed_at.is_(None),
        )
    )
    return Won(int(amount or 0))


def list_troubled() -> list[KeptUse]:
    """Return what was short or refused, newest first, for staff to look into."""
    return _list(OfflineUse.outcome != OfflineOutcome.REDEEMED)


def list_of_enterprise(enterprise_id: int) -> list[KeptUse]:
    """Return what an enterprise's tills reported, newest first."""
    return _list(CounterDevice.enterprise_id == enterprise_id)


def _list(*which: ColumnElement[bool]) -> list[KeptUse]:
    return [_kept(*row) for row in db.session.execute(_uses().where(*which).limit(_MOST))]


def _uses() -> Select[OfflineUse, str, str, str]:
    return (
        select(OfflineUse, CounterDevice.name, Enterprise.name, Campaign.name)
        .join(CounterDevice, CounterDevice.id == OfflineUse.device_id)
        .join(Enterprise, Enterprise.id == CounterDevice.enterprise_id)
        .outerjoin(Coupon, Coupon.id == OfflineUse.coupon_id)
        .outerjoin(Campaign, Campaign.id == Coupon.campaign_id)
        .order_by(OfflineUse.received_at.desc(), OfflineUse.id.desc())
    )


def _kept(
    use: OfflineUse, device_name: str, enterprise_name: str, campaign_name: str | None
) -> KeptUse:
    return KeptUse(
        id=use.id,
        idempotency_key=use.idempotency_key,
        device_name=device_name,
        enterprise_name=enterprise_name,
        campaign_name=campaign_name or "",
        coupon_id=use.coupon_id,
        amount=use.amount,
        accepted_at=use.accepted_at,
        received_at=use.received_at,
        outcome=use.outcome,
        refusal=use.refusal,
        shortage=use.shortage,
    )
