"""How an order is named where orders are unknown: in stock, coupons, payments and the book."""

from __future__ import annotations

from typing import Final

_ORDER: Final = "order:"
_PERSON: Final = "person:"


def of_order(order_id: int) -> str:
    """Return the reference of an order."""
    return f"{_ORDER}{order_id}"


def find_order_id(reference: str) -> int | None:
    """Return the order a reference names, or None when it names something else."""
    return _number_after(_ORDER, reference)


def find_person_id(actor: str) -> int | None:
    """Return the person who acted, or None when it was a guest, a timer or a provider."""
    return _number_after(_PERSON, actor)


def _number_after(prefix: str, name: str) -> int | None:
    number = name.removeprefix(prefix)
    return int(number) if name.startswith(prefix) and number.isdecimal() else None
