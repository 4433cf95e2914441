"""The buyer comes back and the provider's message arrives at the same moment (P4, over HTTP)."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
import requests
from flask import Flask
from sqlalchemy import func, select

from marketplace.catalog.models import Variant
from marketplace.core import clock
from marketplace.core.db import db
from marketplace.core.settings import Settings
from marketplace.demo.fake_stripe.store import Body, Filter
from marketplace.ledger.models import Entry
from marketplace.notifications.models import Message
from marketplace.payments.models import PaymentHistory, PaymentState
from marketplace.payments.port import HeldPayment
from tests import make
from tests.bed.stripe import FakeStripe
from tests.bed.web import LiveServer
from tests.faults import crew, invariants
from tests.faults.test_checkout import began, charge
from tests.web.test_webhook_stripe import headers

ORDERS, PER_ORDER, SIDE_BY_SIDE = 100, 3, 4


@pytest.fixture
def live_app(crowded_app: Flask) -> Flask:
    """The application with room for a crowd."""
    return crowded_app


@pytest.fixture
def wanted(live_app: Flask, live_server: LiveServer) -> Iterator[Variant]:  # noqa: ARG001
    """What everybody buys."""
    with live_app.app_context():
        yield make.sellable(on_hand=ORDERS)


def come_back(shop: str, held: HeldPayment) -> requests.Response:
    """Open the page the provider sends buyers back to."""
    named = {
        "payment_intent": held.provider_ref,
        "payment_intent_client_secret": held.client_secret,
    }
    address = f"{shop}/pay/{held.public_id}/return"
    return requests.get(address, params=named, allow_redirects=False, timeout=60)


def tell(shop: str, event: Body) -> requests.Response:
    """Deliver a message of the provider."""
    raw = json.dumps(event).encode()
    return requests.post(f"{shop}/webhooks/stripe", raw, headers=headers(raw), timeout=60)


def together(calls: list[Callable[[], requests.Response]]) -> list[int]:
    """Let all calls go by one barrier; return their statuses."""
    barrier = threading.Barrier(len(calls))

    def do(call: Callable[[], requests.Response]) -> int:
        barrier.wait(60)
        return call().status_code

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(do, calls))


def test_return_page_twice_and_webhook_confirm_once(
    wanted: Variant, live_settings: Settings, live_server: LiveServer, fake_stripe: FakeStripe
) -> None:
    # The messages come when this test says so.
    fake_stripe.send_webhooks_to(None)
    orders = [make.placed_order({wanted: 1}, at=clock.now()) for _ in range(ORDERS)]
    payments = [began(order, live_settings) for order in orders]
    for held in payments:
        charge(held, live_settings)
    events = {
        event["data"]["object"]["id"]: event
        for event in fake_stripe.fake.store.page(Filter("event", limit=1_000))[0]
        if event["type"] == "payment_intent.succeeded"
    }
    calls: list[list[Callable[[], requests.Response]]] = [
        [
            partial(come_back, live_server.url, held),
            partial(come_back, live_server.url, held),
            partial(tell, live_server.url, events[held.provider_ref]),
        ]
        for held in payments
    ]

    with crew.working(live_settings):
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            statuses = list(pool.map(together, calls))
        crew.wait_until(crew.all_done, instead=crew.unfinished)

    assert statuses == [[303, 303, 200]] * ORDERS
    assert db.session.scalars(select(Entry.kind)).all() == ["paid"] * ORDERS
    became = select(func.count()).where(PaymentHistory.to_state == PaymentState.PAID)
    assert db.session.scalar(became) == ORDERS
    assert make.count_of(Message) == ORDERS
    assert make.stock_of(wanted) == (0, 0)
    invariants.check(fake_stripe)
