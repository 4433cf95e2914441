"""The inbox: what a forged, broken, foreign, repeated or early message does."""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from marketplace.core.db import db, transaction
from marketplace.core.settings import Settings, SettingsError
from marketplace.payments import events, payment, queries, stripe_signature
from marketplace.payments.models import PaymentState, ProviderEvent
from marketplace.payments.port import HeldPayment, PaymentDeclined, WebhookRefused
from marketplace.payments.stripe_gateway import StripeGateway
from tests.bed.application import STRIPE_WEBHOOK_SECRET
from tests.bed.stripe import FakeStripe
from tests.service.payments.cases import LATER, NOW, now_held, opened

pytestmark = pytest.mark.usefixtures("isolated")

AT = int(NOW.timestamp())


@pytest.fixture
def gateway(settings: Settings, fake_stripe: FakeStripe) -> StripeGateway:
    return StripeGateway(replace(settings, stripe_api_base=fake_stripe.url))


def event_of(thing: dict[str, object], **changes: object) -> bytes:
    event = {
        "id": "evt_1",
        "object": "event",
        "type": "payment_intent.succeeded",
        "livemode": False,
        "data": {"object": {"object": "payment_intent", "id": "pi_1", **thing}},
    }
    return json.dumps({**event, **changes}).encode()


def signed(raw: bytes, at: int = AT, secret: str = STRIPE_WEBHOOK_SECRET) -> dict[str, str]:
    return {"Stripe-Signature": f"t={at},v1={stripe_signature.sign(raw, secret=secret, at=at)}"}


def received(gateway: StripeGateway, raw: bytes) -> events.Received:
    with transaction():
        return events.receive(gateway, raw=raw, headers=signed(raw), at=NOW)


def stored() -> int | None:
    return db.session.scalar(select(func.count()).select_from(ProviderEvent))


GOOD = event_of({})
# Refused before anything else looks at it, so its size and its depth cost nothing.
DEEP = b'{"a":' * 10_000 + b"1" + b"}" * 10_000


class TestReceiveRefuses:
    @pytest.mark.parametrize(
        ("raw", "headers", "reason"),
        [
            (GOOD, signed(GOOD, secret="whsec_wrong"), "signature"),  # noqa: S106
            (GOOD, signed(GOOD, at=AT - 301), "timestamp"),
            (GOOD, signed(GOOD, at=AT + 3_600), "timestamp"),
            (json.dumps(json.loads(GOOD), indent=1).encode(), signed(GOOD), "signature"),
            (GOOD, {"Stripe-Signature": f"t={AT},v0=aa"}, "scheme"),
            (GOOD, {"Stripe-Signature": f"t={AT},v1=aa,v1=bb,v1=" + "c" * 64}, "signature"),
            (GOOD, {"Stripe-Signature": "nonsense"}, "malformed"),
            (GOOD, {"Stripe-Signature": f"t={AT},v1=ÿé"}, "signature"),
            (GOOD, {}, "malformed"),
            (b"\xff\xfe{}", signed(b"\xff\xfe{}"), "malformed"),
            (b"[1, 2]", signed(b"[1, 2]"), "malformed"),
            (b"", signed(b""), "malformed"),
            (DEEP, signed(DEEP), "malformed"),
            (b" " * 10_000_000, {}, "too_large"),
            (event_of({"note": "a\0b"}), signed(event_of({"note": "a\0b"})), "malformed"),
            (event_of({}, type=7), signed(event_of({}, type=7)), "malformed"),
            (event_of({}, data=[]), signed(event_of({}, data=[])), "malformed"),
        ],
        ids=range(17),
    )
    def test_what_stripe_did_not_sign_just_now(
        self, gateway: StripeGateway, raw: bytes, headers: dict[str, str], reason: str
    ) -> None:
        """P12: 400 in less than 50 ms, nothing stored."""
        began = time.perf_counter()
        with pytest.raises(WebhookRefused) as refused, transaction():
            events.receive(gateway, raw=raw, headers=headers, at=NOW)
        took = time.perf_counter() - began

        assert refused.value.details["reason"] == reason
        assert took < 0.05
        assert stored() == 0

    def test_to_start_without_a_secret(self, settings: Settings) -> None:
        with pytest.raises(SettingsError, match="STRIPE_WEBHOOK_SECRET"):
            replace(settings, stripe_webhook_secret="")


