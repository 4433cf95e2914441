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
            ("거피", "커피"),
            ("사가즙", "사과즙"),
            ("아카시아끌", "아카시아꿀"),
            ("캔버쓰 가방", "캔버스 가방"),
            ("손길공반", "손길공방"),
            ("tkrhk", "사과"),
            ("Rnf", "꿀"),
            ("coookie", "cookie"),
            ("사회적기엎", "사회적기업"),
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

    @pytest.mark.parametrize(
        ("typed", "head"), [("보리방", "빵"), ("냉거피", "커피"), ("호박된쟝", "된장")]
    )
    def test_means_what_a_compound_ends_in(self, typed: str, head: str) -> None:
        assert assistance.assist(typed, at=make.NOW).did_you_mean == head

    @pytest.mark.parametrize(
        ("typed", "words"),
        [
            ("보리빵", ["빵"]),
            ("호박된장", ["된장"]),
            ("커피가방", ["가방", "커피"]),
            ("보리빵 유자과자", ["빵", "과자"]),
        ],
    )
    def test_offers_the_words_a_compound_is_made_of(self, typed: str, words: list[str]) -> None:
        help_ = assistance.assist(typed, at=make.NOW)

        assert help_.did_you_mean is None
        assert help_.words == words

    @pytest.mark.parametrize("typed", ["우체국밥", "감청색"])
    def test_takes_no_lone_syllable_for_a_word(self, typed: str) -> None:
        help_ = assistance.assist(typed, at=make.NOW)

        assert (help_.did_you_mean, help_.words) == (None, [])

    def test_offers_words_that_begin_with_the_same_initials(self) -> None:
        help_ = assistance.assist("ㅅㄱㅊㅊ", at=make.NOW)

        assert help_.words == ["생강청"]
        assert help_.categories == []

    def test_offers_categories_near_the_words_first(self, shop: Shop) -> None:
        nearest = assistance.assist("업사이클카드지갑", at=make.NOW).categories

        assert nearest[0].name == "가방·잡화"
        assert nearest[0].category_id == shop.categories["가방·잡화"]

    def test_offers_categories_of_what_was_meant(self) -> None:
        nearest = assistance.assist("된쟝", at=make.NOW).categories

        assert [category.name for category in nearest] == ["장·기름"]

    def test_offers_no_category_that_has_nothing_near(self) -> None:
        assert assistance.assist("냉장고", at=make.NOW).categories == []

    @pytest.mark.parametrize("typed", ["참께", "파랑 된장 참께", "tkrhk wmq", "!!", "ㅋㅋㅋ"])
    def test_asks_for_words_once_and_for_categories_once(self, typed: str) -> None:
        with watch.statements() as sent:
            assistance.assist(typed, at=make.NOW)

        assert len(sent) <= 2
