from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.search import jamo

hangul = st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), max_size=12)


class TestDecompose:
    @pytest.mark.parametrize(
        ("text", "letters"),
        [
            ("꿀", "ㄱㄱㅜㄹ"),
            ("사과", "ㅅㅏㄱㅗㅏ"),
            ("닭", "ㄷㅏㄹㄱ"),
            ("있다", "ㅇㅣㅅㅅㄷㅏ"),
            ("차 A", "ㅊㅏ A"),
        ],
    )
    def test_spells_syllables_as_typed(self, text: str, letters: str) -> None:
        assert jamo.decompose(text) == letters

    @given(hangul, hangul)
    def test_keeps_prefixes(self, start: str, rest: str) -> None:
        assert jamo.decompose(start + rest).startswith(jamo.decompose(start))


class TestInitials:
    def test_keeps_first_consonants_and_other_characters(self) -> None:
        assert jamo.initials("꿀차 500g") == "ㄲㅊ 500g"

    @pytest.mark.parametrize(
        ("word", "bare"),
        [("ㅅㅎㄱ", True), ("ㅅ", True), ("ㅏ", False), ("사ㄱ", False), ("", False)],
    )
    def test_recognises_bare_consonants(self, word: str, bare: bool) -> None:
        assert jamo.is_initials(word) is bare

    def test_spreads_what_the_input_method_joined(self) -> None:
        assert jamo.spread_initials("ㄳㅀㄲ") == "ㄱㅅㄹㅎㄲ"


class TestFromEnglishKeys:
    @pytest.mark.parametrize(
        ("typed", "meant"),
        [
            ("gks", "한"),
            ("tkrhk", "사과"),
            ("Rnf", "꿀"),
            ("ekfrrkf", "닭갈"),
            ("ekfrdl", "닭이"),
            ("dkswek", "앉다"),
            ("dlswnd", "인중"),
            ("dhkdl", "와이"),
            ("Tkf 10kg", "쌀 10ㅏㅎ"),
            ("qkq", "밥"),
        ],
    )
    def test_reads_the_hangul_on_the_keys(self, typed: str, meant: str) -> None:
        assert jamo.from_english_keys(typed) == meant

    @given(st.text(max_size=40))
    def test_reads_anything(self, typed: str) -> None:
        assert isinstance(jamo.from_english_keys(typed), str)


class TestDistance:
    @pytest.mark.parametrize(
        ("typed", "meant", "slips"),
        [
            ("굴", "꿀", 1),
            ("참께", "참깨", 1),
            ("사과", "사과", 0),
            ("멸치", "며치", 1),
            ("", "가", 2),
        ],
    )
    def test_counts_slips_of_the_fingers(self, typed: str, meant: str, slips: int) -> None:
        assert jamo.distance(jamo.decompose(typed), jamo.decompose(meant)) == slips

    def test_counts_swapped_neighbours_once(self) -> None:
        assert jamo.distance("ab", "ba") == 1

    @given(hangul, hangul)
    def test_is_symmetric_and_zero_only_for_the_same(self, left: str, right: str) -> None:
        assert jamo.distance(left, right) == jamo.distance(right, left)
        assert (jamo.distance(left, right) == 0) == (left == right)
