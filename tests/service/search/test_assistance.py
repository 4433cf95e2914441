from __future__ import annotations

import pytest

from marketplace.search import assistance, queries
from marketplace.search.filters import ProductFilter
from tests import make
from tests.service.search import watch
from tests.service.search.shelf import Shop

pytestmark = pytest.mark.usefixtures("shop")


class TestAssist:
    @pytest.mark.parametrize(
        ("typed", "meant"),
        [
            ("굴", "꿀"),
            ("참께", "참깨"),
            ("된쟝", "된장"),
            ("사가즙", "사과즙"),
            ("아카시아끌", "아카시아꿀"),
            ("캔버쓰 가방", "캔버스 가방"),
            ("손길공반", "손길공방"),
            ("tkrhk", "사과"),
            ("Rnf", "꿀"),
            ("coookie", "cookie"),
        ],
    )
    def test_means_what_was_one_key_away(self, typed: str, meant: str) -> None:
        assert queries.search_products(ProductFilter(text=typed)).items == []

        better = assistance.assist(typed, at=make.NOW).did_you_mean

        assert better == meant
        assert queries.search_products(ProductFilter(text=better)).items != []

    @pytest.mark.parametrize("typed", ["냉장고", "qqqqqq", "!!", "010-1234-5678", "가" * 5_000])
    def test_does_not_guess_from_afar(self, typed: str) -> None:
        assert assistance.assist(typed, at=make.NOW).did_you_mean is None

    def test_offers_each_word_that_exists_when_together_they_do_not(self) -> None:
        help_ = assistance.assist("파랑 된장", at=make.NOW)

        assert help_.words == ["된장"]

    def test_offers_categories_near_the_words_first(self, shop: Shop) -> None:
        nearest = assistance.assist("업사이클카드지갑", at=make.NOW).categories

        assert nearest[0].name == "가방·잡화"
        assert nearest[0].category_id == shop.categories["가방·잡화"]
        assert len(nearest) == 6

    @pytest.mark.parametrize("typed", ["참께", "파랑 된장 참께", "tkrhk wmq", "!!", "ㅋㅋㅋ"])
    def test_asks_once(self, typed: str) -> None:
        with watch.statements() as sent:
            assistance.assist(typed, at=make.NOW)

        assert len(sent) == 1
