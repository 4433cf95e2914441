"""Stripe's messages over HTTP: kept once, refused without a trace."""

from __future__ import annotations

import json
import time

import pytest
from sqlalchemy import func, select

from marketplace.core.db import db
from marketplace.core.outbox import Job
from marketplace.payments import stripe_signature
from marketplace.payments.models import ProviderEvent
from tests import make
from tests.bed import application
from tests.web.visitor import Visitor

URL = "/webhooks/stripe"


def event(event_id: str = "evt_1", **about: object) -> bytes:
    """One event as Stripe writes it."""
    thing = {"id": "pi_unknown", "object": "payment_intent", "metadata": {}, **about}
    return json.dumps(
        {
            "id": event_id,
            "object": "event",
            "type": "payment_intent.succeeded",
            "livemode": False,
            "data": {"object": thing},
        }
    ).encode()


def headers(raw: bytes, *, at: int | None = None, secret: str | None = None) -> dict[str, str]:
    """The headers that vouch for a message."""
    moment = int(time.time()) if at is None else at
    signature = stripe_signature.sign(
        raw, secret=secret or application.STRIPE_WEBHOOK_SECRET, at=moment
    )
    return {"Stripe-Signature": f"t={moment},v1={signature}", "Content-Type": "application/json"}


def send(visitor: Visitor, raw: bytes, signed: dict[str, str]) -> int:
    """Send a message without session, cookie or CSRF token."""
    return visitor.request("POST", URL, data=raw, headers=signed).status_code


class TestReceive:
    def test_keeps_a_message_once_and_says_so_each_time(self, visitor: Visitor) -> None:
        raw = event()

        answers = [send(visitor, raw, headers(raw)) for _ in range(3)]

        assert answers == [200, 200, 200]
        assert make.count_of(ProviderEvent) == 1

    def test_leaves_word_to_look_at_the_payment(self, visitor: Visitor) -> None:
        order = make.placed_order({make.sellable(): 1})
        raw = event(id="pi_lost", metadata={"public_id": order.payment_public_id})

        assert send(visitor, raw, headers(raw)) == 200
        assert send(visitor, raw, headers(raw)) == 200
        jobs = db.session.scalars(select(Job).where(Job.kind == "checkout.act_on_event")).all()
        assert len(jobs) == 1

    @pytest.mark.parametrize(
        "signed",
        [
            {},
            {"Stripe-Signature": ""},
            {"Stripe-Signature": "t=1,v1=00"},
            headers(event(), secret="whsec_other"),  # noqa: S106
            headers(event(), at=int(time.time()) - 600),
            headers(event(), at=int(time.time()) + 3600),
            {"Stripe-Signature": headers(event())["Stripe-Signature"].replace("v1=", "v0=")},
        ],
    )
    def test_refuses_what_nobody_vouches_for(
        self, visitor: Visitor, signed: dict[str, str]
    ) -> None:
        assert send(visitor, event(), signed) == 400
        assert make.count_of(ProviderEvent) == 0

    def test_refuses_a_message_written_anew(self, visitor: Visitor) -> None:
        raw = event()

        assert send(visitor, raw.replace(b", ", b","), headers(raw)) == 400

    @pytest.mark.parametrize("raw", [b"\xff\xfe", b"[" * 10_000, b"{}", b"null"])
    def test_refuses_signed_nonsense(self, visitor: Visitor, raw: bytes) -> None:
        assert send(visitor, raw, headers(raw)) == 400
        assert make.count_of(ProviderEvent) == 0

    def test_refuses_what_is_too_large_without_reading_it(self, visitor: Visitor) -> None:
        raw = event(padding="x" * 300_000)

        started = time.perf_counter()
        assert send(visitor, raw, headers(raw)) == 413
        assert time.perf_counter() - started < 0.5
        assert db.session.scalar(select(func.count()).select_from(ProviderEvent)) == 0

    def test_is_no_page(self, visitor: Visitor) -> None:
        assert visitor.get(URL).status_code == 405
