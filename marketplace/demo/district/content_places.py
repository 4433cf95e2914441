"""Dong of Gwangjin-gu with their roads, and invented addresses on them."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from marketplace.demo.district.seeds import AddressSeed


@dataclass(frozen=True, slots=True)
class Dong:
    """One dong: its code, the first of its postcodes, and its main roads."""

    code: str
    name: str
    first_zip: int
    roads: tuple[str, ...]


DONGS: Final = (
    Dong("1121571000", "화양동", 5009, ("군자로", "능동로", "아차산로", "동일로20길")),
    Dong("1121573000", "군자동", 4995, ("광나루로", "군자로", "동일로", "능동로16길")),
    Dong("1121574000", "중곡1동", 4924, ("능동로", "천호대로110길", "군자로", "동일로66길")),
    Dong("1121575000", "중곡2동", 4916, ("긴고랑로", "천호대로", "능동로36길", "답십리로")),
    Dong("1121576000", "중곡3동", 4908, ("동일로", "긴고랑로2길", "용마산로", "능동로47길")),
    Dong("1121577000", "중곡4동", 4903, ("긴고랑로", "용마산로", "용마산로3길", "능동로56길")),
    Dong("1121578000", "능동", 4991, ("능동로", "천호대로", "광나루로24길", "천호대로116길")),
    Dong("1121581000", "광장동", 4962, ("아차산로", "광장로", "광나루로", "아차산로78길")),
    Dong("1121582000", "자양1동", 5065, ("자양로", "아차산로", "자양번영로", "자양로11길")),
    Dong("1121583000", "자양2동", 5089, ("뚝섬로", "자양번영로", "자양강변길", "뚝섬로56길")),
    Dong("1121584000", "자양3동", 5076, ("뚝섬로", "능동로", "자양로3길", "뚝섬로32길")),
    Dong("1121584700", "자양4동", 5085, ("뚝섬로27길", "동일로", "능동로3길", "아차산로30길")),
    Dong("1121585000", "구의1동", 5032, ("광나루로", "자양로", "자양로13길", "아차산로41길")),
    Dong("1121586000", "구의2동", 4975, ("천호대로", "자양로", "영화사로", "자양로50길")),
    Dong("1121587000", "구의3동", 5101, ("구의강변로", "아차산로", "광나루로52길", "강변역로")),
)
_ZIPS_PER_DONG: Final = 6
_FLOORS: Final = ("1층", "지하 1층", "2층", "3층 301호", "1층 102호", "2층 공동작업장")
_HOMES: Final = ("{}동 {}호", "{}호", "{}층", "나루빌라 {}호", "강변연립 {}동 {}호")


def find(name: str) -> Dong:
    """Return the dong of a name."""
    return next(dong for dong in DONGS if dong.name == name)


def address(dong: Dong, chance: Random, *, is_shop: bool) -> AddressSeed:
    """Invent an address in a dong."""
    road = chance.choice(dong.roads)
    if is_shop:
        detail = chance.choice(_FLOORS)
    else:
        shape = chance.choice(_HOMES)
        detail = shape.format(chance.randint(101, 118), chance.randint(201, 1804))
    zip_code = dong.first_zip + chance.randrange(_ZIPS_PER_DONG)
    return AddressSeed(
        zip_code=f"{zip_code:05d}",
        road_address=f"서울특별시 광진구 {road} {chance.randint(3, 260)}",
        address_detail=detail,
    )
