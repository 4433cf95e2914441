"""Whole won. Korea has no smaller coin, so neither does this program."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from math import floor
from typing import NewType

from marketplace.core.errors import InvalidInput

Won = NewType("Won", int)

_PERCENT = re.compile(r"\d{1,12}(\.\d{1,12})?", re.ASCII)


class CannotAllocate(InvalidInput):
    """There is nobody to give the money to, or not enough room for it."""

    message = "{total:,}원을 나눌 수 없습니다({problem})."


class NotAPercentage(InvalidInput):
    """A rate is written as a whole number or a decimal such as `12.5`."""

    message = "백분율이 아닙니다: {given}"


def allocate(total: int, weights: Sequence[int]) -> list[Won]:
    """
    Split total in proportion to weights, largest remainders first, losing no won.

    Ties go to the earlier one; a negative total is split as its opposite would be.

    :raises CannotAllocate: for a negative weight, or when all weights are zero and total is not
    """
    if any(weight < 0 for weight in weights):
        raise CannotAllocate(total=total, problem="음수 비율")
    whole = sum(weights)
    if whole == 0:
        if total != 0:
            raise CannotAllocate(total=total, problem="비율의 합이 0")
        return [Won(0) for _ in weights]
    size = abs(total)
    shares = [size * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: -(size * weights[i] % whole))
    for i in by_remainder[: size - sum(shares)]:
        shares[i] += 1
    return [Won(-share if total < 0 else share) for share in shares]


def allocate_within(total: int, weights: Sequence[int], limits: Sequence[int]) -> list[Won]:
    """
    Split total as `allocate` does, to nobody more than the limit; the others share the rest.

    :raises CannotAllocate: when the limits have no room for total
    """
    shares = [Won(0) for _ in weights]
    takers = [i for i in range(len(weights)) if weights[i] > 0 and limits[i] > 0]
    left = total
    while True:
        whole = sum(weights[i] for i in takers)
        full = [i for i in takers if left * weights[i] > limits[i] * whole]
        if not full:
            break
        for i in full:
            shares[i] = Won(limits[i])
            left -= limits[i]
        takers = [i for i in takers if i not in full]
    for i, share in zip(takers, allocate(left, [weights[i] for i in takers]), strict=True):
        shares[i] = share
    return shares


def allocate_grid(rows: Sequence[int], columns: Sequence[int]) -> list[list[Won]]:
    """
    Split every row over the columns so that rows and columns are met to the won.

    Each row is split by what the rows before it left of the columns. When the rows are less than
    the columns, the columns stay partly unfilled.

    :raises CannotAllocate: when the rows are more than the columns
    """
    left = list(columns)
    grid = []
    for row in rows:
        if row > sum(left):
            raise CannotAllocate(total=row, problem="받을 자리가 모자람")
        shares = allocate(row, left)
        left = [room - share for room, share in zip(left, shares, strict=True)]
        grid.append(shares)
    return grid


def percent(given: int | str) -> Fraction:
    """
    Read per cent written as a whole number or a decimal string, exactly.

    :raises NotAPercentage:
    """
    if isinstance(given, bool) or not _PERCENT.fullmatch(str(given)):
        raise NotAPercentage(given=given)
    return Fraction(given)


def part_of(amount: int, rate: Fraction, *, unit: int = 1) -> Won:
    """Return rate per cent of amount, cut down to whole units of won (절사)."""
    return Won(floor(amount * rate / 100 / unit) * unit)


def round_half_up(amount: Fraction) -> Won:
    """Return the nearest won; exactly half a won goes up."""
    return Won(floor(amount + Fraction(1, 2)))