class TestReceive:
    def test_accepts_any_of_two_signatures_and_any_case_of_the_header(
        self, gateway: StripeGateway
    ) -> None:
        good = stripe_signature.sign(GOOD, secret=STRIPE_WEBHOOK_SECRET, at=AT)
        headers = {"STRIPE-SIGNATURE": f"t={AT},v1={'0' * 64},v1={good},v0=x"}

        with transaction():
            assert events.receive(gateway, raw=GOOD, headers=headers, at=NOW).is_new

    def test_keeps_an_event_once(self, gateway: StripeGateway) -> None:
        held = opened()
        raw = event_of({"metadata": {"public_id": held.public_id}})

        first, second = received(gateway, raw), received(gateway, raw)

        assert (first.id, first.is_new, second.is_new) == (second.id, True, False)
        assert stored() == 1
        assert first.payment == second.payment == events.get(first.id).payment == held

    def test_waits_in_the_inbox_until_it_is_handled(self, gateway: StripeGateway) -> None:
        held = opened()
        event = received(gateway, event_of({"metadata": {"public_id": held.public_id}}))

        waiting = queries.list_unhandled_events(older_than=LATER - NOW, at=LATER)
        with transaction():
            events.mark_handled(event.id, outcome="newly_paid", at=LATER)

        assert waiting == [event.id]
        assert events.get(event.id).handled
        assert queries.list_unhandled_events(older_than=LATER - NOW, at=LATER) == []

    def test_keeps_and_ignores_what_is_about_no_payment_of_ours(
        self, gateway: StripeGateway
    ) -> None:
        event = received(gateway, event_of({"id": "pi_of_somebody_else"}))

        assert (event.payment, event.handled) == (None, True)
        assert queries.list_unhandled_events(older_than=timedelta(), at=LATER) == []

    @pytest.mark.parametrize("changes", [{"livemode": True}, {"account": "acct_other"}])
    def test_raises_one_alert_for_another_account_or_mode(
        self, gateway: StripeGateway, changes: dict[str, object]
    ) -> None:
        """P11: unpaid, one alert, accepted."""
        held = opened()
        raw = event_of({"metadata": {"public_id": held.public_id}}, **changes)

        for _ in range(2):
            assert received(gateway, raw).handled

        assert [alert.kind for alert in queries.list_open_alerts()] == ["foreign_event"]
        assert now_held(held).state is PaymentState.CREATED

    def test_tells_a_person_of_a_dispute(self, gateway: StripeGateway) -> None:
        dispute: dict[str, object] = {
            "object": "dispute",
            "id": "dp_1",
            "payment_intent": "pi_1",
        }
        for event_id in ("evt_1", "evt_2"):
            received(gateway, event_of(dispute, id=event_id, type="charge.dispute.created"))

        (alert,) = queries.list_open_alerts()
        assert (alert.kind, alert.about) == ("charge.dispute.created", "dp_1")


class TestEventsOfAPayment:
    def test_lead_to_the_state_at_stripe_whatever_their_order(
        self, gateway: StripeGateway, fake_stripe: FakeStripe
    ) -> None:
        """P3 with the real events: each is a reason to ask, so old ones change nothing."""
        orders = list(itertools.permutations(range(6)))[::30]
        for number, order in enumerate(orders):
            held = lived_through(gateway, fake_stripe, f"order:{number}")
            log = events_of(fake_stripe, held)
            assert len(log) == len(order)
            for place in order:
                taken(gateway, log[place])

            after = now_held(held)
            assert after.state is PaymentState.PARTIALLY_REFUNDED
            assert [step.to_state for step in queries.list_history(held.id)] == [
                "created",
                "pending",
                "partially_refunded",
            ]

    def test_find_their_payment_though_the_answer_to_create_was_lost(
        self, gateway: StripeGateway, fake_stripe: FakeStripe
    ) -> None:
        held = opened()
        answer = gateway.create(held, return_url="http://localhost/")
        gateway.cancel(replace(held, provider_ref=answer.provider_ref))

        taken(gateway, _all_events(fake_stripe)[0])

        after = now_held(held)
        assert (after.provider_ref, after.state) == (answer.provider_ref, PaymentState.CANCELED)


KINDS = {
    "charge.failed",
    "payment_intent.payment_failed",
    "charge.succeeded",
    "payment_intent.succeeded",
    "charge.refunded",
    "refund.created",
}


def lived_through(gateway: StripeGateway, fake_stripe: FakeStripe, reference: str) -> HeldPayment:
    """Have a payment declined, paid and partly refunded at the fake; our row knows nothing yet."""
    held = opened(reference)
    answer = gateway.create(held, return_url="http://localhost/")
    with transaction():
        payment.record_created(held.id, answer, at=LATER)
    held = now_held(held)
    with pytest.raises(PaymentDeclined):
        gateway.confirm(held, method="pm_card_chargeDeclined", return_url="http://localhost/")
    gateway.confirm(held, method="pm_card_visa", return_url="http://localhost/")
    refunded = fake_stripe.app.test_client().post(
        "/v1/refunds",
        data={"payment_intent": held.provider_ref, "amount": 1_000},
        headers={"Authorization": "Bearer sk_test_bed"},
    )
    assert refunded.status_code == 200
    return held


def events_of(fake_stripe: FakeStripe, held: HeldPayment) -> list[dict[str, Any]]:
    """Return the six events worth shuffling."""
    return [
        event
        for event in _all_events(fake_stripe)
        if event["type"] in KINDS and str(held.provider_ref) in json.dumps(event)
    ]


def taken(gateway: StripeGateway, event: dict[str, Any]) -> None:
    """Do what the shop does with an event: keep it, ask, apply."""
    kept = received(gateway, json.dumps(event).encode())
    assert kept.payment is not None
    if kept.handled:
        assert event["type"] in {"charge.failed", "charge.succeeded", "refund.created"}
        return
    report = gateway.fetch_ref(str(db.session.get_one(ProviderEvent, kept.id).object_ref))
    with transaction():
        outcome = payment.apply(kept.payment.id, report, source=kept.kind, at=LATER)
        events.mark_handled(kept.id, outcome=outcome, at=LATER)


def _all_events(fake_stripe: FakeStripe) -> list[dict[str, Any]]:
    found = fake_stripe.app.test_client().get(
        "/v1/events?limit=100", headers={"Authorization": "Bearer sk_test_bed"}
    )
    return list(found.get_json()["data"])
