"""Measured and yardstick in turn, so that the noise of the machine hits both."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass

from bench.generator import Leg


class Failed(Exception):
    """A figure with failures in it is no figure."""


@dataclass(frozen=True)
class Pace:
    """How many rounds there are, and how long each leg of one takes."""

    rounds: int
    seconds: float

    def brief(self) -> Pace:
        """Return the pace of figures that only stand beside those that are asked for."""
        return Pace(max(1, self.rounds // 2), self.seconds)


@dataclass(frozen=True)
class Both:
    """The legs of both sides, round by round."""

    measured: tuple[Leg, ...]
    yardstick: tuple[Leg, ...]

    @property
    def measured_rates(self) -> list[float]:
        """List pieces per second of the measured side."""
        return [leg.rate for leg in self.measured]

    @property
    def yardstick_rates(self) -> list[float]:
        """List pieces per second of the yardstick."""
        return [leg.rate for leg in self.yardstick]

    @property
    def measured_rate(self) -> float:
        """Return the median of the measured side."""
        return statistics.median(self.measured_rates)

    @property
    def yardstick_rate(self) -> float:
        """Return the median of the yardstick."""
        return statistics.median(self.yardstick_rates)


def in_turn(pace: Pace, measured: Callable[[int], Leg], yardstick: Callable[[int], Leg]) -> Both:
    """
    Run both sides alternately, after a round that does not count.

    :raises Failed: a piece of work failed
    """
    ours, theirs = [], []
    # The first round fills caches and compiles templates; it is not kept.
    for number in range(pace.rounds + 1):
        pair = (measured(number), yardstick(number))
        for leg in pair:
            if leg.error_count:
                raise Failed(f"{leg.error_count} failures, such as {leg.errors[0]}")
        if number:
            ours.append(pair[0])
            theirs.append(pair[1])
    return Both(tuple(ours), tuple(theirs))
