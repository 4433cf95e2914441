"""What a coupon's rules say to a till: whether it can be used there now, and for how much."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from sqlalchemy import select

from marketplace.core.calendar import SEOUL, day_in_seoul
from marketplace.core.db import db
from marketplace.core.errors import InvalidInput
from marketplace.core.money import Won, part_of
from marketplace.coupons import holds, hours, receipts, tokens
from marketplace.coupons.models import (
    Campaign,
    CampaignStatus,
    CampaignVersion,
    Coupon,
    CouponChannel,
    CouponKind,
    CouponState,
)
from marketplace.coupons.refusals import (
    AlreadyUsed,
    BudgetExhausted,
    CouponNotFound,
    CouponRefused,
    Ended,
    Expired,
    NotStarted,
)
from marketplace.coupons.tokens import TokenExpired, WrongChannel
from marketplace.enterprises import designations
from marketplace.enterprises.models import Enterprise, EnterpriseStatus

__all__ = [
    "BelowMinimum",
    "CouponAtTill",
    "CouponChannel",
    "CouponKind",
    "EnterpriseNotJoined",
    "OutOfScope",
    "OverBalance",
    "UsedBefore",
    "amount_to_take",
    "list_versions_taken",
    "lock",
    "look",
    "refuse_unless_earned",
    "refuse_unless_for",
    "refuse_unless_shown_by_holder",
    "refuse_unless_usable",
]


class EnterpriseNotJoined(CouponRefused):
    """The campaign's coupons are not for this shop."""

    refusal = "enterprise_not_joined"
    message = "{name} 쿠폰은 우리 가게에서 받지 않습니다. 쓸 수 있는 가게는 쿠폰에 적혀 있습니다."


class OutOfScope(CouponRefused):
    """The coupon is for certain products, which a till cannot check."""

    refusal = "out_of_scope"
    message = "{name} 쿠폰은 정해진 상품에만 쓸 수 있어 온라인 주문에서만 받습니다."


class UsePaused(CouponRefused):
    """The office paused the campaign."""

    refusal = "paused"
    message = "{name} 쿠폰은 지금 사용이 멈춰 있습니다. 구청 담당자에게 문의해 주세요."


class OutsideHours(CouponRefused):
    """The campaign's coupons are not used at this time of the week."""

    refusal = "not_started"
    message = "{name} 쿠폰은 {hours} 쓸 수 있습니다."


class Revoked(CouponRefused):
    """The office took the coupon back."""

    refusal = "reversed"
    message = "회수된 쿠폰이라 쓸 수 없습니다."


class UsedBefore(AlreadyUsed):
    """The coupon was spent before, and this is when and where."""

    message = "이미 사용한 쿠폰입니다. {when}, {place}에서 썼습니다."


class BelowMinimum(CouponRefused):
    """The purchase is too small for the coupon."""

    refusal = "below_minimum"
    message = (
        "{minimum:,}원 이상 살 때 쓰는 쿠폰입니다. 구매 금액 {purchase:,}원에는 쓸 수 없습니다."
    )


class OverBalance(CouponRefused):
    """More was asked for than the coupon still holds."""

    refusal = "over_balance"
    message = "남은 금액은 {balance:,}원입니다. {asked:,}원은 쓸 수 없습니다."


class NothingToTake(CouponRefused):
    """The coupon takes nothing off this purchase."""

    refusal = "no_effect"
    message = "이 구매 금액에서는 할인되는 금액이 없습니다."


class AmountMissing(InvalidInput):
    """The amount is missing, or no amount of money."""

    message = "금액을 1원 이상 넣어 주세요."


