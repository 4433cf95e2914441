"""How an order is named where orders are unknown: in stock, coupons, payments and the book."""

from __future__ import annotations

from typing import Final

_ORDER: Final = "order:"


def of_order(order_id: int) -> str:
    """Return the reference of an order."""
    return f"{_ORDER}{order_id}"


def find_order_id(reference: str) -> int | None:
    """Return the order a reference names, or None when it names something else."""
    number = reference.removeprefix(_ORDER)
    return int(number) if reference.startswith(_ORDER) and number.isdecimal() else None
