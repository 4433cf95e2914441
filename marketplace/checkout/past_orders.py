"""Past orders as the price engine needs them, read in a few queries however many they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select

from marketplace.accounts import verification
from marketplace.accounts.verification import Facts
from marketplace.catalog.buyables import Buyable, RemoteZone, ShippingKind, list_buyable
from marketplace.checkout import references
from marketplace.checkout.pricing import Wanted
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import db
from marketplace.core.money import Won
from marketplace.coupons.models import (
    Campaign,
    CampaignGrant,
    CampaignVersion,
    Coupon,
    CouponKind,
    Funder,
    Grant,
    Redemption,
)
from marketplace.coupons.offers import CampaignStatus, CouponState, GrantShare, OfferedCoupon
from marketplace.enterprises.designations import DesignationKind
from marketplace.orders.models import Bundle, Line, LineStatus, Order, SalesChannel

# Frozen shipping is asked as a plain fee with a surcharge, whatever the address was.
ZONE: Final = RemoteZone.JEJU
_GIVEN_BACK: Final = (LineStatus.CANCELED, LineStatus.RETURNED)


@dataclass(frozen=True, kw_only=True)
class PastOrder:
    """One paid order with its prices, shipping and coupons of that moment."""

    id: int
    number: str
    person_id: int | None
    ordered_at: datetime
    gross: Won
    coupon_total: Won
    goods: tuple[Wanted, ...]
    coupons: tuple[OfferedCoupon, ...]
    is_first: bool


@dataclass(frozen=True, kw_only=True)
class Past:
    """The newest orders of a period, oldest first, and who bought."""

    orders: Sequence[PastOrder]
    # How many the period has, of which only the newest are here.
    total: int
    facts: Mapping[int, Facts]


def load(*, start: datetime, end: datetime, most: int, at: datetime) -> Past:
    """Return the newest paid orders of the own mall in a period that were not given back."""
    kept = (
        select(Line.id)
        .where(Line.order_id == Order.id, Line.status.not_in(_GIVEN_BACK))
        .correlate(Order)
        .exists()
    )
    in_period = (
        Order.channel == SalesChannel.OWN_MALL,
        Order.paid_at.is_not(None),
        Order.ordered_at >= start,
        Order.ordered_at < end,
        kept,
    )
    total = db.session.scalar(select(func.count()).select_from(Order).where(*in_period)) or 0
    found = db.session.scalars(
        select(Order)
        .where(*in_period)
        .order_by(Order.ordered_at.desc(), Order.id.desc())
        .limit(most)
    ).all()
    orders = sorted(found, key=lambda order: (order.ordered_at, order.id))
    ids = [order.id for order in orders]
    goods, coupons, firsts = _goods(ids, at), _coupons(orders), _first_orders(orders)
    people = {order.person_id for order in orders if order.person_id is not None}
    return Past(
        orders=[
            PastOrder(
                id=order.id,
                number=order.number,
                person_id=order.person_id,
                ordered_at=order.ordered_at,
                gross=order.gross_total,
                coupon_total=order.coupon_total,
                goods=tuple(goods.get(order.id, ())),
                coupons=tuple(coupons.get(order.id, ())),
                is_first=order.id in firsts,
            )
            for order in orders
        ],
        total=total,
        facts=verification.list_facts(person_ids=people, at=at) if people else {},
    )


def _goods(order_ids: Sequence[int], at: datetime) -> dict[int, list[Wanted]]:
    rows = db.session.execute(
        select(Line, Bundle.shipping_fee, Bundle.surcharge)
        .join(Bundle, Bundle.id == Line.bundle_id)
        .where(Line.order_id.in_(order_ids))
        .order_by(Line.order_id, Line.position)
    ).all()
    variants = {line.variant_id for line, *_ in rows}
    buyables = {
        buyable.variant_id: buyable for buyable in list_buyable(variants, on=day_in_seoul(at))
    }
    goods: dict[int, list[Wanted]] = {}
    for line, fee, surcharge in rows:
        bought = _as_bought(buyables[line.variant_id], line, fee, surcharge)
        goods.setdefault(line.order_id, []).append(Wanted(bought, line.quantity))
    return goods


def _as_bought(buyable: Buyable, line: Line, fee: Won, surcharge: Won) -> Buyable:
    return replace(
        buyable,
        unit_price=line.unit_price,
        consumer_price=Won(max(buyable.consumer_price, line.unit_price)),
        designation_kinds=tuple(DesignationKind(kind) for kind in line.designation_kinds),
        shipping_policy=replace(
            buyable.shipping_policy,
            kind=ShippingKind.PAID,
            fee=fee,
            free_over=None,
            fee_per_units=None,
            jeju_surcharge=surcharge,
        ),
    )


def _first_orders(orders: Sequence[Order]) -> set[int]:
    """Return those orders before which their person had bought nothing."""
    people = {order.person_id for order in orders if order.person_id is not None}
    if not people:
        return set()
    place = func.row_number().over(
        partition_by=Order.person_id, order_by=(Order.ordered_at, Order.id)
    )
    ranked = (
        select(Order.id, place.label("place"))
        .where(Order.person_id.in_(people), Order.paid_at.is_not(None))
        .subquery()
    )
    return set(db.session.scalars(select(ranked.c.id).where(ranked.c.place == 1)))


def _coupons(orders: Sequence[Order]) -> dict[int, list[OfferedCoupon]]:
    """Return the coupons each order was paid with, as they were before it."""
    with_coupons = {
        references.of_order(order.id): order for order in orders if order.coupon_total > 0
    }
    if not with_coupons:
        return {}
    rows = db.session.execute(
        select(Redemption, Coupon, CampaignVersion, Campaign)
        .join(Coupon, Coupon.id == Redemption.coupon_id)
        .join(CampaignVersion, CampaignVersion.id == Coupon.version_id)
        .join(Campaign, Campaign.id == Coupon.campaign_id)
        .where(Redemption.reference.in_(list(with_coupons)), Redemption.redeemed_at.is_not(None))
        .order_by(Redemption.id)
    ).all()
    grants = _grants({version.id for _, _, version, _ in rows})
    coupons: dict[int, list[OfferedCoupon]] = {}
    for redemption, coupon, version, campaign in rows:
        order = with_coupons[redemption.reference]
        if order.person_id is not None:
            spent = _as_spent(
                redemption,
                coupon,
                version,
                campaign,
                order.person_id,
                order.ordered_at,
                grants[version.id],
            )
            coupons.setdefault(order.id, []).append(spent)
    return coupons


def _grants(version_ids: set[int]) -> dict[int, tuple[GrantShare, ...]]:
    rows = db.session.execute(
        select(CampaignGrant.version_id, Grant.id, Funder.kind, CampaignGrant.share_bps)
        .join(Grant, Grant.id == CampaignGrant.grant_id)
        .join(Funder, Funder.id == Grant.funder_id)
        .where(CampaignGrant.version_id.in_(version_ids))
        .order_by(CampaignGrant.version_id, CampaignGrant.position)
    )
    grants: dict[int, tuple[GrantShare, ...]] = {}
    for version_id, grant_id, kind, bps in rows:
        share = GrantShare(grant_id, kind, bps)
        grants[version_id] = (*grants.get(version_id, ()), share)
    return grants


def _as_spent(
    redemption: Redemption,
    coupon: Coupon,
    version: CampaignVersion,
    campaign: Campaign,
    person_id: int,
    at: datetime,
    grants: tuple[GrantShare, ...],
) -> OfferedCoupon:
    is_voucher = version.kind is CouponKind.STORED_VALUE
    return OfferedCoupon(
        coupon_id=coupon.id,
        person_id=person_id,
        campaign_id=campaign.id,
        campaign_slug=campaign.slug,
        campaign_name=campaign.name,
        campaign_status=CampaignStatus.RUNNING,
        state=CouponState.CLAIMED,
        # What a voucher had left then is not kept: it pays again what it paid.
        balance=redemption.amount if is_voucher else version.worst_case,
        claimed_at=at,
        expires_at=at + timedelta(days=1),
        grants=grants,
        **terms_of(version),
    )


def terms_of(rules: Any) -> dict[str, Any]:
    """Return the part of a coupon's terms that is the same in a version and in written rules."""
    return {
        "kind": rules.kind,
        "amount": rules.amount,
        "rate_bps": rules.rate_bps,
        "max_discount": rules.max_discount,
        "worst_case": rules.worst_case,
        "round_unit": rules.round_unit,
        "min_order": rules.min_order,
        "channel": rules.channel,
        "scope": rules.scope,
        "hours": rules.hours,
        "stack_group": rules.stack_group,
        "exclusive": rules.exclusive,
        "priority": rules.priority,
        "min_order_after_previous": rules.min_order_after_previous,
        "clip_over_budget": rules.clip_over_budget,
    }
