"""Price the seeded orders with the shop's own pricing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from marketplace.catalog.buyables import Buyable, list_buyable
from marketplace.checkout import pricing
from marketplace.checkout.pricing import Priced, Wanted
from marketplace.core.calendar import day_in_seoul
from marketplace.demo.district.content_timeline import Timeline, of_order
from marketplace.demo.district.load_coupons import Drive
from marketplace.demo.district.load_people import People
from marketplace.demo.district.load_shops import Shops
from marketplace.demo.district.seeds import District, EnterpriseSeed, OrderSeed
from marketplace.enterprises.designations import DesignationKind


@dataclass(frozen=True, kw_only=True)
class PricedOrder:
    """One order with its price and its moments."""

    seed: OrderSeed
    person_id: int
    priced: Priced
    timeline: Timeline


def price_all(
    district: District, people: People, shops: Shops, drives: list[Drive], *, at: datetime
) -> list[PricedOrder]:
    """Price every order as it was on its day; coupons are handed out on the way."""
    ids = [variant for variants in shops.variants for variant in variants]
    buyables = {buyable.variant_id: buyable for buyable in list_buyable(ids, on=at.date())}
    makers = dict(zip(shops.enterprises, district.enterprises, strict=True))
    orders = []
    for seed in district.orders:
        person_id = people.residents[seed.buyer]
        on = day_in_seoul(seed.ordered_at)
        goods = [
            Wanted(
                _as_on(buyables[shops.variants[item.product][item.variant]], makers, on),
                item.quantity,
            )
            for item in seed.items
        ]
        lead_days = max(wanted.buyable.lead_days for wanted in goods)
        timeline = of_order(seed, lead_days=lead_days, now=at)
        priced = _price(seed, goods, person_id, drives, timeline)
        orders.append(PricedOrder(seed=seed, person_id=person_id, priced=priced, timeline=timeline))
    return orders


def _price(
    seed: OrderSeed,
    goods: list[Wanted],
    person_id: int,
    drives: list[Drive],
    timeline: Timeline,
) -> Priced:
    offered = []
    # An order nobody paid has let go of its coupon again: the story is told without it.
    if seed.campaign is not None and timeline.paid_at is not None:
        drive = drives[seed.campaign]
        coupon_id = drive.hand_out(person_id)
        offered.append(drive.offer(coupon_id, person_id, seed.ordered_at))
    return pricing.price(
        goods=goods,
        offered=offered,
        coupon_ids=[coupon.coupon_id for coupon in offered],
        person_id=person_id,
        zone=None,
        at=seed.ordered_at,
    )


def _as_on(buyable: Buyable, makers: dict[int, EnterpriseSeed], on: date) -> Buyable:
    """Return a buyable with the designations its enterprise held on a day."""
    kinds = [
        DesignationKind(held.kind)
        for held in makers[buyable.enterprise_id].designations
        if held.granted_on <= on and (held.expires_on is None or held.expires_on > on)
    ]
    return replace(buyable, designation_kinds=tuple(dict.fromkeys(kinds)))
