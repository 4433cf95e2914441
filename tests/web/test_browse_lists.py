"""Product lists and search as a visitor without JavaScript meets them."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from marketplace.core.db import transaction
from marketplace.search import index, terms, vocabulary
from tests import make
from tests.service.checkout.counting import statements
from tests.service.search import shelf
from tests.web.visitor import Visitor

NAMES = re.compile(r'class="name"><a href="/products/\d+">([^<]+)<')
HUGE = "9" * 40


@pytest.fixture
def shop(visitor: Visitor) -> shelf.Shop:  # noqa: ARG001
    """Put sixty products on the shelf."""
    return shelf.stock()


def names(page: str) -> list[str]:
    """Return the products a page lists, in its order."""
    return NAMES.findall(page)


def _offered(page: str, title: str) -> list[str]:
    box = re.search(rf"<p>{title}</p>\s*<ul.*?</ul>", page, re.DOTALL)
    return re.findall(r">([^<]+)</a>", box.group(0)) if box else []


@pytest.mark.usefixtures("shop")
class TestList:
    def test_shows_the_first_products_with_what_they_cost(self, visitor: Visitor) -> None:
        page = visitor.get("/products").text

        assert len(names(page)) == 24
        assert names(page)[0] == "꿀벌 체험 교실"
        assert "<b>60</b>개 상품" in page
        assert "배송비 3,000원 포함 6,000원" in page

    def test_goes_on_where_it_stopped(self, visitor: Visitor, shop: shelf.Shop) -> None:
        seen: list[str] = []
        address: str | None = "/products"
        while address:
            page = visitor.get(address).text
            seen += names(page)
            found = re.search(r'<div class="pager".*?href="([^"]+)"', page, re.DOTALL)
            address = found.group(1).replace("&amp;", "&") if found else None

        assert len(seen) == len(set(seen)) == len(shop.products)

    def test_answers_htmx_with_cards_and_the_next_address_alone(self, visitor: Visitor) -> None:
        page = visitor.get("/products").text
        after = re.search(r'hx-get="([^"]+)"', page)
        assert after is not None

        more = visitor.get(after.group(1), headers={"HX-Request": "true"}).text

        assert len(names(more)) == 24
        assert "<!doctype" not in more
        assert 'id="pager" hx-swap-oob="true"' in more

    def test_says_the_designation_it_was_asked_for(self, visitor: Visitor) -> None:
        page = visitor.get("/products?kind=social").text

        badges = set(re.findall(r'<span class="badge [^"]*">([^<]+)<', page))
        assert badges == {"사회적기업"}

    def test_narrows_by_everything_at_once_and_offers_the_ways_out(self, visitor: Visitor) -> None:
        page = visitor.get(
            "/products?kind=cooperative&dong=1121584700&price_from=10000&price_to=40000"
            "&coupon=1&free=1&gift=1&stock=1&sort=price_low"
        ).text

        assert names(page) == ["꿀 스틱 30포 선물세트"]
        ways_out = re.findall(r'class="chip" href="([^"]+)"', page)
        assert len(ways_out) == 7
        assert all("kind=cooperative" not in way for way in ways_out[:1])
        without_price = next(way for way in ways_out if "price_from" not in way)
        assert "dong=1121584700" in without_price

    def test_sorts(self, visitor: Visitor) -> None:
        cheap = visitor.get("/products?sort=price_low").text
        new = visitor.get("/products?sort=newest").text

        assert names(cheap)[0] == "가방걸이"
        assert names(new)[0] == "아카시아꿀 500g"

    @pytest.mark.parametrize("signed_in", [False, True])
    def test_asks_the_database_six_times_at_most(self, visitor: Visitor, signed_in: bool) -> None:
        person = make.person()
        if signed_in:
            visitor.enter(person)
        visitor.get("/products")
        address = "/products?kind=social&price_to=50000"

        with statements() as sent:
            assert visitor.get(address).status_code == 200

        assert 0 < len(sent) <= 6, sent


@pytest.mark.usefixtures("shop")
class TestSearch:
    def test_finds_korean_words_inside_words(self, visitor: Visitor) -> None:
        page = visitor.get(f"/products?q={quote('꿀사과')}").text

        assert names(page) == ["꿀사과 3kg"]
        assert "꿀사과\N{RIGHT SINGLE QUOTATION MARK} 검색 결과 | 세나루 마켓</title>" in page
        assert '<meta name="robots" content="noindex, follow">' in page

    def test_helps_when_nothing_is_found(self, visitor: Visitor) -> None:
        with transaction():
            vocabulary.rebuild()

        page = visitor.get(f"/products?q={quote('고추쟝')}").text

        assert names(page) == []
        assert f'<a class="btn" href="/products?q={quote("고추장")}">혹시' in page
        assert _offered(page, "이런 분류는 어떠세요") == ["장·기름"]

    def test_offers_the_whole_tree_when_nothing_is_near(self, visitor: Visitor) -> None:
        page = visitor.get(f"/products?q={quote('냉장고')}").text

        assert _offered(page, "분류에서 찾아보세요") == ["식품", "생활", "체험·서비스"]
        assert "이런 분류는 어떠세요" not in page

    def test_offers_the_words_a_compound_is_made_of(self, visitor: Visitor) -> None:
        with transaction():
            vocabulary.rebuild()

        page = visitor.get(f"/products?q={quote('커피가방')}").text

        assert _offered(page, "이 말로 찾아보세요") == ["가방", "커피"]

    def test_offers_to_drop_the_conditions(self, visitor: Visitor) -> None:
        page = visitor.get(f"/products?q={quote('꿀')}&price_to=5").text

        assert names(page) == []
        assert f'href="/products?q={quote("꿀")}">조건 모두 지우기' in page

    def test_counts_what_is_sought(self, visitor: Visitor) -> None:
        terms.counter.take_due()
        before = dict(terms.counter._tallies)

        visitor.get(f"/products?q={quote('호두과자')}")
        visitor.get(f"/products?q={quote('호두과자')}")

        noted = terms.counter._tallies["호두과자"]
        assert noted.searches - before.get("호두과자", terms.Tally(0, 0)).searches == 2

    def test_completes_what_is_typed(self, visitor: Visitor) -> None:
        with transaction():
            vocabulary.rebuild()

        words = visitor.get(f"/products/suggest?q={quote('고추ㅈ')}").json

        assert words == ["고추장"]
        assert visitor.get("/products/suggest?q=").json == []

    def test_shows_what_was_typed_as_text(self, visitor: Visitor) -> None:
        page = visitor.get("/products?q=" + quote('"><script>alert(1)</script>')).text

        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


@pytest.mark.usefixtures("shop")
class TestBadInput:
    @pytest.mark.parametrize(
        "query",
        [
            f"price_from={HUGE}",
            f"price_to=-{HUGE}",
            "price_from=-1&price_to=-2",
            "price_from=1e9&price_to=NaN",
            "price_from=%EF%BC%99%EF%BC%99",
            "price_from=50000&price_to=10",
            "sort=nonsense",
            "sort=",
            "kind=nonsense&kind=social&kind=social",
            "dong=0&dong=abc&dong=" + HUGE,
            "category=nonsense",
            f"category={quote('../../etc/passwd')}",
            "coupon=2&free=yes&gift=&stock=true",
            "q=" + "가" * 10_000,
            "q=" + quote("%_\\'\";--") * 50,
            "q=" + quote("🍯"),
            "q=%20%20%20",
            "q=%26%7C%21%3A%2A%28%29",
            "unknown=1&" + "kind=social&" * 300,
        ],
    )
    def test_gives_a_list_all_the_same(self, visitor: Visitor, query: str) -> None:
        for address in (f"/products?{query}", f"/enterprises?{query}"):
            assert visitor.get(address).status_code == 200

    @pytest.mark.parametrize(
        "after", ["x", HUGE, "A" * 10_000, quote("🍯"), "WzEsMiwzLDRd", "%2500"]
    )
    def test_refuses_a_place_that_is_none(self, visitor: Visitor, after: str) -> None:
        assert visitor.get(f"/products?after={after}").status_code == 422

    @pytest.mark.parametrize("name", ["q", "kind", "dong", "sort", "after", "price_from"])
    def test_refuses_what_no_column_holds(self, visitor: Visitor, name: str) -> None:
        assert visitor.get(f"/products?{name}=a%00b").status_code == 400

    def test_forgets_what_it_did_not_understand(self, visitor: Visitor) -> None:
        page = visitor.get("/products?utm_source=x&kind=nonsense&sort=price_low").text

        assert "utm_source" not in page.replace('value="/products?utm_source', "")
        assert re.findall(r'class="chip"', page) == []


class TestHome:
    @pytest.mark.usefixtures("shop")
    def test_tells_the_story_of_the_street(self, visitor: Visitor) -> None:
        make.campaign(name="첫 나들이", cap=10, amount=5_000, min_order=20_000)

        page = visitor.get("/").text

        assert "이웃의 솜씨를" in page
        assert "첫 나들이" in page
        assert "<b>10장</b> / 10장" in page
        assert len(names(page)) == 16
        assert "샤인머스캣 2kg" not in names(page)
        assert "쿠폰 쓰면</small> 27,000원" in page

    @pytest.mark.usefixtures("shop")
    @pytest.mark.parametrize("signed_in", [False, True])
    def test_asks_the_database_ten_times_at_most(self, visitor: Visitor, signed_in: bool) -> None:
        make.campaign()
        if signed_in:
            visitor.enter(make.person())

        with statements() as sent:
            assert visitor.get("/").status_code == 200

        assert 0 < len(sent) <= 10, sent

    def test_has_a_page_for_an_empty_street(self, visitor: Visitor) -> None:
        page = visitor.get("/").text

        assert names(page) == []
        assert "쿠폰 받기" not in page


class TestEnterprises:
    @pytest.mark.usefixtures("shop")
    def test_are_found_by_kind_and_dong(self, visitor: Visitor) -> None:
        everyone = visitor.get("/enterprises").text
        few = visitor.get("/enterprises?kind=social&dong=1121584700").text

        assert len(re.findall(r'href="/enterprises/enterprise-\d+"', everyone)) == 6
        assert len(re.findall(r'href="/enterprises/enterprise-\d+"', few)) == 2

    def test_tell_who_they_are(self, visitor: Visitor) -> None:
        with transaction():
            seller = make.enterprise("밀밭나루 빵집", slug="milbat")
            seller.story = "<p>새벽에 <b>굽는</b> 빵</p><script>alert(1)</script><p onclick='x'>끝"
            product = make.sellable(seller, name="사워도우").product_id
            index.reindex([product], at=make.NOW)

        page = visitor.get("/enterprises/milbat").text

        assert "<p>새벽에 <b>굽는</b> 빵</p>" in page
        assert "alert(1)" not in page
        assert "onclick" not in page
        assert "사업자등록번호" in page
        assert "박대표" in page
        assert names(page) == ["사워도우"]
        assert '<link rel="canonical" href="http://localhost/enterprises/milbat">' in page

    def test_that_left_have_no_page(self, visitor: Visitor) -> None:
        assert visitor.get("/enterprises/nobody").status_code == 404
