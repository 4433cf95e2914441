"""Sixty browsers race for twenty pieces: the losers are told and keep their carts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
import requests
from flask import Flask
from sqlalchemy import select

from marketplace.accounts.secrets import hash_secret
from marketplace.catalog.models import Variant
from marketplace.core.db import db
from marketplace.orders.models import Order
from tests import make
from tests.bed.stripe import FakeStripe
from tests.bed.web import LiveServer
from tests.concurrent.http_crowd import at_once
from tests.faults import invariants
from tests.faults.shopper import Shopper, path_of

PASSWORD = "나루터에 배가 세 척"  # noqa: S105
GUESTS, MEMBERS, PIECES = 45, 15, 20


@pytest.fixture
def live_app(crowded_app: Flask) -> Flask:
    """The application with room for a crowd."""
    return crowded_app


@pytest.fixture
def wanted(live_app: Flask, live_server: LiveServer) -> Iterator[Variant]:  # noqa: ARG001
    """What everybody wants."""
    with live_app.app_context():
        yield make.sellable(on_hand=PIECES, name="마지막 꿀")


def ready(shop: str, wanted: Variant, email: str | None) -> tuple[Shopper, dict[str, str]]:
    """Somebody with a filled-in order sheet before them."""
    buyer = Shopper(shop)
    if email is not None:
        assert path_of(buyer.sign_in(email, PASSWORD)) == "/"
    assert path_of(buyer.fill_cart(wanted.id)).startswith("/")
    return buyer, buyer.sheet(buyer.get("/checkout"))


def buy(buyer: Shopper, sheet: dict[str, str]) -> list[requests.Response]:
    """Press the button; whoever got a piece pays."""
    placed = buyer.post("/checkout", sheet)
    if placed.status_code != 303:
        return [placed]
    return [placed, buyer.pay(path_of(placed))]


def test_sixty_browsers_race_for_twenty_pieces(
    wanted: Variant, live_server: LiveServer, fake_stripe: FakeStripe
) -> None:
    secret = hash_secret(PASSWORD)
    emails = [make.person(password_hash=secret).email for _ in range(MEMBERS)]
    who = [*emails, *[None] * GUESTS]
    buyers = at_once([partial(ready, live_server.url, wanted, email) for email in who])

    answers = at_once([partial(buy, *each) for each in buyers])

    winners = [steps for steps in answers if len(steps) == 2]
    assert len(winners) == PIECES
    assert all(path_of(paid).endswith("/done") for _, paid in winners)
    losers = [
        (buyer, steps[0])
        for (buyer, _), steps in zip(buyers, answers, strict=True)
        if len(steps) == 1
    ]
    assert [told.status_code for _, told in losers] == [409] * (len(who) - PIECES)
    for buyer, told in losers:
        assert "재고가 부족합니다: 마지막 꿀" in told.text
        assert "마지막 꿀" in buyer.get("/cart").text
    fake_stripe.wait_until_idle()
    db.session.rollback()
    assert make.stock_of(wanted) == (0, 0)
    assert all(order.paid_at for order in db.session.scalars(select(Order)))
    assert make.count_of(Order) == PIECES
    invariants.check(fake_stripe)
