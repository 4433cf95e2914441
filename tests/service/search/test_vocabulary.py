from __future__ import annotations

import pytest

from marketplace.search import vocabulary
from marketplace.search.models import WordKind
from tests.service.search import watch

pytestmark = pytest.mark.usefixtures("shop")


def suggested(typed: str, limit: int = 20) -> list[str]:
    return [suggestion.word for suggestion in vocabulary.suggest(typed, limit=limit)]


class TestSuggest:
    def test_completes_a_syllable_half_typed(self) -> None:
        assert {"꿀", "꿀벌", "꿀사과", "꿀유자차"} <= set(suggested("꾸"))
        assert suggested("사ㄱ") == ["사과", "사과즙"]

    def test_completes_initials(self) -> None:
        assert {"사과", "사과즙", "생강청", "손길공방"} == set(suggested("ㅅㄱ"))

    def test_completes_enterprises_without_their_spaces(self) -> None:
        found = vocabulary.suggest("꿀벌지기협")

        assert [(s.word, s.kind) for s in found] == [("꿀벌지기 협동조합", WordKind.ENTERPRISE)]

    def test_names_the_kind_of_a_category(self) -> None:
        assert vocabulary.suggest("벌꿀")[0].kind == WordKind.CATEGORY

    def test_completes_designations(self) -> None:
        assert suggested("예비사회") == suggested("ㅇㅂㅅㅎ") == ["예비사회적기업"]

    def test_reads_a_keyboard_left_in_english(self) -> None:
        assert suggested("tkrhkw") == ["사과즙"]

    def test_puts_frequent_words_first(self) -> None:
        assert suggested("선") == ["선물", "선물세트"]

    @pytest.mark.parametrize("typed", ["", "  ", "'", "%", "_", "\\", "\x00", "!" * 9_999])
    def test_offers_nothing_for_nothing(self, typed: str) -> None:
        assert suggested(typed) == []

    def test_offers_as_many_as_asked_and_never_many(self) -> None:
        assert len(suggested("ㅅ", limit=3)) == 3
        assert len(vocabulary.suggest("ㅅ", limit=10_000)) <= 20

    def test_offers_no_amounts(self) -> None:
        assert suggested("500") == []

    def test_asks_once(self) -> None:
        with watch.statements() as sent:
            vocabulary.suggest("tkrhk")

        assert len(sent) == 1
