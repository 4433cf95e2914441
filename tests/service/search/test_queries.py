from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.search import filters, queries
from marketplace.search.filters import ProductFilter, Sort
from tests.service.search import watch
from tests.service.search.shelf import ITEMS, MILL, Shop

SOLD = {item.name: item.sold for item in ITEMS}
PRICES = {item.name: item.price for item in ITEMS}


def names(asked: ProductFilter | str, *, sort: Sort = Sort.RELEVANCE) -> list[str]:
    wanted = ProductFilter(text=asked) if isinstance(asked, str) else asked
    return [card.name for card in queries.search_products(wanted, sort=sort, limit=100).items]


@pytest.mark.usefixtures("shop")
class TestRelevance:
    def test_puts_honey_before_a_far_more_popular_bee(self) -> None:
        found = names("꿀")

        assert found[:4] == [
            "꿀 스틱 30포 선물세트",
            "아카시아꿀 500g",
            "야생화 꿀 1kg",
            "밤꿀 2kg",
        ]
        assert found[4] == "꿀벌 체험 교실"
        assert "꿀사과 3kg" in found[5:]

    def test_puts_the_noun_that_ends_the_word_first(self) -> None:
        assert names("사과") == [
            "청송 사과 5kg",
            "꿀사과 3kg",
            "사과 파이",
            "못난이 사과",
            "사과즙 100ml 30포",
        ]

    def test_finds_only_the_longer_word_by_the_longer_word(self) -> None:
        assert names("사과즙") == ["사과즙 100ml 30포"]

    def test_puts_names_before_what_stands_in_the_category(self) -> None:
        found = names("가방")

        assert found[:2] == ["캔버스 에코백 가방", "현수막 업사이클 가방"]
        assert set(found[2:]) == {"가방걸이", "양말 5켤레", "가죽 지갑", "손뜨개 목도리"}

    @pytest.mark.parametrize(
        ("typed", "meant"),
        [("가방을", "가방"), ("빵이랑", "빵"), ("된장은", "된장"), ("꿀ㅋㅋ", "꿀")],
    )
    def test_reads_past_particles(self, typed: str, meant: str) -> None:
        assert names(typed) == names(meant) != []

    def test_keeps_a_noun_that_looks_like_a_particle(self) -> None:
        assert names("한과") == ["한과 선물세트"]

    @pytest.mark.parametrize(
        ("typed", "expected"),
        [
            ("아카시아 꿀", ["아카시아꿀 500g"]),
            ("야생화꿀", ["야생화 꿀 1kg"]),
            ("볶음 참깨", ["볶음참깨"]),
            ("세탁 비누", ["천연 세탁비누"]),
            ("우리밀식빵", ["우리밀 식빵"]),
        ],
    )
    def test_does_not_mind_spacing(self, typed: str, expected: list[str]) -> None:
        assert names(typed) == expected

    @pytest.mark.parametrize("typed", ["500g", "500 g", "500G", "５００ｇ"])  # noqa: RUF001
    def test_reads_amounts_however_written(self, typed: str) -> None:
        assert names(typed) == ["아카시아꿀 500g", "국산 참깨 500g", "소프넛 500g"]

    @pytest.mark.parametrize("typed", ["A/S", "as", "a/s 출장"])
    def test_reads_letters_with_a_slash(self, typed: str) -> None:
        assert names(typed) == ["가전 A/S 출장 점검"]

    def test_completes_latin_words(self) -> None:
        assert names("cook") == ["수제 쿠키 COOKIE BOX"]

    def test_finds_by_option_tag_category_and_enterprise(self, shop: Shop) -> None:
        assert names("파랑") == ["현수막 업사이클 가방"]
        assert names("명절") == ["한과 선물세트"]
        assert set(names("과일")) == {item.name for item in ITEMS if item.category == "과일"}
        of_bees = ProductFilter(enterprise_id=shop.enterprises["꿀벌지기 협동조합"])
        assert set(names("꿀벌지기협동조합")) == set(names(of_bees))

    @pytest.mark.parametrize("typed", ["자활기업", "자활", "중곡2동", "중곡2동 자활기업"])
    def test_finds_by_designation_and_dong(self, shop: Shop, typed: str) -> None:
        found = queries.search_products(ProductFilter(text=typed)).items

        assert {card.enterprise_id for card in found} == {shop.enterprises[MILL]}

    def test_needs_every_word(self) -> None:
        assert names("파랑 가방") == ["현수막 업사이클 가방"]
        assert names("파랑 된장") == []

    def test_reads_one_syllable(self) -> None:
        assert names("배") == ["나주배 7.5kg", "배도라지즙 30포", "양배추즙"]

    def test_reads_initials(self) -> None:
        found = names("ㅅㄱ")

        assert found[:4] == ["청송 사과 5kg", "꿀사과 3kg", "사과 파이", "못난이 사과"]
        assert names("ㅅㄱㅈ") == ["사과즙 100ml 30포", "조선간장 900ml"]
        assert names("ㅇㅋㅅㅇㄲ") == ["아카시아꿀 500g"]


