"""What is left to pay while coupons are taken off, unit by unit and bundle by bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from marketplace.checkout.quote_cart import Cart, Coupon, Scope
from marketplace.core.money import Won


@dataclass(frozen=True, slots=True)
class Run:
    """Some units of one line that cost the same by now."""

    left: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some units of one run that a coupon may work on."""

    line: int
    run: int
    # What the coupon counts from, and what it may take at most, per unit.
    base: int
    room: int
    count: int


class Basket:
    """The goods and shipping of a cart with what earlier coupons left of their prices."""

    def __init__(self, cart: Cart, shipping_fees: Sequence[Won]) -> None:
        self._lines = cart.lines
        self._runs = [[Run(line.unit_price, line.quantity)] for line in cart.lines]
        self.fees = tuple(shipping_fees)
        self.fees_left = list(shipping_fees)

    def left_of(self, line: int) -> int:
        """Return what is left to pay of one line."""
        return sum(run.left * run.count for run in self._runs[line])

    def left_in(self, scope: Scope) -> int:
        """Return what is left to pay of the lines in a scope."""
        return sum(self.left_of(i) for i, line in enumerate(self._lines) if scope.covers(line))

    def pieces(self, coupon: Coupon, *, from_originals: bool) -> list[Piece]:
        """Return the units a coupon may work on, its dearest or cheapest when it is limited."""
        pieces = [
            Piece(
                line=i,
                run=j,
                base=line.unit_price if from_originals else run.left,
                room=max(0, run.left - line.min_unit_price),
                count=run.count,
            )
            for i, line in enumerate(self._lines)
            if line.discountable and coupon.scope.covers(line)
            for j, run in enumerate(self._runs[i])
        ]
        if coupon.max_units is None:
            return pieces
        pieces.sort(key=lambda piece: piece.base if coupon.cheapest_first else -piece.base)
        return _first_units(pieces, coupon.max_units)

    def take(self, taken: Sequence[tuple[Piece, Won]]) -> None:
        """Take amounts off pieces; the earlier units of a piece carry the won left over."""
        by_run: Mapping[tuple[int, int], tuple[Piece, Won]] = {
            (piece.line, piece.run): (piece, amount) for piece, amount in taken
        }
        for i in {piece.line for piece, _ in taken}:
            self._runs[i] = _merged(
                [
                    part
                    for j, run in enumerate(self._runs[i])
                    for part in _after(run, by_run.get((i, j)))
                ]
            )


def _first_units(pieces: Sequence[Piece], units: int) -> list[Piece]:
    chosen = []
    for piece in pieces:
        count = min(piece.count, units)
        if count == 0:
            break
        units -= count
        chosen.append(
            Piece(line=piece.line, run=piece.run, base=piece.base, room=piece.room, count=count)
        )
    return sorted(chosen, key=attrgetter("line", "run"))


def _after(run: Run, taken: tuple[Piece, Won] | None) -> list[Run]:
    if taken is None:
        return [run]
    piece, amount = taken
    each, left_over = divmod(amount, piece.count)
    return [
        Run(run.left - each - 1, left_over),
        Run(run.left - each, piece.count - left_over),
        Run(run.left, run.count - piece.count),
    ]


def _merged(runs: Sequence[Run]) -> list[Run]:
    standing = [run for run in runs if run.count]
    return [
        Run(left, sum(run.count for run in same))
        for left, same in groupby(standing, key=attrgetter("left"))
    ]
