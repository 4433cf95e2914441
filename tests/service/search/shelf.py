"""Sixty products a shopper in the district could find, written by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from marketplace.catalog.models import ShippingKind
from marketplace.core.db import transaction
from marketplace.enterprises.models import DesignationKind
from marketplace.search import index
from tests import make


class Item(NamedTuple):
    """One product: where it stands, what it costs, how often it sold."""

    category: str
    enterprise: str
    name: str
    price: int
    sold: int
    tags: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    on_hand: int = 10
    gift: bool = False
    coupon: bool = True


FARM, BEES, BAKERY, CRAFT, CARE, MILL = (
    "햇살 마을기업",
    "꿀벌지기 협동조합",
    "달콤제과 사회적협동조합",
    "손길공방",
    "돌봄나루",
    "방앗간 자활센터",
)
SELLERS = {
    FARM: ((DesignationKind.VILLAGE,), ShippingKind.PAID, "구의1동"),
    BEES: (
        (DesignationKind.COOPERATIVE, DesignationKind.SOCIAL),
        ShippingKind.FREE,
        "자양4동",
    ),
    BAKERY: ((DesignationKind.SOCIAL_COOPERATIVE,), ShippingKind.CONDITIONAL_FREE, "구의1동"),
    CRAFT: ((DesignationKind.PRE_SOCIAL,), ShippingKind.PAID, "군자동"),
    CARE: ((DesignationKind.SOCIAL,), ShippingKind.FREE, "자양4동"),
    MILL: ((DesignationKind.SELF_SUPPORT,), ShippingKind.CONDITIONAL_FREE, "중곡2동"),
}
DONGS = {
    "구의1동": "1121585000",
    "자양4동": "1121584700",
    "군자동": "1121573000",
    "중곡2동": "1121575000",
}
TREE = {
    "식품": ("벌꿀", "과일", "곡류", "장·기름", "빵·과자", "음료"),
    "생활": ("가방·잡화", "주방", "비누·세제"),
    "체험·서비스": ("체험", "돌봄"),
}
ITEMS = (
    Item("벌꿀", BEES, "아카시아꿀 500g", 18_000, 40, ("꿀", "선물"), ("500g", "1kg")),
    Item("벌꿀", BEES, "야생화 꿀 1kg", 32_000, 25, ("꿀",)),
    Item("벌꿀", BEES, "밤꿀 2kg", 58_000, 5, ("꿀",)),
    Item("벌꿀", BEES, "꿀 스틱 30포 선물세트", 27_000, 60, ("선물",), gift=True),
    Item("벌꿀", BEES, "프로폴리스 원액", 45_000, 9),
    Item("체험", BEES, "꿀벌 체험 교실", 15_000, 900, coupon=False),
    Item("체험", BEES, "벌집 밀랍초 만들기", 20_000, 80),
    Item("음료", BEES, "꿀유자차 550ml", 14_000, 30),
    Item("음료", FARM, "사과즙 100ml 30포", 25_000, 70, ("착즙",)),
    Item("음료", FARM, "배도라지즙 30포", 26_000, 50),
    Item("음료", FARM, "양배추즙", 24_000, 20),
    Item("과일", FARM, "청송 사과 5kg", 35_000, 90, ("제철",), ("5kg", "10kg")),
    Item("과일", FARM, "꿀사과 3kg", 22_000, 75, ("제철",)),
    Item("과일", FARM, "못난이 사과", 12_000, 33),
    Item("과일", FARM, "나주배 7.5kg", 39_000, 44, gift=True),
    Item("과일", FARM, "제주 감귤 10kg", 28_000, 66),
    Item("과일", FARM, "샤인머스캣 2kg", 31_000, 21, on_hand=0),
    Item("과일", FARM, "곶감 선물세트", 49_000, 12, ("선물",), gift=True),
    Item("과일", FARM, "대봉감 5kg", 24_000, 8),
    Item("곡류", MILL, "햅쌀 10kg", 38_000, 130),
    Item("곡류", MILL, "현미 5kg", 21_000, 27),
    Item("곡류", MILL, "찹쌀가루", 9_000, 14),
    Item("곡류", MILL, "서리태 1kg", 16_000, 19),
    Item("장·기름", MILL, "국산 참깨 500g", 17_000, 36),
    Item("장·기름", MILL, "참기름 300ml", 19_000, 88, gift=True),
    Item("장·기름", MILL, "들기름 300ml", 18_000, 77),
    Item("장·기름", MILL, "볶음참깨", 8_000, 41),
    Item("장·기름", MILL, "재래 된장 1kg", 15_000, 23),
    Item("장·기름", MILL, "고추장 1kg", 17_000, 29),
    Item("장·기름", MILL, "조선간장 900ml", 13_000, 11),
    Item("장·기름", MILL, "생강청 400g", 12_000, 18),
    Item("빵·과자", BAKERY, "우리밀 식빵", 5_000, 150),
    Item("빵·과자", BAKERY, "단팥빵 10개입", 12_000, 95),
    Item("빵·과자", BAKERY, "쌀과자", 4_000, 61),
    Item("빵·과자", BAKERY, "호두과자 20개", 8_000, 52),
    Item("빵·과자", BAKERY, "한과 선물세트", 42_000, 34, ("선물", "명절"), gift=True),
    Item("빵·과자", BAKERY, "사과 파이", 15_000, 45),
    Item("빵·과자", BAKERY, "마늘빵", 6_000, 22),
    Item("빵·과자", BAKERY, "수제 쿠키 COOKIE BOX", 18_000, 17, gift=True),
    Item("음료", BAKERY, "콜드브루 커피 1.5L", 16_000, 26),
    Item("음료", BAKERY, "드립백 커피 10개입", 11_000, 38),
    Item("가방·잡화", CRAFT, "캔버스 에코백 가방", 19_000, 48, ("업사이클",)),
    Item("가방·잡화", CRAFT, "현수막 업사이클 가방", 29_000, 31, ("업사이클",), ("검정", "파랑")),
    Item("가방·잡화", CRAFT, "가방걸이", 3_000, 200),
    Item("가방·잡화", CRAFT, "가죽 지갑", 45_000, 13, gift=True),
    Item("가방·잡화", CRAFT, "양말 5켤레", 10_000, 57),
    Item("가방·잡화", CRAFT, "손뜨개 목도리", 33_000, 7, on_hand=0),
    Item("주방", CRAFT, "나무 도마", 36_000, 24),
    Item("주방", CRAFT, "옻칠 수저 2벌", 28_000, 16, gift=True),
    Item("주방", CRAFT, "도자기 머그컵", 17_000, 28),
    Item("주방", CRAFT, "밀랍 랩 3종", 14_000, 15),
    Item("비누·세제", CARE, "천연 세탁비누", 4_000, 83),
    Item("비누·세제", CARE, "어성초 수제비누", 6_000, 54),
    Item("비누·세제", CARE, "주방세제 1L", 7_000, 47),
    Item("비누·세제", CARE, "소프넛 500g", 11_000, 6),
    Item("돌봄", CARE, "어르신 방문 돌봄 1회", 40_000, 3, coupon=False),
    Item("돌봄", CARE, "가사 도우미 4시간", 60_000, 10, coupon=False),
    Item("돌봄", CARE, "가전 A/S 출장 점검", 50_000, 4, coupon=False),
    Item("체험", CRAFT, "도자기 물레 체험", 25_000, 32),
    Item("체험", BAKERY, "어린이 빵 만들기 체험", 22_000, 37),
)


@dataclass(frozen=True)
class Shop:
    """The shelf, with what tests need to ask for parts of it."""

    categories: dict[str, int]
    enterprises: dict[str, int]
    dongs: dict[str, str]
    products: dict[str, int]


def stock() -> Shop:
    """Put everything on the shelf and into the index."""
    with transaction():
        categories = {}
        for parent, children in TREE.items():
            top = make.category(parent)
            categories[parent] = top
            categories |= {name: make.category(name, parent=top) for name in children}
        sellers, ships, dongs = {}, {}, {}
        for name, (kinds, shipping, dong_name) in SELLERS.items():
            sellers[name] = make.enterprise(name, kinds=kinds)
            dongs[dong_name] = DONGS[dong_name]
            sellers[name].dong_code = make.dong(DONGS[dong_name], dong_name).code
            conditional = shipping == ShippingKind.CONDITIONAL_FREE
            ships[name] = make.shipping(
                sellers[name],
                shipping,
                fee=0 if shipping == ShippingKind.FREE else 3_000,
                free_over=20_000 if conditional else None,
            )
        products = {}
        for place, item in enumerate(ITEMS):
            product = make.product(
                sellers[item.enterprise],
                name=item.name,
                price=item.price,
                consumer_price=item.price + item.price // 10,
                of_category=categories[item.category],
                ships=ships[item.enterprise],
                coupon_eligible=item.coupon,
            )
            product.sold_count = item.sold
            product.tags = list(item.tags)
            product.is_gift = item.gift
            product.published_at = make.NOW - timedelta(hours=place + 1)
            for option in item.options or ("",):
                make.variant(product, options=[option] if option else [], on_hand=item.on_hand)
            products[item.name] = product.id
        index.reindex(list(products.values()), at=make.NOW)
    return Shop(
        categories={name: category.id for name, category in categories.items()},
        enterprises={name: seller.id for name, seller in sellers.items()},
        dongs=dongs,
        products=products,
    )
