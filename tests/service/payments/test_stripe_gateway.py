"""The gateway against the fake Stripe, and our rows after each answer, lost or not."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest

from marketplace.core.db import transaction
from marketplace.core.money import Won
from marketplace.core.settings import Settings
from marketplace.payments import payment, providers, queries, refunds
from marketplace.payments.models import PaymentState, ProviderCode, RefundState
from marketplace.payments.payment import Outcome
from marketplace.payments.port import (
    AmountNotPayable,
    HeldPayment,
    NextStep,
    PaymentDeclined,
    PaymentUnknown,
    ProviderNotConfigured,
    ProviderRefund,
    ProviderUnavailable,
    RefundRefused,
    ReturnRefused,
)
from marketplace.payments.stripe_gateway import CONNECT_SECONDS, READ_SECONDS, StripeGateway
from tests.bed.stripe import FakeStripe
from tests.service.payments.cases import LATER, now_held, opened

pytestmark = pytest.mark.usefixtures("isolated")

RETURN_URL = "http://localhost/checkout/return"


@pytest.fixture
def gateway(settings: Settings, fake_stripe: FakeStripe) -> StripeGateway:
    return StripeGateway(replace(settings, stripe_api_base=fake_stripe.url))


def created(gateway: StripeGateway, reference: str = "order:1") -> HeldPayment:
    held = opened(reference)
    answer = gateway.create(held, return_url=RETURN_URL)
    with transaction():
        payment.record_created(held.id, answer, at=LATER)
    return now_held(held)


def bought(
    gateway: StripeGateway, method: str = "pm_card_visa", reference: str = "order:1"
) -> HeldPayment:
    held = created(gateway, reference)
    answer = gateway.confirm(held, method=method, return_url=RETURN_URL)
    with transaction():
        payment.apply(held.id, answer, source="confirm", at=LATER)
    return now_held(held)


class TestCreate:
    def test_gives_the_page_what_it_needs(self, gateway: StripeGateway) -> None:
        held = opened()

        answer = gateway.create(held, return_url=RETURN_URL)

        assert answer.state is PaymentState.PENDING
        assert answer.instructions.step is NextStep.ENTER_DETAILS
        payload = answer.instructions.client_payload
        assert payload["return_url"] == RETURN_URL
        assert payload["publishable_key"] == "pk_test_bed"
        assert payload["client_secret"] == answer.client_secret
        with transaction():
            assert payment.record_created(held.id, answer, at=LATER) is Outcome.WAITING
        assert gateway.instructions(now_held(held), return_url=RETURN_URL) == answer.instructions

    def test_makes_one_intent_however_often_it_is_called(
        self, gateway: StripeGateway, fake_stripe: FakeStripe
    ) -> None:
        """P5: the answer is lost after the effect."""
        held = opened()
        fake_stripe.turn(drop_response_next=3)
        with pytest.raises(ProviderUnavailable):
            gateway.create(held, return_url=RETURN_URL)

        first = gateway.create(held, return_url=RETURN_URL)
        second = gateway.create(held, return_url="http://localhost/another")

        assert first.provider_ref == second.provider_ref
        assert len(_intents(fake_stripe)) == 1
        creations = [
            note["idempotency_key"]
            for note in _requests(fake_stripe)
            if note["operation"] == "payment_intents.create"
        ]
        assert creations == [f"payment-{held.public_id}"] * 5

    @pytest.mark.parametrize("amount", [99, 100_000_000])
    def test_refuses_amounts_stripe_cannot_take(
        self, gateway: StripeGateway, fake_stripe: FakeStripe, amount: int
    ) -> None:
        held = opened(amount=amount)

        with pytest.raises(AmountNotPayable, match="100원 이상 99,999,999원 이하"):
            gateway.create(held, return_url=RETURN_URL)

        assert _requests(fake_stripe) == []

    def test_takes_the_smallest_and_the_largest_amount(self, gateway: StripeGateway) -> None:
        for amount in (100, 99_999_999):
            held = opened(f"order:{amount}", amount=amount)
            assert gateway.create(held, return_url=RETURN_URL).amount == amount


class TestConfirm:
    def test_pays_by_card(self, gateway: StripeGateway) -> None:
        held = created(gateway)

        answer = gateway.confirm(held, method="pm_card_visa", return_url=RETURN_URL)
        with transaction():
            outcome = payment.apply(held.id, answer, source="confirm", at=LATER)

        assert outcome is Outcome.NEWLY_PAID
        assert (answer.captured_amount, answer.fee, answer.method) == (15_000, 510, "card")

    def test_says_in_korean_why_a_card_is_declined(self, gateway: StripeGateway) -> None:
        held = created(gateway)

        with pytest.raises(PaymentDeclined, match="잔액이나 한도가 부족합니다") as refused:
            gateway.confirm(
                held, method="pm_card_chargeDeclinedInsufficientFunds", return_url=RETURN_URL
            )

        assert refused.value.details["code"] == "insufficient_funds"
        report = gateway.fetch(held)
        assert (report.state, report.failure_code) == (PaymentState.PENDING, "insufficient_funds")
        assert report.instructions.step is NextStep.NOTHING

    def test_returns_the_truth_when_it_was_paid_already(self, gateway: StripeGateway) -> None:
        held = bought(gateway)

        again = gateway.confirm(held, method="pm_card_visa", return_url=RETURN_URL)

        assert again.state is PaymentState.PAID

    @pytest.mark.parametrize(
        ("answer", "state"), [("approve", PaymentState.PAID), ("refuse", PaymentState.PENDING)]
    )
    def test_sends_the_buyer_to_a_korean_method_and_takes_them_back(
        self, gateway: StripeGateway, fake_stripe: FakeStripe, answer: str, state: PaymentState
    ) -> None:
        held = created(gateway)
        away = gateway.confirm(held, method="kakao_pay", return_url=RETURN_URL).instructions

        assert away.step is NextStep.REDIRECT
        assert away.redirect_url is not None
        back = fake_stripe.app.test_client().post(
            urlsplit(away.redirect_url).path,
            data={"client_secret": held.client_secret, "answer": answer},
        )
        params = dict(parse_qsl(urlsplit(back.location).query))
        report = gateway.handle_return(held, params)

        assert report.state is state
        assert (report.method == "kakao_pay") == (answer == "approve")


class TestHandleReturn:
    def test_refuses_another_payments_name(self, gateway: StripeGateway) -> None:
        mine, other = created(gateway), bought(gateway, reference="order:2")
        assert mine.client_secret is not None
        assert other.client_secret is not None

        for intent, secret in (
            (other.provider_ref, other.client_secret),
            (mine.provider_ref, other.client_secret),
            (mine.provider_ref, ""),
            ("", mine.client_secret),
        ):
            params = {"payment_intent": str(intent), "payment_intent_client_secret": secret}
            with pytest.raises(ReturnRefused):
                gateway.handle_return(mine, params)


class TestRefund:
    def asked(self, held: HeldPayment, amount: int, cause: str = "claim_case:1") -> int:
        with transaction():
            return refunds.request_refund(
                payment_id=held.id, amount=Won(amount), reference=cause, reason="변심", at=LATER
            ).id

    def send(self, gateway: StripeGateway, refund_id: int) -> ProviderRefund:
        with transaction():
            held, order = refunds.get_order(refund_id, at=LATER)
        return gateway.refund(held, order)

    def test_gives_back_once_though_the_answer_was_lost(
        self, gateway: StripeGateway, fake_stripe: FakeStripe
    ) -> None:
        held = bought(gateway)
        refund_id = self.asked(held, 4_000)
        fake_stripe.turn(drop_response_next=3)
        with pytest.raises(ProviderUnavailable):
            self.send(gateway, refund_id)

        answer = self.send(gateway, refund_id)
        with transaction():
            refunds.record_answer(refund_id, answer, at=LATER)

        assert gateway.fetch(held).refunded_amount == 4_000
        assert now_held(held).state is PaymentState.PARTIALLY_REFUNDED

    def test_finds_a_refund_stripe_has_forgotten_the_key_of(
        self, gateway: StripeGateway, fake_stripe: FakeStripe
    ) -> None:
        held = bought(gateway)
        refund_id = self.asked(held, 4_000)
        first = self.send(gateway, refund_id)
        with fake_stripe.fake.store.unit():
            fake_stripe.fake.store.forget_replies()
        with transaction():
            paid, order = refunds.get_order(refund_id, at=LATER.replace(day=26))

        again = gateway.refund(paid, order)

        assert again.provider_ref == first.provider_ref
        assert gateway.fetch(held).refunded_amount == 4_000

    def test_reports_a_refusal(self, gateway: StripeGateway) -> None:
        held = bought(gateway)
        refund_id = self.asked(held, 15_000)
        with transaction():
            paid, order = refunds.get_order(refund_id, at=LATER)
        gateway.refund(paid, replace(order, key="made in the dashboard", amount=Won(15_000)))

        with pytest.raises(RefundRefused, match="charge_already_refunded"):
            gateway.refund(paid, order)

    def test_follows_a_refund_that_fails_later(
        self, gateway: StripeGateway, fake_stripe: FakeStripe
    ) -> None:
        fake_stripe.turn(refund_delay_seconds=0.05)
        held = bought(gateway, method="pm_card_refundFail")
        refund_id = self.asked(held, 15_000)
        answer = self.send(gateway, refund_id)
        with transaction():
            assert refunds.record_answer(refund_id, answer, at=LATER) is RefundState.SENT
        fake_stripe.wait_until_idle()

        with transaction():
            paid, order = refunds.get_order(refund_id, at=LATER)
        found = gateway.find_refund(paid, order)
        assert found is not None
        with transaction():
            state = refunds.record_answer(refund_id, found, at=LATER)

        assert state is RefundState.FAILED
        assert now_held(held).refunded_amount == 0
        assert queries.list_refunds(held.id)[0].failure_code == "expired_or_canceled_card"


class TestCancel:
    def test_stops_an_open_payment(self, gateway: StripeGateway) -> None:
        assert gateway.cancel(created(gateway)).state is PaymentState.CANCELED

    def test_returns_the_truth_when_it_is_too_late(self, gateway: StripeGateway) -> None:
        assert gateway.cancel(bought(gateway)).state is PaymentState.PAID

    def test_refuses_what_stripe_never_heard_of(self, gateway: StripeGateway) -> None:
        with pytest.raises(PaymentUnknown):
            gateway.cancel(opened())
        with pytest.raises(PaymentUnknown):
            gateway.fetch_ref("pi_unknown")


class TestUnavailable:
    @pytest.mark.parametrize("status", [500, 503, 429])
    def test_does_not_know_when_stripe_answers_with_errors(
        self, gateway: StripeGateway, fake_stripe: FakeStripe, status: int
    ) -> None:
        held = opened()
        fake_stripe.turn(fail_next=3, fail_status=status)

        with pytest.raises(ProviderUnavailable):
            gateway.create(held, return_url=RETURN_URL)

    def test_tries_again_by_itself(self, gateway: StripeGateway, fake_stripe: FakeStripe) -> None:
        fake_stripe.turn(fail_next=2)

        assert gateway.create(opened(), return_url=RETURN_URL).state is PaymentState.PENDING

    def test_waits_once_for_a_server_that_hangs(self, settings: Settings, silent: str) -> None:
        gateway = StripeGateway(replace(settings, stripe_api_base=silent), read_seconds=0.5)
        held = opened()
        began = time.monotonic()

        with pytest.raises(ProviderUnavailable):
            gateway.create(held, return_url=RETURN_URL)

        assert 0.5 <= time.monotonic() - began < 1.0
        # P14: no request takes more than 12 s.
        assert CONNECT_SECONDS + READ_SECONDS <= 12

    @pytest.fixture
    def silent(self) -> Iterator[str]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"


class TestForCode:
    def test_refuses_stripe_without_keys(self, settings: Settings) -> None:
        without = replace(settings, stripe_secret_key=None)

        with pytest.raises(ProviderNotConfigured):
            providers.for_code(ProviderCode.STRIPE, without)

    @pytest.mark.parametrize("code", list(ProviderCode))
    def test_finds_every_provider(self, settings: Settings, code: ProviderCode) -> None:
        assert providers.for_code(code, settings).code is code


def _requests(fake_stripe: FakeStripe) -> list[dict[str, object]]:
    found = fake_stripe.app.test_client().get("/_test/requests").get_json()
    return list(found["requests"])


def _intents(fake_stripe: FakeStripe) -> list[object]:
    found = fake_stripe.app.test_client().get(
        "/v1/payment_intents", headers={"Authorization": "Bearer sk_test_bed"}
    )
    return list(found.get_json()["data"])
