"""Products: every kind of every family an enterprise makes, and boxes of several of them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final

from marketplace.core.money import Won
from marketplace.demo.district import content_notices
from marketplace.demo.district.chance import dice
from marketplace.demo.district.content_catalog import Family, Firm, Kind, firms
from marketplace.demo.district.content_enterprises import families_of, scene_of
from marketplace.demo.district.korean import inflect
from marketplace.demo.district.seeds import (
    EnterpriseSeed,
    PictureSeed,
    ProductSeed,
    Scene,
    VariantSeed,
)

# Leaves whose makers also sell a box of several of their goods, and those who sell two.
_TWICE_BOXED: Final = frozenset({"ricecake", "honey", "tea", "health", "soap", "jang"})
_BOXED: Final = _TWICE_BOXED | {
    *("bread", "mealkit", "fruit", "grain", "cosmetic", "candle", "zerowaste", "kitchen"),
    *("accessory", "pottery", "toy", "pet", "stationery"),
}
_BOX_NAMES: Final = ("이야기 상자", "명절 선물세트")
_GIFT_TAGS: Final = frozenset({"선물", "명절", "답례품", "추석", "결혼선물", "입학선물"})
_ARRANGEMENTS: Final = 7
_BOX_PARTS: Final = 3
_YEAR: Final = 365
_CLOSINGS: Final = {
    "food": (
        "주문이 들어온 뒤 만들어 남기지 않습니다.",
        "원재료를 들여온 곳은 가게 벽에 모두 적어 두었습니다.",
        "알레르기가 있으면 주문 전에 전화로 물어봐 주세요.",
    ),
    "farm": (
        "그날 거두지 못하면 다음 날 보내고 미리 알려 드립니다.",
        "농부가 정한 값을 깎지 않고 사 옵니다.",
        "받아 보고 상한 것이 있으면 사진만 보내 주세요.",
    ),
    "service": (
        "일하는 사람의 이름을 미리 알려 드립니다.",
        "끝난 뒤 함께 확인하고 서명을 받습니다.",
        "불편한 점은 담당자가 그날 바로 전화드립니다.",
    ),
    "goods": (
        "포장은 종이와 끈만 씁니다.",
        "고장 나거나 해지면 고쳐 드립니다.",
        "만든 사람의 이름을 적은 쪽지가 함께 갑니다.",
    ),
}
_GROUP: Final = {"food": "food", "sweet": "food", "farm": "farm", "service": "service"}
# How much of a top category people buy, compared with food.
_DEMAND: Final = {"food": 10, "sweet": 9, "farm": 8, "living": 6, "service": 1}


@dataclass(frozen=True, kw_only=True, slots=True)
class Maker:
    """An enterprise and what the hand-written list says of it."""

    firm: Firm
    seed: EnterpriseSeed


def generate(enterprises: tuple[EnterpriseSeed, ...], at: datetime) -> tuple[ProductSeed, ...]:
    """Return every product of every enterprise."""
    products: list[ProductSeed] = []
    for firm, seed in zip(firms(), enterprises, strict=True):
        maker = Maker(firm=firm, seed=seed)
        made = families_of(firm)
        own: list[ProductSeed] = []
        for family in made:
            for kind in family.kinds:
                number = len(products) + len(own)
                own.append(_product(maker, family, kind, number, at))
        products += own
        for box in range(_box_count(firm)):
            products.append(_box(maker, own, box, len(products), at))
    return tuple(products)


def _box_count(firm: Firm) -> int:
    return (firm.leaf in _BOXED) + (firm.leaf in _TWICE_BOXED)


def _product(maker: Maker, family: Family, kind: Kind, number: int, at: datetime) -> ProductSeed:
    name = family.name_of(kind)
    chance = dice("product", name)
    price = Won(family.price + kind.price_difference)
    story = "".join(
        f"<p>{inflect(text.format(k=kind.label))}</p>"
        for text in (
            f"{kind.summary}. {family.made}",
            f"{maker.firm.name}의 다짐은 “{maker.firm.tagline}”입니다. {_closing(family, chance)}",
            family.keep,
        )
    )
    return ProductSeed(
        number=number,
        enterprise=maker.seed.slug,
        leaf=family.leaf.slug,
        name=name,
        summary=kind.summary,
        story=story,
        consumer_price=_consumer_price(price, chance),
        price=price,
        tax_kind=family.tax,
        origin=family.origin,
        lead_days=family.lead,
        is_gift=bool(_GIFT_TAGS & set(family.tags)),
        tags=_tags(family, kind),
        option_names=tuple(option for option, _ in family.options),
        variants=_variants(family, chance),
        notice=_notice(maker, family, kind, name, at),
        pictures=_pictures(maker, family, kind, name, number),
        published_at=_published_at(maker.seed, chance, at),
        weight=_weight(family, chance),
    )


def _variants(family: Family, chance: Random) -> tuple[VariantSeed, ...]:
    sold_out = chance.random() < 0.02
    variants = []
    for choices in itertools.product(*(values for _, values in family.options)):
        left = 0 if sold_out else chance.choice((3, 8, 24, 40, 60, 90, 120, 180))
        variants.append(
            VariantSeed(
                option_values=tuple(choice.label for choice in choices),
                price_difference=Won(sum(choice.difference for choice in choices)),
                left=left,
            )
        )
    return tuple(variants)


def _tags(family: Family, kind: Kind) -> tuple[str, ...]:
    own = () if " " in kind.label else (kind.label,)
    return tuple(dict.fromkeys((*family.tags, *own)))


def _consumer_price(price: Won, chance: Random) -> Won:
    if chance.random() > 0.34:
        return price
    off = chance.choice((5, 8, 10, 10, 12, 15, 20))
    return Won(max(price, round(price * 100 / (100 - off) / 100) * 100))


def _closing(family: Family, chance: Random) -> str:
    return chance.choice(_CLOSINGS[_GROUP.get(family.leaf.top, "goods")])


def _weight(family: Family, chance: Random) -> int:
    demand = _DEMAND.get(family.leaf.top, 4)
    # A few are bought ten times as often as most: popularity is never even.
    return max(1, round(demand * chance.paretovariate(1.6)))


def _published_at(maker: EnterpriseSeed, chance: Random, at: datetime) -> datetime:
    if chance.random() < 0.08:
        # New arrivals of the last weeks.
        return at - timedelta(days=chance.uniform(0.5, 20))
    oldest = min(2 * _YEAR, max(1, (at.date() - maker.joined_on).days - 1))
    return at - timedelta(days=chance.uniform(21, max(22, oldest)))


def _notice(maker: Maker, family: Family, kind: Kind, name: str, at: datetime) -> dict[str, str]:
    made = at - timedelta(days=14)
    colors = next((c for option, c in family.options if option == "색"), ())
    address = f"{maker.seed.road_address} {maker.seed.address_detail}"
    return content_notices.write(
        family.notice,
        content_notices.NoticeFacts(
            name=name,
            kind=kind.label,
            spec=family.spec,
            unit=family.unit,
            materials=inflect(family.materials.format(k=kind.label)),
            origin=family.origin,
            shelf=family.leaf.shelf,
            keep=inflect(family.keep.format(k=kind.label)),
            maker=maker.seed.name,
            address=address,
            phone=_dashed(maker.seed.phone),
            made_on=f"{made:%Y년 %m월}",
            colors=", ".join(color.label for color in colors) or "상품상세 참조",
        ),
    )


def _dashed(phone: str) -> str:
    return f"{phone[:2]}-{phone[2:-4]}-{phone[-4:]}"


def _pictures(
    maker: Maker, family: Family, kind: Kind, name: str, number: int
) -> tuple[PictureSeed, ...]:
    own = kind.emoji if family.hero_from_kind else family.hero
    second = family.hero if family.hero_from_kind else kind.emoji
    first = Scene(
        hero=own, second=second, tint=family.leaf.tint, arrangement=number % _ARRANGEMENTS
    )
    shared = scene_of(family)
    pictures = [
        PictureSeed(scene=first, alt=inflect(f"탁자 위에 놓인 {name}, 곁들인 {kind.label}"))
    ]
    pictures.append(PictureSeed(scene=shared, alt=f"{maker.firm.name}의 {family.noun} 모음"))
    if maker.seed.picture.scene != shared:
        pictures.append(
            PictureSeed(scene=maker.seed.picture.scene, alt=f"{maker.firm.name} 가게의 진열 탁자")
        )
    return tuple(pictures)


def _box(maker: Maker, own: list[ProductSeed], box: int, number: int, at: datetime) -> ProductSeed:
    name = f"{maker.firm.name} {_BOX_NAMES[box]}"
    chance = dice("box", name)
    parts = _parts(own, box)
    sum_of_parts = sum(part.price for part in parts)
    price = Won(sum_of_parts * (92 - 2 * box) // 10_000 * 100)
    names = ", ".join(part.name for part in parts)
    family = families_of(maker.firm)[0]
    kind = Kind(label="모음", emoji=family.hero, price_difference=0, summary=names)
    notice = _notice(maker, family, kind, name, at)
    return ProductSeed(
        number=number,
        enterprise=maker.seed.slug,
        leaf=maker.firm.leaf,
        name=name,
        summary=inflect(f"{names}[을] 한 상자에 담았습니다"),
        story="".join(
            f"<p>{inflect(text)}</p>"
            for text in (
                f"{maker.firm.name}에서 가장 사랑받는 {names}[을] 모았습니다. "
                f"따로 살 때보다 {sum_of_parts - price:,}원 아낄 수 있습니다.",
                f"{maker.firm.dong}에서 보내는 인사말 카드를 넣어 드립니다. 주문할 때 적어 주세요.",
                f"“{maker.firm.tagline}” — {maker.firm.representative} 대표",
            )
        ),
        consumer_price=Won(sum_of_parts),
        price=price,
        tax_kind=max(part.tax_kind for part in parts),
        origin=parts[0].origin,
        lead_days=max(part.lead_days for part in parts) + 1,
        is_gift=True,
        tags=("선물", "모음", "명절" if box else "첫주문"),
        option_names=("포장",),
        variants=tuple(
            VariantSeed(option_values=(wrap,), price_difference=Won(extra), left=left)
            for wrap, extra, left in (
                ("종이 상자", 0, chance.choice((12, 30, 50))),
                ("보자기 포장", 3500, chance.choice((6, 18, 24))),
            )
        ),
        notice=notice | {"상품 구성": names},
        pictures=_box_pictures(maker, name, number, family),
        published_at=_published_at(maker.seed, chance, at),
        weight=max(2, _weight(family, chance) // 2),
    )


def _parts(own: list[ProductSeed], box: int) -> list[ProductSeed]:
    step = max(1, len(own) // _BOX_PARTS)
    return [own[(i * step + box) % len(own)] for i in range(min(_BOX_PARTS, len(own)))]


def _box_pictures(maker: Maker, name: str, number: int, family: Family) -> tuple[PictureSeed, ...]:
    gift = Scene(
        hero="wrapped-gift",
        second=family.hero,
        tint=family.leaf.tint,
        arrangement=number % _ARRANGEMENTS,
    )
    return (
        PictureSeed(scene=gift, alt=f"리본을 묶은 {name}"),
        PictureSeed(scene=maker.seed.picture.scene, alt=f"{maker.firm.name} 가게의 진열 탁자"),
    )
