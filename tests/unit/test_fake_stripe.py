"""The fake Stripe, spoken to by Stripe's own client."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import stripe

from marketplace.demo.fake_stripe.app import create_fake_stripe
from marketplace.demo.fake_stripe.charges import fee_of
from tests.bed.stripe import FakeStripe

RETURN_URL = "http://127.0.0.1:1/checkout/return?order=7"


@pytest.fixture
def client(fake_stripe: FakeStripe) -> stripe.StripeClient:
    return stripe.StripeClient(
        "sk_test_unit", base_addresses={"api": fake_stripe.url}, max_network_retries=0
    )


def open_intent(client: stripe.StripeClient, amount: int = 15_000) -> stripe.PaymentIntent:
    return client.v1.payment_intents.create(
        {
            "amount": amount,
            "currency": "krw",
            "allowed_payment_method_types": ["card", "kakao_pay", "samsung_pay"],
            "metadata": {"public_id": "p-1"},
        }
    )


def pay(
    client: stripe.StripeClient, amount: int = 15_000, method: str = "pm_card_visa"
) -> stripe.PaymentIntent:
    return client.v1.payment_intents.create(
        {"amount": amount, "currency": "krw", "confirm": True, "payment_method": method}
    )


class TestConfirm:
    def test_charges_a_good_card_and_books_the_fee(self, client: stripe.StripeClient) -> None:
        opened = open_intent(client)

        paid = client.v1.payment_intents.confirm(
            opened.id,
            {"payment_method": "pm_card_visa", "expand": ["latest_charge.balance_transaction"]},
        ).to_dict()

        assert paid["status"] == "succeeded"
        assert paid["amount_received"] == 15_000
        assert paid["metadata"] == {"public_id": "p-1"}
        entry = paid["latest_charge"]["balance_transaction"]
        assert (entry["amount"], entry["fee"], entry["net"]) == (15_000, 510, 14_490)

    @pytest.mark.parametrize(
        ("card", "code", "decline_code"),
        [
            ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
            (
                "pm_card_visa_chargeDeclinedInsufficientFunds",
                "card_declined",
                "insufficient_funds",
            ),
            ("pm_card_chargeDeclinedExpiredCard", "expired_card", None),
        ],
    )
    def test_declines_and_leaves_the_intent_open(
        self, client: stripe.StripeClient, card: str, code: str, decline_code: str | None
    ) -> None:
        opened = open_intent(client)

        with pytest.raises(stripe.CardError) as refused:
            client.v1.payment_intents.confirm(
                opened.id, {"payment_method": card, "expand": ["latest_charge"]}
            )

        assert refused.value.code == code
        after = client.v1.payment_intents.retrieve(opened.id).to_dict()
        assert after["status"] == "requires_payment_method"
        assert after["last_payment_error"].get("decline_code") == decline_code
        again = client.v1.payment_intents.confirm(opened.id, {"payment_method": "pm_card_visa"})
        assert again.status == "succeeded"

    def test_refuses_a_second_charge(self, client: stripe.StripeClient) -> None:
        paid = pay(client)

        with pytest.raises(stripe.InvalidRequestError) as refused:
            client.v1.payment_intents.confirm(paid.id, {"payment_method": "pm_card_visa"})

        assert refused.value.code == "payment_intent_unexpected_state"

    def test_sends_korean_methods_to_another_page(self, client: stripe.StripeClient) -> None:
        opened = open_intent(client)

        waiting = client.v1.payment_intents.confirm(
            opened.id,
            {"payment_method_data": {"type": "kakao_pay"}, "return_url": RETURN_URL},
        ).to_dict()

        assert waiting["status"] == "requires_action"
        redirect = waiting["next_action"]["redirect_to_url"]
        assert redirect["return_url"] == RETURN_URL
        assert f"/redirect/{opened.id}?client_secret=" in redirect["url"]

    def test_refuses_a_method_outside_the_allowed_ones(self, client: stripe.StripeClient) -> None:
        opened = open_intent(client)

        with pytest.raises(stripe.InvalidRequestError, match="payco"):
            client.v1.payment_intents.confirm(
                opened.id, {"payment_method_data": {"type": "payco"}, "return_url": RETURN_URL}
            )

    def test_refuses_more_than_samsung_pay_takes(self, client: stripe.StripeClient) -> None:
        opened = open_intent(client, amount=2_000_001)

        with pytest.raises(stripe.InvalidRequestError) as refused:
            client.v1.payment_intents.confirm(
                opened.id,
                {"payment_method_data": {"type": "samsung_pay"}, "return_url": RETURN_URL},
            )

        assert refused.value.code == "amount_too_large"

    def test_needs_the_client_secret_with_a_publishable_key(
        self, fake_stripe: FakeStripe, client: stripe.StripeClient
    ) -> None:
        opened = open_intent(client)
        address = f"/v1/payment_intents/{opened.id}/confirm"
        browser = fake_stripe.app.test_client()
        key = {"Authorization": "Bearer pk_test_unit"}

        without = browser.post(address, data={"payment_method": "pm_card_visa"}, headers=key)
        wrong = browser.post(
            address,
            data={"payment_method": "pm_card_visa", "client_secret": "guessed"},
            headers=key,
        )
        right = browser.post(
            address,
            data={"payment_method": "pm_card_visa", "client_secret": opened.client_secret},
            headers=key,
        )

        assert (without.status_code, wrong.status_code, right.status_code) == (401, 400, 200)


class TestCreate:
    @pytest.mark.parametrize(("amount", "code"), [(99, "too_small"), (100_000_000, "too_large")])
    def test_refuses_amounts_outside_the_limits(
        self, client: stripe.StripeClient, amount: int, code: str
    ) -> None:
        with pytest.raises(stripe.InvalidRequestError) as refused:
            pay(client, amount=amount)

        assert refused.value.code == f"amount_{code}"

    def test_refuses_other_currencies(self, client: stripe.StripeClient) -> None:
        with pytest.raises(stripe.InvalidRequestError, match="krw only"):
            client.v1.payment_intents.create({"amount": 500, "currency": "usd"})

    @pytest.mark.parametrize(
        ("params", "named"),
        [
            ({"payment_method_types": ["card"]}, "payment_method_types"),
            ({"payment_method_data": {"type": "payco", "colour": "red"}}, "colour"),
            ({"shipping": {"name": "a", "address": {"line1": "b", "moon": "c"}}}, "moon"),
            ({"allowed_payment_method_types": {"a": "card"}}, "array index"),
        ],
    )
    def test_refuses_unknown_parameters_at_any_depth(
        self, client: stripe.StripeClient, params: dict[str, object], named: str
    ) -> None:
        with pytest.raises(stripe.InvalidRequestError, match=named):
            client.v1.payment_intents.create(
                {"amount": 500, "currency": "krw", **params}  # type: ignore[typeddict-item]
            )

    @pytest.mark.parametrize("amount", ["1e3", "10.5", "", "천원"])
    def test_refuses_amounts_that_are_no_whole_number(
        self, fake_stripe: FakeStripe, amount: str
    ) -> None:
        answer = fake_stripe.app.test_client().post(
            "/v1/payment_intents",
            data={"amount": amount, "currency": "krw"},
            headers={"Authorization": "Bearer sk_test_unit"},
        )

        assert answer.status_code == 400
        assert answer.get_json()["error"]["code"] == "parameter_invalid_integer"

    @pytest.mark.parametrize("key", ["", "Bearer sk_live_1", "Bearer pk_test_1", "Basic eA=="])
    def test_refuses_keys_that_may_not_create(self, fake_stripe: FakeStripe, key: str) -> None:
        answer = fake_stripe.app.test_client().post(
            "/v1/payment_intents",
            data={"amount": "500", "currency": "krw"},
            headers={"Authorization": key},
        )

        assert answer.status_code == 401


class TestIdempotency:
    def test_replays_the_first_answer(self, client: stripe.StripeClient) -> None:
        params: stripe.params.PaymentIntentCreateParams = {"amount": 500, "currency": "krw"}

        first = client.v1.payment_intents.create(params, {"idempotency_key": "row-1"})
        second = client.v1.payment_intents.create(params, {"idempotency_key": "row-1"})

        assert first.id == second.id
        assert second.last_response is not None
        assert second.last_response.headers["Idempotent-Replayed"] == "true"
        assert len(client.v1.payment_intents.list({"limit": 100}).data) == 1

    def test_replays_a_decline(self, client: stripe.StripeClient) -> None:
        for _ in range(2):
            with pytest.raises(stripe.CardError):
                client.v1.payment_intents.create(
                    {
                        "amount": 500,
                        "currency": "krw",
                        "confirm": True,
                        "payment_method": "pm_card_chargeDeclined",
                    },
                    {"idempotency_key": "row-2"},
                )

        assert len(client.v1.charges.list().data) == 1

    def test_refuses_another_body_under_the_same_key(self, client: stripe.StripeClient) -> None:
        client.v1.payment_intents.create(
            {"amount": 500, "currency": "krw"}, {"idempotency_key": "row-3"}
        )

        with pytest.raises(stripe.IdempotencyError):
            client.v1.payment_intents.create(
                {"amount": 501, "currency": "krw"}, {"idempotency_key": "row-3"}
            )

    def test_answers_409_while_the_first_request_runs(
        self, fake_stripe: FakeStripe, client: stripe.StripeClient
    ) -> None:
        fake_stripe.turn(hang_seconds=1.0, hang_next=1)
        done: list[stripe.PaymentIntent] = []

        def create() -> stripe.PaymentIntent:
            return client.v1.payment_intents.create(
                {"amount": 500, "currency": "krw"}, {"idempotency_key": "row-4"}
            )

        first = threading.Thread(target=lambda: done.append(create()))
        first.start()
        while not fake_stripe.fake.keys.running("row-4"):
            pass
        with pytest.raises(stripe.APIError) as refused:
            create()
        first.join()

        assert refused.value.http_status == 409
        assert create().id == done[0].id

    def test_takes_effect_once_when_the_answer_is_lost(self, fake_stripe: FakeStripe) -> None:
        fake_stripe.turn(drop_response_next=2)
        client = stripe.StripeClient(
            "sk_test_unit", base_addresses={"api": fake_stripe.url}, max_network_retries=2
        )

        paid = pay(client)

        assert paid.status == "succeeded"
        assert [one.id for one in client.v1.payment_intents.list().data] == [paid.id]
        assert len(client.v1.balance_transactions.list().data) == 1


class TestRefund:
    def test_gives_back_in_parts_and_never_more_than_was_taken(
        self, client: stripe.StripeClient
    ) -> None:
        paid = pay(client, amount=10_000)

        for amount in (3_000, 4_000):
            refund = client.v1.refunds.create({"payment_intent": paid.id, "amount": amount})
            assert refund.status == "succeeded"
        with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount"):
            client.v1.refunds.create({"payment_intent": paid.id, "amount": 3_001})
        client.v1.refunds.create({"payment_intent": paid.id})
        with pytest.raises(stripe.InvalidRequestError) as refused:
            client.v1.refunds.create({"payment_intent": paid.id})

        assert refused.value.code == "charge_already_refunded"
        page = client.v1.refunds.list({"payment_intent": paid.id, "limit": 2})
        assert [refund.amount for refund in page.auto_paging_iter()] == [3_000, 4_000, 3_000]
        entries = client.v1.balance_transactions.list({"type": "refund"}).data
        assert sum(entry.net for entry in entries) == -10_000

    def test_refuses_what_was_never_paid(self, client: stripe.StripeClient) -> None:
        opened = open_intent(client)

        with pytest.raises(stripe.InvalidRequestError, match="successful charge"):
            client.v1.refunds.create({"payment_intent": opened.id})

    @pytest.mark.parametrize(
        ("card", "ends", "left"),
        [("pm_card_pendingRefund", "succeeded", 0), ("pm_card_refundFail", "failed", 900)],
    )
    def test_ends_a_pending_refund_later(
        self,
        fake_stripe: FakeStripe,
        client: stripe.StripeClient,
        card: str,
        ends: str,
        left: int,
    ) -> None:
        fake_stripe.turn(refund_delay_seconds=0.05)
        paid = pay(client, amount=900, method=card)

        refund = client.v1.refunds.create({"payment_intent": paid.id})
        fake_stripe.wait_until_idle()

        assert refund.status == "pending"
        assert client.v1.refunds.retrieve(refund.id).status == ends
        charge = client.v1.charges.list({"payment_intent": paid.id}).data[0]
        assert charge.amount_captured - charge.amount_refunded == left


class TestCancel:
    def test_ends_an_open_intent_only(self, client: stripe.StripeClient) -> None:
        opened, paid = open_intent(client), pay(client)

        canceled = client.v1.payment_intents.cancel(opened.id, {"cancellation_reason": "abandoned"})

        assert canceled.status == "canceled"
        for gone in (opened.id, paid.id):
            with pytest.raises(stripe.InvalidRequestError) as refused:
                client.v1.payment_intents.cancel(gone)
            assert refused.value.code == "payment_intent_unexpected_state"


class TestFaults:
    def test_fails_as_often_as_asked(
        self, fake_stripe: FakeStripe, client: stripe.StripeClient
    ) -> None:
        fake_stripe.turn(fail_next=1, fail_status=500)
        with pytest.raises(stripe.APIError):
            pay(client)
        fake_stripe.turn(fail_next=1, fail_status=429)
        with pytest.raises(stripe.RateLimitError):
            pay(client)

        assert pay(client).status == "succeeded"
        assert len(client.v1.payment_intents.list().data) == 1

    def test_refuses_knobs_it_does_not_have(self, fake_stripe: FakeStripe) -> None:
        browser = fake_stripe.app.test_client()

        assert browser.post("/_test/knobs", json={"webhook_lost": 1}).status_code == 400
        assert browser.post("/_test/knobs", json={"fail_next": "1"}).status_code == 400
        assert browser.get("/_test/knobs").get_json()["fail_next"] == 0


class TestDataFolder:
    def test_keeps_payments_and_keys_over_a_restart(self, tmp_path: Path) -> None:
        headers = {"Authorization": "Bearer sk_test_unit", "Idempotency-Key": "row-9"}
        form = {"amount": "700", "currency": "krw"}

        answers = []
        for _ in range(2):
            app = create_fake_stripe(None, "whsec_unit", data_dir=tmp_path)
            answers.append(
                app.test_client().post("/v1/payment_intents", data=form, headers=headers)
            )
            app.extensions["fake_stripe"].close()

        assert answers[0].get_json()["id"] == answers[1].get_json()["id"]


def test_the_fee_is_rounded_half_up() -> None:
    assert [fee_of(amount) for amount in (100, 250, 14_700, 15_000)] == [3, 9, 500, 510]
