"""Enterprises with numbers, designations and shipping that could be true."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Final

from marketplace.core.money import Won
from marketplace.demo.district import content_places
from marketplace.demo.district.chance import dice
from marketplace.demo.district.content_catalog import Family, Firm, Leaf, families, firms, leaves
from marketplace.demo.district.korean import inflect
from marketplace.demo.district.seeds import (
    DesignationSeed,
    EnterpriseSeed,
    PictureSeed,
    Scene,
    ShippingSeed,
)
from marketplace.enterprises import business_number

MALL_OPENED_ON: Final = date(2024, 3, 4)
_NEWEST_MEMBER: Final = timedelta(days=200)
_PRE_SOCIAL_YEARS: Final = 3
_SIDE_BY_SIDE: Final = 7
_BULKY: Final = frozenset({"김치", "쌀", "뿌리채소", "감귤류", "사과"})
_HEAVY_POST: Final = frozenset({"wood", "fabric"})
_AUTHORITY: Final = {
    "social": "고용노동부",
    "pre_social": "서울특별시",
    "village": "행정안전부",
    "cooperative": "서울특별시",
    "social_cooperative": "고용노동부",
    "self_support": "광진구",
}


def generate(today: date) -> tuple[EnterpriseSeed, ...]:
    """Return the enterprises as they stand on a day."""
    by_slug = {leaf.slug: leaf for leaf in leaves()}
    return tuple(
        _enterprise(firm, by_slug[firm.leaf], number, today) for number, firm in enumerate(firms())
    )


def families_of(firm: Firm) -> tuple[Family, ...]:
    """Return the product families an enterprise makes, as it lists them."""
    by_noun = {family.noun: family for family in families() if family.leaf.slug == firm.leaf}
    return tuple(by_noun[noun] for noun in firm.makes)


def scene_of(family: Family) -> Scene:
    """Return the picture a whole family shares: several pieces of it side by side."""
    return Scene(
        hero=family.second_hero,
        second=family.kinds[0].emoji,
        tint=family.leaf.tint,
        arrangement=_SIDE_BY_SIDE,
    )


def _enterprise(firm: Firm, leaf: Leaf, number: int, today: date) -> EnterpriseSeed:
    chance = dice("enterprise", firm.slug)
    dong = content_places.find(firm.dong)
    place = content_places.address(dong, chance, is_shop=True)
    made = families_of(firm)
    opened = max(MALL_OPENED_ON, date(firm.founded, 9, 1))
    span = max(1, (today - _NEWEST_MEMBER - opened).days)
    story = (
        f"<p>{firm.story}</p><p>{firm.founded}년 {dong.name}에 문을 열었습니다. "
        f"지금은 {firm.representative} 대표와 동료 {chance.randint(3, 24)}명이 함께 일합니다.</p>"
    )
    return EnterpriseSeed(
        slug=firm.slug,
        name=firm.name,
        leaf=firm.leaf,
        tagline=firm.tagline,
        story=story,
        representative=firm.representative,
        business_number=_business_number(chance),
        mail_order_number=f"제{max(firm.founded, 2015)}-서울광진-{300 + number * 7:04d}호",
        phone=f"020{chance.randint(4_500_000, 4_699_999)}",
        email=f"{firm.slug}@senaru.example",
        zip_code=place.zip_code,
        road_address=place.road_address,
        address_detail=place.address_detail,
        dong_code=dong.code,
        joined_on=opened + timedelta(days=chance.randrange(span)),
        accepts_counter_coupons=leaf.top != "service" or chance.random() < 0.5,
        commission_bps=chance.choice((0, 0, 200, 300)),
        designations=_designations(firm, chance, today),
        shipping=_shipping(firm, leaf, chance),
        picture=PictureSeed(
            scene=scene_of(made[0]),
            alt=inflect(f"{firm.name}의 대표 상품인 {made[0].noun}[이] 놓인 탁자"),
        ),
    )


def _business_number(chance: Random) -> str:
    office, kind = chance.randint(101, 620), chance.choice(("81", "82", "86", "87", "88"))
    first_nine = f"{office}{kind}{chance.randint(1, 9999):04d}"
    return f"{first_nine}{business_number.check_digit(first_nine)}"


def _designations(firm: Firm, chance: Random, today: date) -> tuple[DesignationSeed, ...]:
    found = []
    granted_on = date(firm.founded, chance.randint(3, 11), chance.randint(1, 28))
    for position, marked in enumerate(firm.designations):
        kind = marked.rstrip("*!")
        is_last = position == len(firm.designations) - 1
        if kind == "pre_social" and is_last:
            granted_on = today - timedelta(days=chance.randint(180, 900))
        expires_on = _expiry(kind, marked, granted_on, chance, today)
        found.append(
            DesignationSeed(
                kind=kind,
                number=_certificate(kind, granted_on, chance),
                authority=_AUTHORITY[kind],
                granted_on=granted_on,
                expires_on=expires_on,
            )
        )
        granted_on += timedelta(days=chance.randint(420, 1000))
        granted_on = min(granted_on, today - timedelta(days=chance.randint(120, 300)))
    return tuple(found)


def _expiry(kind: str, marked: str, granted_on: date, chance: Random, today: date) -> date | None:
    if marked.endswith("*"):
        return today + timedelta(days=chance.randint(9, 55))
    if marked.endswith("!"):
        return today - timedelta(days=24)
    if kind == "pre_social":
        return granted_on.replace(year=granted_on.year + _PRE_SOCIAL_YEARS, day=1)
    return None


def _certificate(kind: str, granted_on: date, chance: Random) -> str:
    year, serial = granted_on.year, chance.randint(2, 180)
    match kind:
        case "social":
            return f"제{year}-{serial:03d}호"
        case "pre_social":
            return f"서울형 제{year}-{serial}호"
        case "village":
            return f"{year}년 {1 + serial % 2}차-{serial % 40 + 1:02d}"
        case "cooperative":
            return f"서울{year}-{serial + 1000:05d}"
        case "social_cooperative":
            return f"고용노동부 제{year}-{serial:02d}호"
        case _:
            return f"광진자활-{year}-{serial % 20 + 1:02d}"


def _shipping(firm: Firm, leaf: Leaf, chance: Random) -> ShippingSeed:
    if leaf.top == "service":
        return _policy("현장에서 함께하는 서비스", "free", remote=False)
    if set(firm.makes) & _BULKY:
        return _policy("무거운 상품", "per_quantity", fee=3500, units=2)
    if leaf.slug in _HEAVY_POST and chance.random() < 0.5:
        return _policy("부피 큰 상품", "paid", fee=5000)
    if chance.random() < 0.16:
        return _policy("모든 주문 무료배송", "free")
    if chance.random() < 0.2:
        return _policy("기본 배송", "paid", fee=chance.choice((2500, 3000)))
    return _policy(
        "기본 배송",
        "conditional_free",
        fee=chance.choice((2500, 3000, 3000, 3500)),
        free_over=chance.choice((20000, 30000, 30000, 40000, 50000)),
    )


def _policy(
    name: str,
    kind: str,
    *,
    fee: int = 0,
    free_over: int | None = None,
    units: int | None = None,
    remote: bool = True,
) -> ShippingSeed:
    return ShippingSeed(
        name=name,
        kind=kind,
        fee=Won(fee),
        free_over=None if free_over is None else Won(free_over),
        fee_per_units=units,
        jeju_surcharge=Won(3000 if remote else 0),
        island_surcharge=Won(5000 if remote else 0),
        return_fee=Won(max(fee, 3000) if remote else 0),
    )
