from __future__ import annotations

import pytest

from marketplace.search import terms


class TestCounter:
    def test_counts_searches_and_misses_by_their_normal_form(self) -> None:
        counter = terms.Counter(largest=1)
        counter.note("  사과 ", found=True)
        counter.note("사과!", found=False)

        assert counter.take_due() == {"사과": terms.Tally(searches=2, misses=1)}
        assert counter.take_due() == {}

    @pytest.mark.parametrize(
        "typed",
        ["010-1234-5678", "0212345678", "me@example.com", "123-45-67890", "!!", "", "가" * 21],
    )
    def test_keeps_nothing_that_could_be_about_a_person(self, typed: str) -> None:
        counter = terms.Counter(every_seconds=0)
        counter.note(typed, found=False)

        assert counter.take_due() == {}

    def test_waits_until_it_is_time_or_full(self) -> None:
        counter = terms.Counter(every_seconds=3_600, largest=2)
        counter.note("사과", found=True)
        assert counter.take_due() == {}

        counter.note("꿀 500g", found=True)

        assert set(counter.take_due()) == {"사과", "꿀 500g"}
