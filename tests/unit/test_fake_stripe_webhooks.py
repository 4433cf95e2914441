"""How the fake Stripe tells the shop: signed, late, twice, in disorder, or not at all."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import stripe

from marketplace.demo.fake_stripe.app import create_fake_stripe
from marketplace.payments.stripe_reading import SUBSCRIBED_EVENTS
from tests.bed.application import STRIPE_WEBHOOK_SECRET
from tests.bed.stripe import FakeStripe


class Inbox:
    """A shop that only writes down what it hears."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str]] = []
        self.failures_left = 0
        self.lock = threading.Lock()

    def kinds(self) -> list[str]:
        return [json.loads(body)["type"] for body, _ in self.messages]


@pytest.fixture
def inbox(fake_stripe: FakeStripe) -> Iterator[Inbox]:
    inbox = Inbox()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            with inbox.lock:
                failing = inbox.failures_left > 0
                inbox.failures_left -= failing
                if not failing:
                    inbox.messages.append((body, self.headers["Stripe-Signature"]))
            self.send_response(500 if failing else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    class Server(ThreadingHTTPServer):
        # Sixteen senders at once.
        request_queue_size = 64

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    fake_stripe.send_webhooks_to(f"http://127.0.0.1:{server.server_port}/webhooks/stripe")
    yield inbox
    fake_stripe.send_webhooks_to(None)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def client(fake_stripe: FakeStripe) -> stripe.StripeClient:
    return stripe.StripeClient("sk_test_unit", base_addresses={"api": fake_stripe.url})


def pay(client: stripe.StripeClient, fake: FakeStripe) -> stripe.PaymentIntent:
    paid = client.v1.payment_intents.create(
        {"amount": 5_000, "currency": "krw", "confirm": True, "payment_method": "pm_card_visa"}
    )
    fake.wait_until_idle()
    return paid


PAID = ["charge.succeeded", "payment_intent.created", "payment_intent.succeeded"]


class TestDelivery:
    def test_signs_every_event(
        self, client: stripe.StripeClient, fake_stripe: FakeStripe, inbox: Inbox
    ) -> None:
        paid = pay(client, fake_stripe)

        assert sorted(inbox.kinds()) == PAID
        for body, signature in inbox.messages:
            event = client.construct_event(body, signature, STRIPE_WEBHOOK_SECRET)
            assert event.livemode is False
            with pytest.raises(stripe.SignatureVerificationError):
                client.construct_event(body, signature, "whsec_other")
        assert not client.v1.events.list({"delivery_success": False}).data
        assert {event.type for event in client.v1.events.list({"delivery_success": True}).data} == {
            *PAID
        }
        assert paid.status == "succeeded"

    def test_sends_only_what_the_endpoint_subscribes_to(
        self, client: stripe.StripeClient, fake_stripe: FakeStripe, inbox: Inbox
    ) -> None:
        fake_stripe.fake.delivery.subscribe(SUBSCRIBED_EVENTS)

        pay(client, fake_stripe)

        assert inbox.kinds() == ["payment_intent.succeeded"]
        assert not client.v1.events.list({"delivery_success": False}).data

    def test_sends_duplicates(
        self, client: stripe.StripeClient, fake_stripe: FakeStripe, inbox: Inbox
    ) -> None:
        fake_stripe.turn(webhook_duplicates=4)

        pay(client, fake_stripe)

        assert sorted(inbox.kinds()) == sorted(PAID * 5)
        assert len({json.loads(body)["id"] for body, _ in inbox.messages}) == 3

    def test_loses_events_that_can_be_sent_again(
        self, client: stripe.StripeClient, fake_stripe: FakeStripe, inbox: Inbox
    ) -> None:
        fake_stripe.turn(webhook_loss=1.0)

        pay(client, fake_stripe)

        assert inbox.messages == []
        assert len(client.v1.events.list({"delivery_success": False}).data) == 3
        fake_stripe.turn(webhook_loss=0.0)
        fake_stripe.app.test_client().post("/_test/resend")
        fake_stripe.wait_until_idle()
        assert sorted(inbox.kinds()) == PAID

    def test_tries_again_until_the_shop_answers(
        self, client: stripe.StripeClient, fake_stripe: FakeStripe, inbox: Inbox
    ) -> None:
        inbox.failures_left = 4
        fake_stripe.turn(webhook_retry_seconds=0.01)

        pay(client, fake_stripe)

        assert sorted(inbox.kinds()) == PAID

    def test_gives_up_at_last(
        self, client: stripe.StripeClient, fake_stripe: FakeStripe, inbox: Inbox
    ) -> None:
        inbox.failures_left = 6
        fake_stripe.turn(webhook_retry_seconds=0.01, webhook_attempts=2)

        pay(client, fake_stripe)

        assert inbox.messages == []
        assert len(client.v1.events.list({"delivery_success": False}).data) == 3

    def test_tells_of_refunds_and_disputes(
        self, client: stripe.StripeClient, fake_stripe: FakeStripe, inbox: Inbox
    ) -> None:
        paid = pay(client, fake_stripe)

        client.v1.refunds.create({"payment_intent": paid.id, "amount": 1_000})
        fake_stripe.app.test_client().post("/_test/disputes", json={"payment_intent": paid.id})
        fake_stripe.wait_until_idle()

        assert sorted(inbox.kinds()) == sorted(
            [*PAID, "charge.refunded", "refund.created", "charge.dispute.created"]
        )


class TestRedirectPage:
    def send_away(self, client: stripe.StripeClient) -> tuple[str, str, str]:
        intent = client.v1.payment_intents.create(
            {
                "amount": 23_000,
                "currency": "krw",
                "confirm": True,
                "payment_method_data": {"type": "naver_pay"},
                "return_url": "http://shop.example/return?order=7",
            }
        ).to_dict()
        return intent["id"], intent["client_secret"], f"/redirect/{intent['id']}"

    @pytest.mark.parametrize(
        ("answer", "status", "news"),
        [
            ("approve", "succeeded", "payment_intent.succeeded"),
            ("refuse", "failed", "payment_intent.payment_failed"),
        ],
    )
    def test_brings_the_buyer_back_with_the_answer(
        self,
        client: stripe.StripeClient,
        fake_stripe: FakeStripe,
        inbox: Inbox,
        answer: str,
        status: str,
        news: str,
    ) -> None:
        intent_id, secret, address = self.send_away(client)
        browser = fake_stripe.app.test_client()

        page = browser.get(address, query_string={"client_secret": secret})
        back = browser.post(address, data={"client_secret": secret, "answer": answer})
        fake_stripe.wait_until_idle()

        assert "시험 결제" in page.text
        assert "네이버페이" in page.text
        assert "23,000원" in page.text
        assert back.status_code == 303
        assert back.location == (
            "http://shop.example/return?order=7"
            f"&payment_intent={intent_id}&payment_intent_client_secret={secret}"
            f"&redirect_status={status}"
        )
        assert news in inbox.kinds()

    def test_takes_one_answer_only(
        self, client: stripe.StripeClient, fake_stripe: FakeStripe
    ) -> None:
        intent_id, secret, address = self.send_away(client)
        browser = fake_stripe.app.test_client()
        browser.post(address, data={"client_secret": secret, "answer": "approve"})

        again = browser.post(address, data={"client_secret": secret, "answer": "refuse"})

        assert again.status_code == 409
        assert "이미 처리된 결제" in again.text
        assert client.v1.payment_intents.retrieve(intent_id).status == "succeeded"
        assert len(client.v1.charges.list().data) == 1

    def test_is_closed_to_those_without_the_secret(
        self, client: stripe.StripeClient, fake_stripe: FakeStripe
    ) -> None:
        _, _, address = self.send_away(client)
        browser = fake_stripe.app.test_client()

        assert browser.get(address).status_code == 404
        assert (
            browser.post(address, data={"client_secret": "x", "answer": "approve"}).status_code
            == 404
        )

    def test_stands_where_browsers_reach_it(self) -> None:
        app = create_fake_stripe(None, "whsec_unit", public_url="https://pay.example/")
        answer = app.test_client().post(
            "/v1/payment_intents",
            data={
                "amount": "500",
                "currency": "krw",
                "confirm": "true",
                "payment_method_data[type]": "payco",
                "return_url": "https://shop.example/",
            },
            headers={"Authorization": "Bearer sk_test_unit"},
        )
        app.extensions["fake_stripe"].close()

        address = answer.get_json()["next_action"]["redirect_to_url"]["url"]
        assert address.startswith("https://pay.example/redirect/pi_")