@pytest.mark.usefixtures("shop")
class TestHostileText:
    @pytest.mark.parametrize(
        "typed",
        [
            "'",
            "꿀'",
            "꿀:A",
            "꿀 & !사과",
            "(꿀 | 사과",
            "꿀\\",
            "꿀%_",
            "<->",
            ":*",
            "'; DROP TABLE product; --",
            "꿀\x00사과",
            "\ud800",
            "<script>alert(1)</script>",
            "ㄱ" * 500,
            "가" * 10_000,
            "a" * 10_000,
            "1." * 5_000,
            "가 " * 5_000,
            "'&|!:*()<>" * 1_000,
        ],
    )
    def test_never_fails(self, typed: str) -> None:
        page = queries.search_products(ProductFilter(text=typed))

        assert len(page.items) <= queries.PAGE

    def test_finds_nothing_for_signs_alone(self) -> None:
        assert names("!!!") == []

    def test_reads_the_words_between_the_signs(self) -> None:
        assert names("'사과' & | ! '즙':*") == names("사과 즙") == ["사과즙 100ml 30포"]

    @given(typed=st.text(max_size=120))
    @settings(max_examples=150, deadline=None)
    def test_survives_anything(self, typed: str) -> None:
        queries.search_products(ProductFilter(text=typed))


@pytest.mark.usefixtures("shop")
class TestFilters:
    def test_takes_a_category_with_all_below_it(self, shop: Shop) -> None:
        below = {"벌꿀", "과일", "곡류", "장·기름", "빵·과자", "음료"}

        found = names(ProductFilter(category_id=shop.categories["식품"]))

        assert set(found) == {item.name for item in ITEMS if item.category in below}

    def test_takes_any_of_several_kinds_and_dongs(self, shop: Shop) -> None:
        either = ProductFilter(kinds=("village", "self_support"))
        there = ProductFilter(dongs=(shop.dongs["군자동"], shop.dongs["중곡2동"]))

        assert {"사과즙 100ml 30포", "햅쌀 10kg"} < set(names(either))
        assert "아카시아꿀 500g" not in names(either)
        assert set(names(there)) == {
            item.name for item in ITEMS if item.enterprise in ("손길공방", "방앗간 자활센터")
        }

    def test_takes_both_ends_of_a_price_range(self) -> None:
        found = names(ProductFilter(price_from=9_000, price_to=11_000))

        assert set(found) == {name for name, price in PRICES.items() if 9_000 <= price <= 11_000}
        assert {PRICES[name] for name in found} == {9_000, 10_000, 11_000}

    def test_takes_what_ships_free_on_its_own(self) -> None:
        found = names(ProductFilter(free_shipping=True))

        assert "아카시아꿀 500g" in found
        assert "햅쌀 10kg" in found, "above the enterprise's threshold"
        assert "찹쌀가루" not in found, "below it"

    def test_takes_flags(self) -> None:
        assert set(names(ProductFilter(gift=True))) == {i.name for i in ITEMS if i.gift}
        assert set(names(ProductFilter(coupon_eligible=True))) == {
            item.name for item in ITEMS if item.coupon
        }
        assert "샤인머스캣 2kg" not in names(ProductFilter(in_stock=True))
        assert "샤인머스캣 2kg" in names(ProductFilter())

    def test_joins_filters_with_text(self, shop: Shop) -> None:
        asked = ProductFilter(text="사과", category_id=shop.categories["음료"])

        assert names(asked) == ["사과즙 100ml 30포"]

    @pytest.mark.parametrize(
        "wrong",
        [{"price_from": -1}, {"price_to": 2**63}, {"category_id": -5}, {"kinds": ("a\x00",)}],
    )
    def test_refuses_what_cannot_be(self, wrong: dict[str, object]) -> None:
        with pytest.raises(filters.BadFilter):
            ProductFilter(**wrong)  # type: ignore[arg-type]


