from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from marketplace.web import filters

NOON_IN_UTC = datetime(2026, 11, 22, 5, 5, tzinfo=UTC)
LATE_IN_UTC = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)


class TestWon:
    @pytest.mark.parametrize(
        ("amount", "words"),
        [
            (0, "0원"),
            (12_000, "12,000원"),
            (-7_500, "\N{MINUS SIGN}7,500원"),
        ],
    )
    def test_groups_thousands_and_keeps_the_sign(self, amount: int, words: str) -> None:
        assert filters.won(amount) == words


class TestShortWon:
    @pytest.mark.parametrize(
        ("amount", "words"),
        [
            (1_077_004_999, "10억 7,700만원"),
            (200_000_000, "2억원"),
            (68_750_000, "6,875만원"),
            (9_999, "9,999원"),
            (-50_000, "\N{MINUS SIGN}5만원"),
        ],
    )
    def test_cuts_down_to_ten_thousands(self, amount: int, words: str) -> None:
        assert filters.short_won(amount) == words


class TestDay:
    def test_writes_the_weekday(self) -> None:
        assert filters.day(date(2026, 11, 22)) == "2026.11.22.(일)"

    def test_moves_an_instant_to_seoul_first(self) -> None:
        assert filters.day(LATE_IN_UTC) == "2026.11.23.(월)"

    def test_leaves_the_year_out_of_the_short_form(self) -> None:
        assert filters.short_day(date(2026, 12, 31)) == "12.31.(목)"


class TestInstant:
    def test_is_in_seoul(self) -> None:
        assert filters.instant(NOON_IN_UTC) == "2026.11.22.(일) 14:05"


class TestNamed:
    @pytest.mark.parametrize(
        ("text", "label", "words"),
        [
            ("이 항목을 채워 주세요.", "이메일", "이메일: 이 항목을 채워 주세요."),
            ("결제 방법을 골라 주세요.", "결제 방법", "결제 방법을 골라 주세요."),
            ("우편번호는 숫자 5자리입니다.", "우편 번호", "우편번호는 숫자 5자리입니다."),
        ],
    )
    def test_says_the_name_once(self, text: str, label: str, words: str) -> None:
        assert filters.named(text, label) == words


class TestPercentOff:
    @pytest.mark.parametrize(
        ("price", "consumer_price", "percent"),
        [(12_000, 15_000, 20), (9_999, 10_000, 0), (10_000, 10_000, 0), (5_000, 0, 0)],
    )
    def test_is_cut_down_to_whole_percent(
        self, price: int, consumer_price: int, percent: int
    ) -> None:
        assert filters.percent_off(price, consumer_price) == percent


class TestShare:
    @pytest.mark.parametrize(
        ("part", "whole", "words"),
        [
            (312, 1_000, "31.2%"),
            (39_400_000, 40_000_000, "98.5%"),
            (3, 2, "100.0%"),
            (-1, 2, "0.0%"),
            (1, 0, "0.0%"),
        ],
    )
    def test_stays_between_nothing_and_all(self, part: int, whole: int, words: str) -> None:
        assert filters.share(part, whole) == words


class TestJosa:
    @pytest.mark.parametrize(
        ("word", "pair", "words"),
        [
            ("꿀", "은/는", "꿀은"),
            ("두부", "을/를", "두부를"),
            ("서울", "으로/로", "서울로"),
            ("나루", "으로/로", "나루로"),
            ("시장", "으로/로", "시장으로"),
            ("쿠폰(5장)", "이/가", "쿠폰(5장)이"),
            ("2026", "이/가", "2026이"),
            ("2025", "이/가", "2025가"),
            ("500g", "은/는", "500g는"),
            ("", "은/는", "는"),
        ],
    )
    def test_follows_the_last_sound(self, word: str, pair: str, words: str) -> None:
        assert filters.josa(word, pair) == words
