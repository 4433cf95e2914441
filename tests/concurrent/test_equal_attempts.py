"""One attempt sent twice: the slower one finds its goods and coupons gone into its own order."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import pytest
from flask import Flask

from marketplace.checkout import cart, placing
from marketplace.checkout.cart import CartView, Owner
from marketplace.checkout.placing import PlacedOrder
from marketplace.core.db import db, in_transaction
from marketplace.orders.models import Order
from tests import make
from tests.service.checkout import books


def overtaken(view: Callable[..., CartView], first: Callable[[], None]) -> Callable[..., CartView]:
    """Let somebody else be faster once, just before the cart is looked at."""
    waiting = [first]

    def look(**arguments: object) -> CartView:
        if waiting:
            thread = threading.Thread(target=waiting.pop())
            thread.start()
            thread.join()
        return view(**arguments)

    return look


def test_the_slower_learns_of_the_faster(
    crowded_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with crowded_app.app_context():
        buyer = make.person()
        coupon = make.claimed_coupon(make.campaign(amount=3_000), by=buyer)
        make.cart({make.sellable(on_hand=1): 1}, of=buyer, coupons=[coupon])
        place = partial(
            placing.place_order,
            owner=Owner(person_id=buyer.id),
            attempt_key=make.attempt_key(),
            form=make.order_form(10_000),
            at=make.NOW,
        )
        placed: list[PlacedOrder] = []

        def be_faster() -> None:
            with crowded_app.app_context():
                placed.append(in_transaction(place))
                db.session.remove()

        monkeypatch.setattr(cart, "view_for_order", overtaken(cart.view_for_order, be_faster))
        placed.append(in_transaction(place))

        assert [one.is_new for one in placed] == [True, False]
        assert placed[0].order_id == placed[1].order_id
        assert make.count_of(Order) == 1
        books.check()
