"""Receipts of what was spent at tills, and of what was taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import aliased

from marketplace.accounts.models import Person
from marketplace.core import masking
from marketplace.core.db import db
from marketplace.core.errors import NotFound
from marketplace.core.money import Won
from marketplace.coupons import use_limits
from marketplace.coupons.counter_models import CounterUse, UseMethod
from marketplace.coupons.models import (
    Campaign,
    CampaignVersion,
    Coupon,
    CouponKind,
    Redemption,
    RedemptionState,
)
from marketplace.enterprises.models import Enterprise

ONLINE: Final = "온라인 주문"
_MOST: Final = 200


class ReceiptNotFound(NotFound):
    """No such receipt, or not one this person may see."""

    message = "영수증을 찾을 수 없습니다. 승인 번호를 확인해 주세요."


@dataclass(frozen=True)
class Receipt:
    """One use at a till; `left` is what the coupon holds now, `holder` is masked."""

    redemption_id: int
    number: str
    coupon_id: int
    enterprise_id: int
    enterprise_name: str
    campaign_name: str
    kind: CouponKind
    method: UseMethod
    amount: Won
    purchase_amount: Won | None
    left: Won
    person_id: int | None
    holder: str
    cashier: str
    used_at: datetime
    reversed_at: datetime | None
    reverse_reason: str

    @property
    def is_in_parts(self) -> bool:
        """Tell whether the coupon is spent in parts."""
        return self.kind == CouponKind.STORED_VALUE

    @property
    def shown_number(self) -> str:
        """Return the number in groups people can read out."""
        return " ".join([self.number[:8], *(self.number[i : i + 4] for i in (8, 12))])


@dataclass(frozen=True)
class LastUse:
    """When and where a coupon was last used."""

    used_at: datetime
    place: str


@dataclass(frozen=True)
class DayTotal:
    """What a till took in a day, without what was taken back."""

    count: int
    amount: Won


def find_by_key(*, enterprise_id: int, key: str) -> Receipt | None:
    """Return what an enterprise did under an idempotency key."""
    return next(
        iter(_list(CounterUse.enterprise_id == enterprise_id, CounterUse.idempotency_key == key)),
        None,
    )


def get(number: str, *, enterprise_id: int | None = None) -> Receipt:
    """
    Return one receipt, of this enterprise if one is named.

    :raises ReceiptNotFound:
    """
    which = [CounterUse.receipt_number == number]
    if enterprise_id is not None:
        which.append(CounterUse.enterprise_id == enterprise_id)
    for receipt in _list(*which):
        return receipt
    raise ReceiptNotFound


def get_by_redemption(redemption_id: int) -> Receipt:
    """
    Return the receipt of one redemption.

    :raises ReceiptNotFound:
    """
    for receipt in _list(CounterUse.redemption_id == redemption_id):
        return receipt
    raise ReceiptNotFound


def list_day(*, enterprise_id: int, at: datetime) -> list[Receipt]:
    """Return what an enterprise's tills took on the day of a moment in Seoul, newest first."""
    begins, ends = use_limits.day_of(at)
    return _list(
        CounterUse.enterprise_id == enterprise_id,
        CounterUse.used_at >= begins,
        CounterUse.used_at < ends,
        most=None,
    )


def total_of(receipts: Sequence[Receipt]) -> DayTotal:
    """Add up receipts that stand."""
    standing = [receipt.amount for receipt in receipts if receipt.reversed_at is None]
    return DayTotal(len(standing), Won(sum(standing)))


def list_of_person(*, person_id: int, coupon_id: int | None = None) -> list[Receipt]:
    """Return what a person used at tills, newest first."""
    which = [Coupon.person_id == person_id]
    if coupon_id is not None:
        which.append(Coupon.id == coupon_id)
    return _list(*which)


def list_newest(*, enterprise_id: int | None = None) -> list[Receipt]:
    """Return the newest receipts of all enterprises, or of one."""
    if enterprise_id is None:
        return _list()
    return _list(CounterUse.enterprise_id == enterprise_id)


def find_last_use(coupon_id: int) -> LastUse | None:
    """Return when and where a coupon was last used and not reversed."""
    row = db.session.execute(
        select(Redemption.redeemed_at, Redemption.held_at, Enterprise.name)
        .outerjoin(CounterUse, CounterUse.redemption_id == Redemption.id)
        .outerjoin(Enterprise, Enterprise.id == CounterUse.enterprise_id)
        .where(
            Redemption.coupon_id == coupon_id,
            Redemption.state.in_([RedemptionState.HELD, RedemptionState.REDEEMED]),
        )
        .order_by(Redemption.id.desc())
        .limit(1)
    ).one_or_none()
    return row and LastUse(row.redeemed_at or row.held_at, row.name or ONLINE)


def _list(*which: ColumnElement[bool], most: int | None = _MOST) -> list[Receipt]:
    rows = db.session.execute(_receipts().where(*which).limit(most))
    return [_receipt(*row) for row in rows]


def _receipts() -> Select[CounterUse, Won, Coupon, str, CouponKind, str, str, str]:
    holder, cashier = aliased(Person), aliased(Person)
    return (
        select(
            CounterUse,
            Redemption.amount,
            Coupon,
            Campaign.name,
            CampaignVersion.kind,
            Enterprise.name,
            holder.name,
            cashier.name,
        )
        .join(Redemption, Redemption.id == CounterUse.redemption_id)
        .join(Coupon, Coupon.id == Redemption.coupon_id)
        .join(Campaign, Campaign.id == Coupon.campaign_id)
        .join(CampaignVersion, CampaignVersion.id == Coupon.version_id)
        .join(Enterprise, Enterprise.id == CounterUse.enterprise_id)
        .join(cashier, cashier.id == CounterUse.cashier_id)
        .outerjoin(holder, holder.id == Coupon.person_id)
        .order_by(CounterUse.used_at.desc(), CounterUse.redemption_id.desc())
        .execution_options(populate_existing=True)
    )


def _receipt(
    use: CounterUse,
    amount: Won,
    coupon: Coupon,
    campaign_name: str,
    kind: CouponKind,
    enterprise_name: str,
    holder: str | None,
    cashier: str,
) -> Receipt:
    return Receipt(
        redemption_id=use.redemption_id,
        number=use.receipt_number,
        coupon_id=coupon.id,
        enterprise_id=use.enterprise_id,
        enterprise_name=enterprise_name,
        campaign_name=campaign_name,
        kind=kind,
        method=use.method,
        amount=amount,
        purchase_amount=use.purchase_amount,
        left=coupon.balance,
        person_id=coupon.person_id,
        holder=masking.name(holder) if holder else "",
        cashier=masking.name(cashier),
        used_at=use.used_at,
        reversed_at=use.reversed_at,
        reverse_reason=use.reverse_reason,
    )