@dataclass(frozen=True)
class CouponAtTill:
    """A coupon with the rules it was issued under."""

    coupon: Coupon
    version: CampaignVersion
    campaign: Campaign

    @property
    def is_in_parts(self) -> bool:
        """Tell whether any part of it can be spent."""
        return self.version.kind == CouponKind.STORED_VALUE

    @property
    def most(self) -> Won:
        """Return the most it can take off."""
        return Won(min(self.coupon.balance, self.version.max_discount or self.coupon.balance))

    @property
    def expires_at(self) -> datetime:
        """Return when it ends; paper that nobody claimed ends with its campaign."""
        if self.coupon.expires_at is not None:
            return self.coupon.expires_at
        return min(self.campaign.ends_at, self.version.valid_until or self.campaign.ends_at)


def lock(coupon_id: int) -> CouponAtTill:
    """
    Lock a coupon and return it with its rules.

    :raises CouponNotFound:
    """
    coupon = holds.lock([coupon_id]).get(coupon_id)
    if coupon is None:
        raise CouponNotFound
    return _with_rules(coupon)


def look(coupon_id: int) -> CouponAtTill:
    """
    Return a coupon with its rules.

    :raises CouponNotFound:
    """
    coupon = db.session.get(Coupon, coupon_id, populate_existing=True)
    if coupon is None:
        raise CouponNotFound
    return _with_rules(coupon)


def refuse_unless_for(at_till: CouponAtTill, *, enterprise_id: int, at: datetime) -> None:
    """
    Refuse a coupon this shop does not take, whatever its state.

    :raises WrongChannel, EnterpriseNotJoined, OutOfScope:
    """
    if not tokens.is_for_counters(at_till.version):
        raise WrongChannel
    if not _is_joined(at_till.version, enterprise_id, at):
        raise EnterpriseNotJoined(name=at_till.campaign.name)
    scope = at_till.version.scope
    if scope.get("products") or scope.get("categories"):
        raise OutOfScope(name=at_till.campaign.name)


def refuse_unless_shown_by_holder(at_till: CouponAtTill, *, shown_at: datetime | None) -> None:
    """
    Refuse a QR of whoever had the coupon before it was given back; paper knows no holder.

    :raises TokenExpired:
    """
    claimed_at = at_till.coupon.claimed_at
    if shown_at is not None and (claimed_at is None or shown_at < claimed_at):
        raise TokenExpired


def refuse_unless_usable(at_till: CouponAtTill, *, at: datetime) -> None:
    """
    Refuse a coupon that cannot be used at a moment, anywhere.

    :raises UsePaused, Revoked, UsedBefore, AlreadyUsed, Expired, NotStarted, Ended, OutsideHours:
    """
    campaign, coupon = at_till.campaign, at_till.coupon
    if campaign.status == CampaignStatus.PAUSED:
        raise UsePaused(name=campaign.name)
    _refuse_spent(coupon)
    if coupon.state == CouponState.EXPIRED or at >= at_till.expires_at:
        raise Expired
    if coupon.person_id is None:
        _refuse_unless_running(campaign, at)
    _refuse_outside_hours(at_till, at)


def amount_to_take(
    at_till: CouponAtTill, *, amount: Won | None, purchase_amount: Won | None
) -> Won:
    """
    Return what a use takes: any part of a stored value, else what the purchase earns.

    :raises AmountMissing, BelowMinimum, OverBalance, BudgetExhausted, NothingToTake:
    """
    asked = amount if at_till.is_in_parts else purchase_amount
    if asked is None or asked < 1 or (purchase_amount is not None and purchase_amount < 1):
        raise AmountMissing
    purchase = asked if purchase_amount is None else purchase_amount
    minimum = at_till.version.min_order
    if purchase < minimum:
        raise BelowMinimum(minimum=minimum, purchase=purchase)
    if at_till.is_in_parts:
        balance = at_till.coupon.balance
        if asked > balance:
            raise OverBalance(balance=balance, asked=asked)
        return Won(min(asked, purchase))
    return _whole(at_till, purchase)


