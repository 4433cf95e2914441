"""Products as SmartStore's bulk registration takes them (korea.md §5.4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import select

from marketplace.catalog.models import (
    Category,
    Picture,
    Product,
    ProductStatus,
    ShippingKind,
    ShippingPolicy,
    TaxKind,
    Variant,
)
from marketplace.catalog.renditions import WIDTHS
from marketplace.core.db import db
from marketplace.enterprises.models import Enterprise

SHEET: Final = "상품 기본정보"
# Row 2 of their form, of which row 1 is the sheet's title.
_TITLES: Final = (
    "판매자 상품코드|카테고리코드|상품명|상품상태|판매가|부가세|재고수량|옵션형태|옵션명|"
    "옵션값|옵션가|옵션 재고수량|직접입력 옵션|추가상품명|추가상품값|추가상품가|"
    "추가상품 재고수량|대표이미지|추가이미지|상세설명|브랜드|제조사|제조일자|유효일자|"
    "원산지코드|수입사|복수원산지여부|원산지 직접입력|미성년자 구매|배송비 템플릿코드|"
    "배송방법|택배사코드|배송비유형|기본배송비|배송비 결제방식|"
    "조건부무료- 상품판매가 합계|수량별부과-수량|구간별- 2구간수량|구간별- 3구간수량|"
    "구간별- 3구간배송비|구간별- 추가배송비|반품배송비|교환배송비|지역별 차등 배송비|"
    "별도설치비|상품정보제공고시 템플릿코드|상품정보제공고시 품명|"
    "상품정보제공고시 모델명|상품정보제공고시 인증허가사항|상품정보제공고시 제조자|"
    "A/S 템플릿코드|A/S 전화번호|A/S 안내|판매자특이사항|즉시할인 값 (기본할인)|"
    "즉시할인 단위 (기본할인)|모바일 즉시할인 값|모바일 즉시할인 단위|"
    "복수구매할인 조건 값|복수구매할인 조건 단위|복수구매할인 값|복수구매할인 단위|"
    "상품구매시 포인트 지급 값|상품구매시 포인트 지급 단위|텍스트리뷰 작성시 지급 포인트|"
    "포토/동영상 리뷰 작성시 지급 포인트|한달사용 텍스트리뷰 작성시 지급 포인트|"
    "한달사용 포토/동영상리뷰 작성시 지급 포인트|"
    "알림받기동의 고객 리뷰 작성 시 지급 포인트|무이자 할부 개월|사은품|판매자바코드|"
    "구매평 노출여부|구매평 비노출사유|알림받기 동의 고객 전용 여부|ISBN|ISSN|독립출판|"
    "출간일|출판사|글작가|그림작가|번역자명|문화비 소득공제|사이즈 상품군|"
    "사이즈 사이즈명|사이즈 상세 사이즈|사이즈 모델명"
)
HEADERS: Final = tuple(_TITLES.split("|"))
MOST: Final = 500
_LIST: Final = "\n"
_SHIPPING: Final = {
    ShippingKind.FREE: "무료",
    ShippingKind.CONDITIONAL_FREE: "조건부 무료",
    ShippingKind.PAID: "유료",
    ShippingKind.PER_QUANTITY: "수량별",
}
_MAKERS: Final = ("제조자", "생산자", "화장품제조업자 및 책임판매업자", "발행자")


def rows(
    *, enterprise_id: int, product_ids: Sequence[int] = (), public_url: str
) -> Iterator[list[object]]:
    """
    Return one row per product of an enterprise in SmartStore's 88 columns, in three queries.

    Without ids these are all products that sell or may sell again, newest first.
    """
    statement = (
        select(Product, ShippingPolicy, Category, Enterprise)
        .join(ShippingPolicy, ShippingPolicy.id == Product.shipping_policy_id)
        .join(Category, Category.id == Product.category_id)
        .join(Enterprise, Enterprise.id == Product.enterprise_id)
        .where(Product.enterprise_id == enterprise_id)
        .order_by(Product.id.desc())
        .limit(MOST)
    )
    if product_ids:
        statement = statement.where(Product.id.in_(product_ids))
    else:
        statement = statement.where(
            Product.status.in_([ProductStatus.ON_SALE, ProductStatus.SUSPENDED])
        )
    found = db.session.execute(statement).all()
    ids = [product.id for product, *_ in found]
    variants: dict[int, list[Variant]] = {product_id: [] for product_id in ids}
    for variant in db.session.scalars(
        select(Variant)
        .where(Variant.product_id.in_(ids), Variant.is_active)
        .order_by(Variant.position, Variant.id)
    ):
        variants[variant.product_id].append(variant)
    pictures: dict[int, list[str]] = {product_id: [] for product_id in ids}
    for shown in db.session.scalars(
        select(Picture).where(Picture.product_id.in_(ids)).order_by(Picture.position, Picture.id)
    ):
        address = f"{public_url}/pictures/{shown.storage_key}-{WIDTHS[-1]}.jpg"
        pictures[shown.product_id].append(address)
    for product, policy, category, enterprise in found:
        told = {
            **_about(product, category, enterprise, public_url),
            **_options(product, variants[product.id]),
            **_shipping(policy),
            "대표이미지": "".join(pictures[product.id][:1]),
            "추가이미지": _LIST.join(pictures[product.id][1:]),
        }
        yield [told.get(title, "") for title in HEADERS]


def _about(
    product: Product, category: Category, enterprise: Enterprise, public_url: str
) -> dict[str, object]:
    maker = next((product.notice[each] for each in _MAKERS if each in product.notice), "")
    certified = (text for label, text in product.notice.items() if "인증" in label)
    return {
        # Their category codes are theirs to choose: our own name says which to look for.
        "카테고리코드": category.name,
        "상품명": product.name,
        "상품상태": "신상품",
        "판매가": product.price,
        "부가세": "과세상품" if product.tax_kind is TaxKind.TAXABLE else "면세상품",
        "상세설명": product.story.replace('src="/', f'src="{public_url}/'),
        "브랜드": enterprise.name,
        "제조사": maker or enterprise.name,
        "원산지코드": "03",
        "복수원산지여부": "N",
        "원산지 직접입력": product.origin or "상세설명에 표시",
        "미성년자 구매": "Y",
        "상품정보제공고시 품명": product.name,
        "상품정보제공고시 모델명": product.name,
        "상품정보제공고시 인증허가사항": next(certified, "해당 없음"),
        "상품정보제공고시 제조자": maker or enterprise.name,
        "A/S 전화번호": enterprise.phone,
        "A/S 안내": "판매자에게 문의해 주세요.",
        "구매평 노출여부": "Y",
        "알림받기 동의 고객 전용 여부": "N",
    }


def _options(product: Product, variants: Sequence[Variant]) -> dict[str, object]:
    code = next((variant.code for variant in variants if variant.code), None)
    free = [variant.on_hand - variant.reserved for variant in variants]
    told: dict[str, Any] = {
        "판매자 상품코드": code or f"SENARU-{product.id}",
        "재고수량": sum(free),
    }
    if product.option_names:
        told |= {
            "옵션형태": "조합형",
            "옵션명": _LIST.join(product.option_names),
            "옵션값": _LIST.join(",".join(variant.option_values) for variant in variants),
            "옵션가": _LIST.join(str(variant.price_difference) for variant in variants),
            "옵션 재고수량": _LIST.join(map(str, free)),
        }
    return told


def _shipping(policy: ShippingPolicy) -> dict[str, object]:
    return {
        "배송방법": "택배, 소포, 등기",
        "배송비유형": _SHIPPING[policy.kind],
        "기본배송비": policy.fee,
        "배송비 결제방식": "선결제",
        "조건부무료- 상품판매가 합계": "" if policy.free_over is None else policy.free_over,
        "수량별부과-수량": "" if policy.fee_per_units is None else policy.fee_per_units,
        "반품배송비": policy.return_fee,
        "교환배송비": policy.return_fee * 2,
        "지역별 차등 배송비": (
            f"제주 {policy.jeju_surcharge}원, 도서산간 {policy.island_surcharge}원"
        ),
    }