@pytest.mark.usefixtures("shop")
class TestSort:
    def test_orders_by_what_was_asked(self) -> None:
        everything = ProductFilter()
        by_price = names(everything, sort=Sort.PRICE_LOW)

        assert [PRICES[name] for name in by_price] == sorted(PRICES.values())
        assert names(everything, sort=Sort.PRICE_HIGH) == by_price[::-1]
        assert names(everything, sort=Sort.NEWEST) == [item.name for item in ITEMS]
        by_sales = [SOLD[name] for name in names(everything, sort=Sort.POPULAR)]
        assert by_sales == sorted(SOLD.values(), reverse=True)

    def test_orders_hits_by_price_too(self) -> None:
        assert names("사과", sort=Sort.PRICE_LOW)[0] == "못난이 사과"

    @pytest.mark.parametrize("sort", list(Sort))
    @pytest.mark.parametrize("text", ["", "ㅅ", "사과", "식품"])
    def test_pages_hold_everything_exactly_once_in_order(self, sort: Sort, text: str) -> None:
        asked = ProductFilter(text=text)
        whole = [c.product_id for c in queries.search_products(asked, sort=sort, limit=100).items]

        seen: list[int] = []
        after = None
        while True:
            page = queries.search_products(asked, sort=sort, after=after, limit=4)
            seen += [card.product_id for card in page.items]
            after = page.next_cursor
            if after is None:
                break
            assert len(page.items) == 4

        assert seen == whole
        assert len(set(seen)) == len(seen) > 0


@pytest.mark.usefixtures("shop")
class TestCursor:
    def test_refuses_a_mark_of_another_order(self) -> None:
        page = queries.search_products(ProductFilter(), sort=Sort.NEWEST, limit=3)

        with pytest.raises(filters.BadCursor):
            queries.search_products(ProductFilter(), sort=Sort.PRICE_LOW, after=page.next_cursor)

    @given(written=st.text(max_size=80))
    @settings(max_examples=100, deadline=None)
    def test_refuses_anything_else_as_invalid_input(self, written: str) -> None:
        if written:
            with pytest.raises(filters.BadCursor):
                queries.search_products(ProductFilter(), after=written)


@pytest.mark.usefixtures("shop")
class TestCost:
    @pytest.mark.parametrize("text", ["", "꿀", "가방을", "ㅅㄱ", "없는말"])
    @pytest.mark.parametrize("sort", list(Sort))
    def test_asks_once_for_a_page(self, text: str, sort: Sort) -> None:
        with watch.statements() as sent:
            queries.search_products(ProductFilter(text=text, gift=True), sort=sort)

        assert len(sent) == 1

    def test_shows_a_whole_card(self) -> None:
        with watch.statements() as sent:
            card = queries.search_products(ProductFilter(text="찹쌀가루")).items[0]
            shown = (card.enterprise_name, card.price, card.consumer_price, card.total_price)

        assert shown == ("방앗간 자활센터", 9_000, 9_900, 12_000)
        assert (card.discount_percent, card.rating_tenths, card.ships_free) == (9, None, False)
        assert (card.shipping_kind, card.free_over) == ("conditional_free", 20_000)
        assert card.kinds == ["self_support"]
        assert len(sent) == 1


class TestListCards:
    def test_keeps_the_order_asked_and_leaves_out_strangers(self, shop: Shop) -> None:
        first, second = shop.products["밤꿀 2kg"], shop.products["가방걸이"]

        cards = queries.list_cards([second, 999_999_999, first])

        assert [card.product_id for card in cards] == [second, first]
