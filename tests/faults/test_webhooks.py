"""The provider's messages: all lost, all five times, or forged (P1, P2, P11, P12)."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence

import pytest
import requests
from flask import Flask
from sqlalchemy import func, select

from marketplace.catalog.models import Variant
from marketplace.checkout.placing import PlacedOrder
from marketplace.core import clock
from marketplace.core.db import db
from marketplace.core.settings import Settings
from marketplace.demo.fake_stripe.events import UNDELIVERED
from marketplace.demo.fake_stripe.store import Body, Filter
from marketplace.ledger.models import Entry
from marketplace.notifications.models import Message
from marketplace.notifications.transport import Folder
from marketplace.orders.models import Order
from marketplace.payments.models import ProviderEvent
from tests import make
from tests.bed.stripe import FakeStripe
from tests.bed.web import LiveServer
from tests.faults import crew, invariants
from tests.faults.test_checkout import began, charge
from tests.web.test_webhook_stripe import headers

WEBHOOK = "/webhooks/stripe"


@pytest.fixture
def wanted(live_app: Flask, live_server: LiveServer) -> Iterator[Variant]:  # noqa: ARG001
    """Something to buy, in a shop the provider tells of payments."""
    with live_app.app_context():
        yield make.sellable(on_hand=1_000)


def charged_orders(wanted: Variant, settings: Settings, *, count: int) -> list[PlacedOrder]:
    """Orders whose money the provider has taken."""
    placed = [make.placed_order({wanted: 1}, at=clock.now()) for _ in range(count)]
    for order in placed:
        charge(began(order, settings), settings)
    return placed


def paid() -> int:
    """How many orders are paid."""
    db.session.rollback()
    return db.session.scalar(select(func.count(Order.paid_at))) or 0


def assert_each_was_confirmed_once(placed: Sequence[PlacedOrder], settings: Settings) -> None:
    """Assert one entry, one message and one mail per order, and nothing else."""
    db.session.rollback()
    references = [f"order:{order.order_id}" for order in placed]
    entries = db.session.execute(select(Entry.kind, Entry.reference).order_by(Entry.id)).all()
    assert sorted(entries) == sorted(("paid", reference) for reference in references)
    assert make.count_of(Message) == len(placed)
    subjects = [str(mail["Subject"]) for mail in Folder(settings.data_dir / "mail").newest(1_000)]
    told = [sum(order.number in subject for subject in subjects) for order in placed]
    assert told == [1] * len(placed)


class TestAllLost:
    def test_the_poller_confirms_a_hundred_orders(
        self, wanted: Variant, live_settings: Settings, fake_stripe: FakeStripe
    ) -> None:
        """P1."""
        fake_stripe.turn(webhook_loss=1.0)
        placed = charged_orders(wanted, live_settings, count=100)
        assert paid() == 0

        with crew.working(live_settings):
            crew.reconcile_now()
            crew.wait_until(crew.all_done, instead=crew.unfinished)

        assert paid() == 100
        assert make.count_of(ProviderEvent) == 0
        assert make.stock_of(wanted) == (900, 0)
        assert_each_was_confirmed_once(placed, live_settings)
        invariants.check(fake_stripe)


class TestEachFiveTimes:
    def test_every_message_counts_once(
        self, wanted: Variant, live_settings: Settings, fake_stripe: FakeStripe
    ) -> None:
        """P2: sixteen at once, in any order."""
        fake_stripe.turn(webhook_duplicates=4, webhook_reorder=True)
        with crew.working(live_settings):
            placed = charged_orders(wanted, live_settings, count=20)
            fake_stripe.wait_until_idle()
            crew.wait_until(crew.all_done, instead=crew.unfinished)

        sent = fake_stripe.fake.store.page(Filter("event", limit=1_000))[0]
        assert fake_stripe.fake.store.ids("event", UNDELIVERED) == []
        kept = db.session.scalars(select(ProviderEvent.event_id)).all()
        assert sorted(kept) == sorted(event["id"] for event in sent)
        assert_each_was_confirmed_once(placed, live_settings)
        invariants.check(fake_stripe)


class TestForged:
    def post(self, shop: LiveServer, raw: bytes, signed: dict[str, str]) -> requests.Response:
        """Send a message as the provider would, or as somebody else."""
        return requests.post(shop.url + WEBHOOK, raw, headers=signed, timeout=30)

    def test_lies_change_nothing_and_leave_no_trace(
        self,
        wanted: Variant,
        live_settings: Settings,
        live_server: LiveServer,
        fake_stripe: FakeStripe,
    ) -> None:
        fake_stripe.send_webhooks_to(None)
        held = began(make.placed_order({wanted: 1}, at=clock.now()), live_settings)
        lie = _said_to_be_paid(held.provider_ref, held.public_id)
        forged: tuple[dict[str, str], ...] = (
            {},
            headers(lie, secret="whsec_guess"),  # noqa: S106
            headers(lie, at=int(time.time()) - 301),
            headers(lie, at=int(time.time()) + 3600),
            headers(lie + b" "),
        )

        answers = [self.post(live_server, lie, signed) for signed in forged]

        assert [answer.status_code for answer in answers] == [400] * len(forged)
        assert make.count_of(ProviderEvent) == 0
        assert paid() == 0
        invariants.check()

    def test_a_signed_message_is_believed_no_further_than_the_provider_says(
        self,
        wanted: Variant,
        live_settings: Settings,
        live_server: LiveServer,
        fake_stripe: FakeStripe,
    ) -> None:
        """P11: only a reason to ask; replayed, it is not even that."""
        fake_stripe.send_webhooks_to(None)
        unpaid = began(make.placed_order({wanted: 1}, at=clock.now()), live_settings)
        other = began(make.placed_order({wanted: 2}, at=clock.now()), live_settings)
        charge(other, live_settings)
        lies = [
            _said_to_be_paid(unpaid.provider_ref, unpaid.public_id, event_id="evt_early"),
            # The money of one order, said to be another's.
            _said_to_be_paid(other.provider_ref, unpaid.public_id, event_id="evt_mixed"),
            _said_to_be_paid("pi_of_nobody", unpaid.public_id, event_id="evt_foreign"),
        ]

        answers = [self.post(live_server, lie, headers(lie)) for lie in lies for _ in range(5)]
        with crew.working(live_settings):
            crew.wait_until(crew.all_done, instead=crew.unfinished)

        assert {answer.status_code for answer in answers} == {200}
        assert make.count_of(ProviderEvent) == len(lies)
        numbers = [order.id for order in db.session.scalars(select(Order)) if order.paid_at]
        assert numbers == [int(other.reference.removeprefix("order:"))]
        invariants.check(fake_stripe)

    def test_what_is_no_message_is_refused_at_once(
        self, live_server: LiveServer, wanted: Variant
    ) -> None:
        assert wanted
        large = json.dumps({"id": "evt_1", "padding": "x" * 10_000_000}).encode()
        methods = ("GET", "PUT", "PATCH", "DELETE")

        answer = self.post(live_server, large, headers(large))
        wrong = [requests.request(each, live_server.url + WEBHOOK, timeout=30) for each in methods]

        assert answer.status_code == 413
        assert answer.elapsed.total_seconds() < 2
        assert [each.status_code for each in wrong] == [405] * len(methods)
        assert make.count_of(ProviderEvent) == 0


def _said_to_be_paid(provider_ref: str | None, public_id: str, event_id: str = "evt_1") -> bytes:
    intent: Body = {
        "id": provider_ref,
        "object": "payment_intent",
        "status": "succeeded",
        "metadata": {"public_id": public_id},
    }
    return json.dumps(
        {
            "id": event_id,
            "object": "event",
            "type": "payment_intent.succeeded",
            "livemode": False,
            "data": {"object": intent},
        }
    ).encode()