def refuse_unless_earned(
    at_till: CouponAtTill, *, taken: Won, purchase_amount: Won | None, at: datetime
) -> None:
    """
    Refuse what a till without network took against the rules it could know.

    :raises OutsideHours, BelowMinimum, OverBalance:
    """
    version, purchase = at_till.version, purchase_amount or taken
    _refuse_outside_hours(at_till, at)
    if purchase < version.min_order:
        raise BelowMinimum(minimum=version.min_order, purchase=purchase)
    most = version.worst_case if at_till.is_in_parts else _earned(version, purchase)
    most = min(most, version.worst_case, purchase)
    if taken > most:
        raise OverBalance(balance=most, asked=taken)


def list_versions_taken(*, enterprise_id: int, at: datetime) -> list[int]:
    """Return the rules whose coupons a shop takes, for its tills to know without network."""
    found = db.session.scalars(
        select(CampaignVersion)
        .join(Campaign, Campaign.id == CampaignVersion.campaign_id)
        .where(
            Campaign.status.in_([CampaignStatus.RUNNING, CampaignStatus.ENDED]),
            CampaignVersion.channel != CouponChannel.ONLINE,
        )
        .order_by(CampaignVersion.id)
    ).all()
    return [
        version.id
        for version in found
        if tokens.is_for_counters(version)
        and not (version.scope.get("products") or version.scope.get("categories"))
        and _is_joined(version, enterprise_id, at)
    ]


def _with_rules(coupon: Coupon) -> CouponAtTill:
    return CouponAtTill(
        coupon,
        db.session.get_one(CampaignVersion, coupon.version_id),
        db.session.get_one(Campaign, coupon.campaign_id, populate_existing=True),
    )


def _is_joined(version: CampaignVersion, enterprise_id: int, at: datetime) -> bool:
    enterprise = db.session.get(Enterprise, enterprise_id)
    if enterprise is None or enterprise.status != EnterpriseStatus.ACTIVE:
        return False
    if not enterprise.accepts_counter_coupons:
        return False
    named = version.scope.get("enterprises")
    if named and enterprise_id not in named:
        return False
    kinds = version.scope.get("kinds")
    if not kinds:
        return True
    held = designations.kinds_by_enterprise([enterprise_id], on=day_in_seoul(at))
    return not set(map(str, kinds)).isdisjoint(map(str, held.get(enterprise_id, [])))


def _refuse_outside_hours(at_till: CouponAtTill, at: datetime) -> None:
    its_hours = at_till.version.hours
    if not hours.is_within(its_hours, at):
        raise OutsideHours(name=at_till.campaign.name, hours=hours.said(its_hours))


def _refuse_spent(coupon: Coupon) -> None:
    if coupon.state == CouponState.REVOKED:
        raise Revoked
    if coupon.state == CouponState.HELD:
        raise AlreadyUsed
    if coupon.state == CouponState.REDEEMED:
        last = receipts.find_last_use(coupon.id)
        if last is None:
            raise AlreadyUsed
        when = last.used_at.astimezone(SEOUL)
        raise UsedBefore(when=f"{when:%m월 %d일 %H:%M}", place=last.place)


def _refuse_unless_running(campaign: Campaign, at: datetime) -> None:
    if at < campaign.starts_at:
        starts = campaign.starts_at.astimezone(SEOUL)
        raise NotStarted(name=campaign.name, starts=f"{starts:%Y.%m.%d. %H:%M}")
    if campaign.status != CampaignStatus.RUNNING:
        raise Ended(name=campaign.name)


def _whole(at_till: CouponAtTill, purchase: Won) -> Won:
    version, balance = at_till.version, at_till.coupon.balance
    taken = Won(min(_earned(version, purchase), purchase))
    if taken > balance:
        # It came back after its grants had been spent elsewhere.
        if not version.clip_over_budget:
            raise BudgetExhausted(name=at_till.campaign.name)
        taken = balance
    if taken < 1:
        raise NothingToTake
    return taken


def _earned(version: CampaignVersion, purchase: Won) -> Won:
    if version.kind != CouponKind.PERCENT:
        return Won(version.amount or 0)
    rate = Fraction(version.rate_bps or 0, 100)
    part = part_of(purchase, rate, unit=version.round_unit)
    return part if version.max_discount is None else Won(min(part, version.max_discount))
