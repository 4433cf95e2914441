from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.search import grams

LEXEME = r"'[^\W_](?:\.?[^\W_])*'"


class TestNormalise:
    @pytest.mark.parametrize(
        ("written", "normal"),
        [
            (unicodedata.normalize("NFD", "꿀차"), "꿀차"),
            ("\uff21\uff22\u3000\uff11", "ab 1"),
            ("  참깨 \t  기름 ", "참깨 기름"),
            ("쌀 10 ㎏", "쌀 10kg"),
            ("A/S 가능", "as 가능"),
            ("1,000원", "1000원"),
            ("500 g", "500g"),
            ("500 grams", "500 grams"),
            ("ㅅㅎㄱ", "ㅅㅎㄱ"),
        ],
    )
    def test_writes_the_same_thing_the_same_way(self, written: str, normal: str) -> None:
        assert grams.normalise(written) == normal

    @given(st.text(max_size=60))
    def test_has_nothing_left_to_do_with_its_words(self, text: str) -> None:
        once = grams.words(text)

        assert all(re.fullmatch(r"(?:\d+\.\d+|[^\W_])+", word) for word in once)


class TestIndexText:
    def test_weighs_grams_by_their_place_in_the_word(self) -> None:
        assert grams.index_text([(grams.NAME, "참깨 아카시아꿀")]) == (
            "'참':1C '깨':2B '참깨':1A "
            "'아':4C,7D '카':5D '시':6D '꿀':8B '아카':4C '카시':5D '시아':6D '아꿀':7B"
        )

    def test_lowers_the_weight_of_lesser_fields(self) -> None:
        fields = [(grams.NAME, "꿀"), (grams.CONTEXT, "차"), (grams.CONTEXT, "참깨")]

        assert grams.index_text(fields) == "'꿀':1A '차':3C '참':5D '깨':6D '참깨':5C"

    def test_keeps_latin_and_amounts_whole(self) -> None:
        assert grams.index_text([(grams.NAME, "USB선 500g 1.5L")]) == (
            "'usb':1A '선':2A '500g':4A '500':4D '1.5l':6A '1.5':6D"
        )

    @given(
        st.lists(
            st.tuples(st.sampled_from([grams.NAME, grams.CONTEXT]), st.text(max_size=80)),
            max_size=4,
        )
    )
    def test_writes_nothing_but_quoted_lexemes(self, fields: list[tuple[str, str]]) -> None:
        places = r"\d+[ABCD](?:,\d+[ABCD])*"

        assert re.fullmatch(rf"(?:{LEXEME}:{places}(?: |$))*", grams.index_text(fields))

    def test_cuts_hostile_lengths(self) -> None:
        assert len(grams.index_text([(grams.NAME, "가나다" * 90_000)])) < 20_000
        assert "z" * 41 not in grams.index_text([(grams.NAME, "z" * 900)])


class TestInitialsText:
    def test_ends_words_with_a_and_runs_on_with_d(self) -> None:
        assert grams.initials_text(["햇 사과"]) == "'ㅎㅅㄱ':1D 'ㅎ':1A 'ㅅㄱ':1A 'ㄱ':1A"


class TestCleanQuery:
    def test_reads_at_most_eight_words_and_a_hundred_characters(self) -> None:
        assert grams.clean_query("가 " * 20) == " ".join("가" * 8)
        assert len(grams.clean_query("나" * 10_000)) == grams.MAX_QUERY_LENGTH


class TestParseQuery:
    @pytest.mark.parametrize("typed", ["", "   ", "':&|!\\()<->*", "\x00", "\ud800", "___"])
    def test_finds_nothing_to_ask(self, typed: str) -> None:
        assert grams.parse_query(typed) is None

    def test_asks_one_syllable_anywhere_and_first_at_the_end(self) -> None:
        query = grams.parse_query("꿀")

        assert query is not None
        assert (query.match, query.strong) == ("(('꿀'))", "(('꿀':AB))")

    def test_asks_long_words_in_one_piece_or_written_apart(self) -> None:
        query = grams.parse_query("사과즙")

        assert query is not None
        assert (
            query.match == "(('사과' <-> '과즙') | ('사':AC <2> ('과즙')) | (('사과') <3> ('즙')))"
        )

    def test_drops_particles_only_in_the_loose_form(self) -> None:
        query = grams.parse_query("가방을")

        assert query is not None
        assert "('가방')" in query.loose_match.split(" | ")
        assert "('가방')" not in query.match.split(" | ")

    @pytest.mark.parametrize(
        ("typed", "stem"),
        [
            ("꿀은", "꿀"),
            ("부산에서", "부산"),
            ("빵이랑", "빵"),
            ("쌀로", "쌀"),
            ("사과ㅋㅋ", "사과"),
        ],
    )
    def test_knows_the_particles(self, typed: str, stem: str) -> None:
        query = grams.parse_query(typed)

        assert query is not None
        assert f"('{stem}')" in query.loose_match

    def test_never_trims_a_word_to_nothing(self) -> None:
        query = grams.parse_query("은")

        assert query is not None
        assert query.loose_match == query.match == "(('은'))"

    def test_takes_bare_consonants_for_initials(self) -> None:
        query = grams.parse_query("ㅅㅎㄱ ㄳ")

        assert query is not None
        assert query.by_initials
        assert query.match == "'ㅅㅎㄱ':* & 'ㄱㅅ':*"

    def test_completes_latin_words_but_not_numbers(self) -> None:
        latin, number = grams.parse_query("Coff"), grams.parse_query("50")

        assert latin is not None
        assert number is not None
        assert (latin.match, number.match) == ("('coff':*)", "('50')")

    @given(st.text(max_size=200))
    def test_writes_nothing_but_quoted_lexemes_and_operators(self, typed: str) -> None:
        query = grams.parse_query(typed)

        if query is not None:
            for asked in (query.match, query.strong, query.loose_match, query.loose_strong):
                left = re.sub(rf"{LEXEME}(?::[ABC*]+)?", "", asked)
                assert re.fullmatch(r"(?:[()&| ]|<\d>|<->)*", left), asked
