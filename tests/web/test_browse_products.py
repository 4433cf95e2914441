"""A product's page: what it says, what it asks of the database, what a machine reads in it."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import pytest
from flask import Flask, url_for

from marketplace.accounts.models import Person
from marketplace.catalog.models import Product, ShippingKind, Variant
from marketplace.core.db import db, transaction
from marketplace.coupons.models import CouponKind
from marketplace.enterprises.models import DesignationKind
from marketplace.orders.models import Line
from marketplace.reviews.models import Question, Review
from marketplace.search import index
from marketplace.web.pictures import picture_url, srcset
from tests import make
from tests.service.checkout.counting import statements
from tests.web.visitor import Visitor

HUGE = 10**30


def honey(**changes: object) -> tuple[Product, list[Variant]]:
    """Make a product with three sizes, one of them sold out."""
    with transaction():
        seller = make.enterprise(
            "강언덕 도시양봉", kinds=[DesignationKind.COOPERATIVE, DesignationKind.VILLAGE]
        )
        ships = make.shipping(seller, ShippingKind.CONDITIONAL_FREE, fee=3_000, free_over=40_000)
        product = make.product(
            seller, name="아까시꿀", price=24_000, consumer_price=30_000, ships=ships
        )
        product.option_names = ["용량"]
        product.summary = "열을 가하지 않고 거른 5월의 꿀"
        product.story = "<p>꽃이 피는 열흘</p><script>alert(1)</script>"
        product.notice = {"소비자상담 전화번호": "02-450-0000", "제품명": "아까시꿀"}
        for name, value in changes.items():
            setattr(product, name, value)
        variants = [
            make.variant(product, options=["500g"]),
            make.variant(product, options=["1kg"], price_difference=20_000, on_hand=3),
            make.variant(product, options=["벌집꿀"], price_difference=-4_000, on_hand=0),
        ]
        make.picture(product, key="0" * 32, alt="유리병에 담긴 꿀")
        make.picture(product, key="1" * 32, alt="벌집")
        index.reindex([product.id], at=make.NOW)
    return product, variants


def told_of(product: Product, variant: Variant, by: Person) -> None:
    """Let somebody buy, review and ask."""
    placed = make.paid_order({variant: 1}, by=by)
    line = db.session.query(Line).filter_by(order_id=placed.order_id).one()
    with transaction():
        db.session.add(
            Review(
                line_id=line.id, product_id=product.id, person_id=by.id, rating=4, body="맛있어요"
            )
        )
        db.session.add(
            Question(
                product_id=product.id, person_id=by.id, body="언제 따나요?", answer="5월입니다"
            )
        )
        db.session.add(
            Question(product_id=product.id, person_id=by.id, body="비밀 얘기", is_secret=True)
        )


class TestPage:
    def test_says_everything_the_law_and_a_buyer_ask_for(self, visitor: Visitor) -> None:
        product, variants = honey()
        told_of(product, variants[0], make.person("김주민"))

        page = visitor.get(f"/products/{product.id}").text

        for words in (
            "24,000원",
            "20%",
            "30,000원",
            "도착 예정",
            "배송비 3,000원 · 40,000원 이상 무료배송",
            "제주 3,000원, 도서산간 5,000원 추가",
            "상품정보제공고시 (기타 재화)",
            "통신판매중개자",
            "이 상품의 판매자는 <b>강언덕 도시양봉</b>",
            "단순 변심 반품비는 3,000원",
            "맛있어요",
            "4.0</b> / 5점",
            "언제 따나요?",
            "5월입니다",
            "비밀글입니다.",
        ):
            assert words in page
        assert page.index(">제품명</th>") < page.index(">소비자상담 전화번호</th>")
        assert "김*민" in page
        assert "비밀 얘기" not in page
        assert "alert(1)" not in page
        assert "협동조합" in page
        assert "마을기업" in page

    def test_offers_what_can_be_bought_and_shows_what_cannot(self, visitor: Visitor) -> None:
        product, (small, large, gone) = honey()

        page = visitor.get(f"/products/{product.id}").text

        assert re.search(rf'value="{small.id}" required>', page)
        assert re.search(rf'value="{large.id}" required><span>1kg<b>\+20,000원</b>', page)
        assert re.search(rf'value="{gone.id}" required disabled>', page)
        assert "3개 남음" in page
        assert 'max="99"' in page

    def test_sells_nothing_when_everything_is_gone(self, visitor: Visitor) -> None:
        variant = make.sellable(name="곶감", on_hand=0)

        page = visitor.get(f"/products/{variant.product_id}").text

        assert "지금은 품절입니다" in page
        assert "바로 구매" not in page
        assert "https://schema.org/OutOfStock" in page

    def test_groups_two_options_by_the_first(self, visitor: Visitor) -> None:
        product, _ = honey(option_names=["색", "크기"])
        with transaction():
            for color in ("쪽빛", "쑥색"):
                for size in ("S", "M"):
                    make.variant(product, options=[color, size])

        page = visitor.get(f"/products/{product.id}").text

        assert page.count('<p class="opts-of" aria-hidden="true">쪽빛</p>') == 1
        assert '<span class="sr">쑥색 </span>M' in page

    def test_shows_every_picture_in_three_formats(self, visitor: Visitor) -> None:
        product, _ = honey()

        page = visitor.get(f"/products/{product.id}").text

        for kind in ("avif", "webp", "jpg"):
            assert srcset("1" * 32, kind) in page
        assert 'alt="유리병에 담긴 꿀"' in page

    def test_shows_the_mark_in_the_place_of_no_picture(self, visitor: Visitor) -> None:
        variant = make.sellable()

        assert "mark-quiet.svg" in visitor.get(f"/products/{variant.product_id}").text

    @pytest.mark.parametrize("signed_in", [False, True])
    def test_asks_the_database_eight_times_at_most(self, visitor: Visitor, signed_in: bool) -> None:
        product, variants = honey()
        buyer = make.person()
        told_of(product, variants[0], buyer)
        make.claimed_coupon(by=buyer)
        if signed_in:
            visitor.enter(buyer)

        with statements() as sent:
            assert visitor.get(f"/products/{product.id}").status_code == 200

        assert 0 < len(sent) <= 8, sent

    @pytest.mark.parametrize("number", [0, 999_999_999, 2**63, HUGE])
    def test_is_not_found_when_there_is_none(self, visitor: Visitor, number: int) -> None:
        assert visitor.get(f"/products/{number}").status_code == 404
        assert visitor.get(f"/products/{number}/total").status_code == 404
        visitor.enter(make.person())
        assert visitor.post(f"/wishes/{number}").status_code in (400, 404)


class TestForMachines:
    def test_describes_the_product_in_valid_json(self, visitor: Visitor) -> None:
        product, variants = honey(name='꿀 </script><b>"500g"')
        told_of(product, variants[0], make.person())

        page = visitor.get(f"/products/{product.id}").text

        (block,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page)
        described = json.loads(block)
        assert described["name"] == '꿀 </script><b>"500g"'
        assert described["offers"] == {
            "@type": "AggregateOffer",
            "priceCurrency": "KRW",
            "availability": "https://schema.org/InStock",
            "url": f"http://localhost/products/{product.id}",
            "seller": {"@type": "Organization", "name": "강언덕 도시양봉"},
            "lowPrice": 20_000,
            "highPrice": 44_000,
            "offerCount": 3,
        }
        assert described["aggregateRating"]["ratingValue"] == "4.0"
        assert described["image"][0] == f"http://localhost{picture_url('0' * 32, 1200, 'jpg')}"

    def test_says_one_price_when_there_is_one(self, visitor: Visitor) -> None:
        variant = make.sellable(price=9_000)

        page = visitor.get(f"/products/{variant.product_id}").text

        (block,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page)
        assert json.loads(block)["offers"]["price"] == 9_000

    def test_names_its_one_address_whatever_was_asked(self, visitor: Visitor) -> None:
        product, _ = honey()

        page = visitor.get(f"/products/{product.id}?utm_source=x").text

        address = f"http://localhost/products/{product.id}"
        assert f'<link rel="canonical" href="{address}">' in page
        assert f'<meta property="og:url" content="{address}">' in page
        assert '<meta property="og:title" content="아까시꿀">' in page
        assert re.search(r'<meta property="og:image" content="http://localhost/pictures/', page)

    def test_feeds_are_valid_xml(self, visitor: Visitor) -> None:
        product, _ = honey(name="꿀 & <b>잼</b>")

        news = ElementTree.fromstring(visitor.get("/products.rss").data)  # noqa: S314
        places = ElementTree.fromstring(visitor.get("/sitemap.xml").data)  # noqa: S314

        assert [item.findtext("title") for item in news.iter("item")] == ["꿀 & <b>잼</b>"]
        assert f"http://localhost/products/{product.id}" in [node.text for node in places.iter()]
        robots = visitor.get("/robots.txt").text
        assert "Sitemap: http://localhost/sitemap.xml" in robots
        assert "Disallow: /my" in robots

    def test_addresses_written_out_agree_with_the_routes(self, app: Flask) -> None:
        with app.test_request_context():
            assert picture_url("a" * 32, 640, "avif") == url_for(
                "shop_pictures.show", key="a" * 32, width=640, kind="avif"
            )
            assert url_for("shop_products.show", product_id=7) == "/products/7"
            assert url_for("shop_wishes.put", product_id=7) == "/wishes/7"


class TestTotal:
    def total(self, visitor: Visitor, product: Product, query: str = "") -> str:
        return visitor.get(f"/products/{product.id}/total{query}").text

    def test_is_what_the_cart_would_say(self, visitor: Visitor) -> None:
        product, (_, large, _) = honey()

        one = self.total(visitor, product, f"?variant_id={large.id}&quantity=1")
        two = self.total(visitor, product, f"?variant_id={large.id}&quantity=2")

        assert "상품 44,000원 · 무료배송" in one
        assert "<b>44,000원</b>" in one
        assert "상품 88,000원 (2개)" in two

    def test_is_the_cheapest_before_anybody_chose(self, visitor: Visitor) -> None:
        product, _ = honey()

        assert "<b>48,000원</b>" in self.total(visitor, product, "?quantity=2&variant_id=")
        assert "<b>27,000원</b>" in self.total(visitor, product)

    @pytest.mark.parametrize("quantity", ["", "0", "-1", "x", "1e3", str(HUGE), "%EF%BC%99"])
    def test_takes_what_is_no_quantity_for_one(self, visitor: Visitor, quantity: str) -> None:
        product, (small, _, _) = honey()

        page = self.total(visitor, product, f"?variant_id={small.id}&quantity={quantity}")

        assert "상품 24,000원 · 배송비 3,000원" in page

    def test_knows_only_its_own_variants(self, visitor: Visitor) -> None:
        product, _ = honey()
        other = make.sellable()

        for variant in (other.id, 0, "x", HUGE, -1, 2**63):
            answer = visitor.get(f"/products/{product.id}/total?variant_id={variant}")
            assert answer.status_code == 404

    def test_says_what_the_best_coupon_makes_of_the_chosen_price(self, visitor: Visitor) -> None:
        product, (small, large, _) = honey()
        buyer = make.person()
        make.claimed_coupon(
            make.campaign(
                kind=CouponKind.PERCENT, rate_bps=1_000, max_discount=10_000, min_order=30_000
            ),
            by=buyer,
        )
        visitor.enter(buyer)

        assert "쿠폰을 쓰면" not in self.total(visitor, product, f"?variant_id={small.id}")
        assert "<b>39,600원</b>" in self.total(visitor, product, f"?variant_id={large.id}")
