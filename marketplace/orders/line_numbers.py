"""How sheets name one line or one bundle of an order: the order's number and a place in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from marketplace.orders import numbers

_SHAPE: Final = re.compile(r"([0-9]{8}[0-9A-Z]{8})-?(B)?([0-9]{1,3})?")


@dataclass(frozen=True)
class Name:
    """What a cell names: a line, a bundle, or a whole order when no place is given."""

    order_number: str
    line_position: int | None = None
    bundle_position: int | None = None


def of_line(order_number: str, position: int) -> str:
    """Return the number of a line (상품주문번호)."""
    return f"{order_number}-{position + 1}"


def of_bundle(order_number: str, position: int) -> str:
    """Return the number carriers are given for a bundle (고객주문번호)."""
    return f"{order_number}-B{position + 1}"


def read(written: str) -> Name | None:
    """Return what a cell names, or None when it is no number of ours."""
    order, dash, place = written.strip().upper().partition("-")
    found = _SHAPE.fullmatch(f"{numbers.tidy(order)}{dash}{place.replace(' ', '')}")
    if found is None:
        return None
    position = int(found[3]) - 1 if found[3] else None
    if found[2]:
        return None if position is None else Name(found[1], bundle_position=position)
    return Name(found[1], line_position=position)
