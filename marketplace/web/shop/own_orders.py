"""Which orders a browser may see without an account, and which payment it left unfinished."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from flask import session
from flask_login import current_user

from marketplace.core import clock
from marketplace.orders import queries as orders
from marketplace.orders.details import OrderDetail, OrderOwner
from marketplace.orders.queries import OrderNotFound

_OPEN_TO_GUESTS: Final = timedelta(hours=1)
_MOST: Final = 5


def open_to_guest(order_id: int, number: str) -> None:
    """Let this browser see a guest's order for a while: it placed it, or knew the password."""
    kept = {key: value for key, value in _kept().items() if key != number}
    newest = dict(list(kept.items())[-(_MOST - 1) :])
    until = int((clock.now() + _OPEN_TO_GUESTS).timestamp())
    session["guest_orders"] = {**newest, number: [order_id, until]}


def get_guest_order(number: str) -> OrderDetail:
    """
    Return a guest's order this browser may see.

    :raises OrderNotFound:
    """
    order_id, until = _kept().get(number, (0, 0))
    if until < clock.now().timestamp():
        raise OrderNotFound
    return orders.get(order_id)


def get_own(number: str) -> OrderDetail:
    """
    Return the member's own order, or a guest's this browser may see.

    :raises OrderNotFound:
    """
    if current_user.is_authenticated:
        try:
            return orders.get_for_person(number=number, person_id=current_user.person_id)
        except OrderNotFound:
            return get_guest_order(number)
    return get_guest_order(number)


def is_mine(order: OrderDetail | OrderOwner) -> bool:
    """Say whether an order reached by its payment's secret name is the visitor's to act on."""
    # A guest's is whoever's holds the link; a member's is only theirs.
    return order.person_id is None or order.person_id == current_user.person_id


def note_open_payment(public_id: str, *, until: datetime) -> None:
    """Remember a payment this browser began, so that the cart can lead back to it."""
    session["open_payment"] = [public_id, int(until.timestamp())]


def forget_open_payment(public_id: str) -> None:
    """Forget a payment that is over."""
    if session.get("open_payment", [None])[0] == public_id:
        session.pop("open_payment")


def open_payment_id(at: datetime) -> str | None:
    """Return the payment this browser began and may still go on with, or None."""
    public_id, until = session.get("open_payment") or (None, 0)
    return public_id if until > at.timestamp() else None


def _kept() -> dict[str, list[int]]:
    kept: dict[str, list[int]] = session.get("guest_orders") or {}
    return kept
