from __future__ import annotations

from dataclasses import replace

import pytest

from marketplace.search import facets, queries
from marketplace.search.filters import ProductFilter
from tests.service.search import watch
from tests.service.search.shelf import ITEMS, Shop


def count(asked: ProductFilter) -> int:
    return len(queries.search_products(asked, limit=100).items)


def asked_for(shop: Shop, name: str) -> ProductFilter:
    return {
        "everything": ProductFilter(),
        "text": ProductFilter(text="선물"),
        "particle": ProductFilter(text="가방을"),
        "initials": ProductFilter(text="ㅅㄱ"),
        "category": ProductFilter(category_id=shop.categories["식품"]),
        "kinds": ProductFilter(kinds=("social", "village")),
        "dong": ProductFilter(dongs=(shop.dongs["구의1동"],)),
        "price": ProductFilter(price_from=10_000, price_to=19_999),
        "enterprise": ProductFilter(enterprise_id=shop.enterprises["손길공방"], gift=True),
        "flags": ProductFilter(gift=True, free_shipping=True, in_stock=True, coupon_eligible=True),
        "many": ProductFilter(
            text="꿀",
            category_id=shop.categories["식품"],
            kinds=("cooperative",),
            dongs=(shop.dongs["자양4동"],),
            price_to=30_000,
            coupon_eligible=True,
        ),
    }[name]


QUESTIONS = (
    "everything",
    "text",
    "particle",
    "initials",
    "category",
    "kinds",
    "dong",
    "price",
    "enterprise",
    "flags",
    "many",
)


@pytest.mark.parametrize("question", QUESTIONS)
class TestCountFacets:
    """Every count must be what the list holds once that choice alone is made in its facet."""

    def test_counts_the_list_itself(self, shop: Shop, question: str) -> None:
        asked = asked_for(shop, question)

        assert facets.count_facets(asked).total == count(asked) > 0

    def test_counts_categories(self, shop: Shop, question: str) -> None:
        asked = asked_for(shop, question)
        expected = {
            (name, count(replace(asked, category_id=number)))
            for name, number in shop.categories.items()
        }

        counted = {(choice.name, choice.count) for choice in facets.count_facets(asked).categories}

        assert counted == {(name, number) for name, number in expected if number}

    def test_counts_kinds_and_dongs(self, shop: Shop, question: str) -> None:
        asked = asked_for(shop, question)
        counted = facets.count_facets(asked)

        for kind in counted.kinds:
            assert kind.count == count(replace(asked, kinds=(kind.key,))) > 0
        for dong in counted.dongs:
            assert dong.count == count(replace(asked, dongs=(dong.key,))) > 0
            assert shop.dongs[dong.label] == dong.key
        assert sum(d.count for d in counted.dongs) == count(replace(asked, dongs=()))

    def test_counts_price_bands(self, shop: Shop, question: str) -> None:
        asked = asked_for(shop, question)

        for band in facets.count_facets(asked).prices:
            inside = replace(asked, price_from=band.lowest, price_to=band.highest)
            assert band.count == count(inside)

    def test_counts_flags(self, shop: Shop, question: str) -> None:
        asked = asked_for(shop, question)
        counted = facets.count_facets(asked)

        assert counted.coupon_eligible == count(replace(asked, coupon_eligible=True))
        assert counted.free_shipping == count(replace(asked, free_shipping=True))
        assert counted.gift == count(replace(asked, gift=True))
        assert counted.in_stock == count(replace(asked, in_stock=True))


class TestCost:
    def test_asks_once_and_then_not_for_seconds(self, shop: Shop) -> None:
        asked = ProductFilter(category_id=shop.categories["과일"], kinds=("village", "social"))

        with watch.statements() as sent:
            first = facets.count_facets(asked)
            again = facets.count_facets(replace(asked, kinds=("social", "village")))

        assert first == again
        assert len(sent) == 1

    @pytest.mark.usefixtures("shop")
    def test_counts_a_text_without_words_as_nothing(self) -> None:
        assert facets.count_facets(ProductFilter(text="!!")).total == 0
        assert facets.count_facets(ProductFilter(text="  ")).total == len(ITEMS)
