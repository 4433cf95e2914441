from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core import money

WON = st.integers(min_value=0, max_value=10**12)
WEIGHTS = st.lists(st.integers(min_value=0, max_value=10**9), min_size=1, max_size=12)


class TestAllocate:
    @given(total=st.integers(min_value=-(10**12), max_value=10**12), weights=WEIGHTS)
    def test_loses_no_won_and_stays_within_one_of_the_exact_share(
        self, total: int, weights: list[int]
    ) -> None:
        if sum(weights) == 0:
            weights = [*weights, 1]

        shares = money.allocate(total, weights)

        assert sum(shares) == total
        for share, weight in zip(shares, weights, strict=True):
            assert abs(share - Fraction(total * weight, sum(weights))) < 1
            assert weight > 0 or share == 0

    @given(total=WON, weights=WEIGHTS.filter(any))
    def test_splits_a_negative_total_as_its_mirror(self, total: int, weights: list[int]) -> None:
        assert money.allocate(-total, weights) == [-x for x in money.allocate(total, weights)]

    @given(total=WON, weights=WEIGHTS.filter(any))
    def test_gives_no_less_to_a_larger_weight(self, total: int, weights: list[int]) -> None:
        shares = money.allocate(total, weights)
        for i, first in enumerate(weights):
            for j, second in enumerate(weights):
                if first > second:
                    assert shares[i] >= shares[j]

    def test_gives_the_left_over_won_to_the_earlier_of_equals(self) -> None:
        assert money.allocate(5, [1, 1, 1]) == [2, 2, 1]

    def test_gives_nothing_of_nothing(self) -> None:
        assert money.allocate(0, [0, 0]) == [0, 0]
        assert money.allocate(0, []) == []

    def test_refuses_a_negative_weight(self) -> None:
        with pytest.raises(money.CannotAllocate, match="음수"):
            money.allocate(10, [2, -1])

    @pytest.mark.parametrize("weights", [[], [0], [0, 0]])
    def test_refuses_to_let_money_vanish(self, weights: list[int]) -> None:
        with pytest.raises(money.CannotAllocate, match="합이 0"):
            money.allocate(1, weights)


class TestAllocateWithin:
    @given(
        parts=st.lists(
            st.tuples(st.integers(1, 10**6), st.integers(0, 10**6)), min_size=1, max_size=10
        ),
        fraction=st.integers(0, 100),
    )
    def test_loses_no_won_and_keeps_every_limit(
        self, parts: list[tuple[int, int]], fraction: int
    ) -> None:
        weights, limits = [list(column) for column in zip(*parts, strict=True)]
        total = sum(limits) * fraction // 100

        shares = money.allocate_within(total, weights, limits)

        assert sum(shares) == total
        assert all(0 <= share <= limit for share, limit in zip(shares, limits, strict=True))

    @given(total=WON, weights=WEIGHTS.filter(any))
    def test_is_allocate_when_nothing_limits(self, total: int, weights: list[int]) -> None:
        unlimited = [total] * len(weights)
        assert money.allocate_within(total, weights, unlimited) == money.allocate(total, weights)

    def test_hands_on_what_one_cannot_take(self) -> None:
        assert money.allocate_within(12, [10, 20, 50, 30], [10, 1, 0, 4]) == [7, 1, 0, 4]

    def test_refuses_more_than_there_is_room_for(self) -> None:
        with pytest.raises(money.CannotAllocate):
            money.allocate_within(6, [1, 1], [2, 3])


class TestAllocateGrid:
    @given(
        rows=st.lists(st.integers(0, 10**6), max_size=8),
        cuts=st.lists(st.integers(0, 10**6), min_size=1, max_size=5),
    )
    def test_meets_rows_and_columns(self, rows: list[int], cuts: list[int]) -> None:
        columns = money.allocate(sum(rows), [cut + 1 for cut in cuts])

        grid = money.allocate_grid(rows, columns)

        assert [sum(row) for row in grid] == rows
        assert [sum(row[j] for row in grid) for j in range(len(columns))] == (
            list(columns) if rows else [0] * len(columns)
        )
        assert all(cell >= 0 for row in grid for cell in row)

    def test_refuses_rows_above_the_columns(self) -> None:
        with pytest.raises(money.CannotAllocate):
            money.allocate_grid([5, 6], [10])


class TestPercent:
    @pytest.mark.parametrize(
        ("given", "exact"),
        [(10, Fraction(10)), ("12.5", Fraction(25, 2)), ("0.1", Fraction(1, 10)), (0, Fraction(0))],
    )
    def test_is_exact(self, given: int | str, exact: Fraction) -> None:
        assert money.percent(given) == exact

    @pytest.mark.parametrize("given", [-1, "", "1e3", "+5", ".5", "5.", "1/3", "٣", " 5", True])
    def test_refuses_anything_else(self, given: int | str) -> None:
        with pytest.raises(money.NotAPercentage):
            money.percent(given)


class TestRounding:
    @pytest.mark.parametrize(
        ("amount", "rate", "unit", "part"),
        [
            (12_345, Fraction(10), 1, 1_234),
            (12_345, Fraction(10), 10, 1_230),
            (12_345, Fraction(10), 100, 1_200),
            (12_345, Fraction(10), 1_000, 1_000),
            (9_999, Fraction(10), 1_000, 0),
            (100, Fraction(29), 1, 29),
        ],
    )
    def test_part_of_cuts_down(self, amount: int, rate: Fraction, unit: int, part: int) -> None:
        assert money.part_of(amount, rate, unit=unit) == part

    @pytest.mark.parametrize(
        ("amount", "won"),
        [
            (Fraction(5, 2), 3),
            (Fraction(7, 2), 4),
            (Fraction(249, 100), 2),
            (Fraction(-5, 2), -2),
        ],
    )
    def test_half_goes_up(self, amount: Fraction, won: int) -> None:
        assert money.round_half_up(amount) == won
