from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.search import filters
from marketplace.search.filters import BadCursor, BadFilter, ProductFilter, Sort

numbers = st.integers(0, 2**63 - 1)


def written(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


class TestCursor:
    @given(st.sampled_from([s for s in Sort if s != Sort.NEWEST]), st.booleans(), numbers, numbers)
    def test_reads_back_what_it_wrote(
        self, sort: Sort, strong: bool, key: int, product_id: int
    ) -> None:
        cursor = filters.mark(strong=strong, key=key, product_id=product_id)

        assert filters.read_cursor(cursor.write(sort), sort) == cursor

    @given(st.datetimes(datetime(1970, 1, 1), datetime(9998, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
    def test_keeps_moments_exactly(self, moment: datetime) -> None:
        cursor = filters.mark(strong=False, key=moment, product_id=1)

        assert filters.read_cursor(cursor.write(Sort.NEWEST), Sort.NEWEST).moment == moment

    @pytest.mark.parametrize(
        "content",
        [
            [],
            {},
            None,
            7,
            "popular",
            ["popular", 0, 1],
            ["popular", 0, 1, 2, 3],
            ["newest", 0, 1, 2],
            ["popular", 0, 1.5, 2],
            ["popular", 0, "1", 2],
            ["popular", 0, -1, 2],
            ["popular", 0, 2**63, 2],
            ["popular", True, 1, 2],
            ["popular", 0, None, 2],
        ],
    )
    def test_refuses_what_it_never_wrote(self, content: object) -> None:
        with pytest.raises(BadCursor):
            filters.read_cursor(written(content), Sort.POPULAR)

    @pytest.mark.parametrize("text", ["?", "====", "가", "\x00", "A", "[" * 150, "x" * 100_000])
    def test_refuses_what_is_no_cursor(self, text: str) -> None:
        with pytest.raises(BadCursor):
            filters.read_cursor(text, Sort.POPULAR)

    def test_refuses_a_moment_past_the_calendar(self) -> None:
        with pytest.raises(BadCursor):
            filters.read_cursor(written(["newest", 0, 2**63 - 1, 1]), Sort.NEWEST)


class TestProductFilter:
    def test_is_the_same_question_however_asked(self) -> None:
        one = ProductFilter(text=" 꿀  500 g", kinds=("b", "a", "b"))
        other = ProductFilter(text="꿀 500g", kinds=("a", "b"))

        assert one.normal() == other.normal()

    def test_knows_blank_from_unreadable(self) -> None:
        assert not ProductFilter(text=" \t").has_text
        assert ProductFilter(text="!?").normal().has_text
        assert ProductFilter(text="!?").query() is None

    @pytest.mark.parametrize("name", ["category_id", "enterprise_id", "price_from", "price_to"])
    @pytest.mark.parametrize("number", [-1, 2**63])
    def test_refuses_numbers_the_database_cannot_hold(self, name: str, number: int) -> None:
        with pytest.raises(BadFilter):
            ProductFilter(**{name: number})  # type: ignore[arg-type]
