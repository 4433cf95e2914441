"""The provider fails in every way at every step: nobody pays twice, and the order goes on (P5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import stripe
from flask import Flask
from sqlalchemy import select

from marketplace.catalog.models import Variant
from marketplace.core.db import db
from marketplace.core.outbox import JobState
from marketplace.core.settings import Settings
from marketplace.demo.fake_stripe.store import Filter
from marketplace.orders.models import Order
from marketplace.payments.models import Payment, PaymentState, Refund, RefundState
from marketplace.payments.stripe_gateway import StripeGateway
from tests import make
from tests.bed.web import LiveServer
from tests.faults import crew, invariants
from tests.faults.provider import FAULTS, READ_SECONDS, Provider
from tests.faults.shopper import Shopper, agree_elsewhere, path_of

# A buyer waits for one time-out and no more of them; the rest is a noisy machine's.
PATIENCE = 2 * READ_SECONDS + 3


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait a moment where a shop waits for seconds; what is done in between stays the same."""
    monkeypatch.setitem(
        StripeGateway.__init__.__kwdefaults__,  # type: ignore[arg-type]
        "read_seconds",
        READ_SECONDS,
    )
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.02)


@pytest.fixture
def live_settings(live_settings: Settings, provider: Provider) -> Settings:
    """Settings with a provider that may be gone."""
    return replace(live_settings, stripe_api_base=provider.url)


@pytest.fixture
def wanted(live_app: Flask, live_server: LiveServer) -> Iterator[Variant]:  # noqa: ARG001
    """Something to buy."""
    with live_app.app_context():
        yield make.sellable(price=20_000)


def newest() -> tuple[Order, Payment]:
    """The order placed last and its payment."""
    db.session.rollback()
    order = db.session.scalars(
        select(Order).order_by(Order.id.desc()).execution_options(populate_existing=True)
    ).first()
    assert order is not None
    payment = db.session.scalars(
        select(Payment)
        .where(Payment.reference == f"order:{order.id}")
        .execution_options(populate_existing=True)
    ).one()
    return order, payment


def ready_to_pay(shop: str, wanted: Variant) -> tuple[Shopper, str]:
    """A guest on the page of their payment, and its address."""
    buyer = Shopper(shop)
    assert buyer.fill_cart(wanted.id).status_code == 303
    return buyer, path_of(buyer.place())


def charges(provider: Provider) -> int:
    """How often money was taken from anybody."""
    found = provider.stripe.fake.store.page(Filter("charge", limit=1_000))[0]
    return sum(charge["paid"] for charge in found)


@pytest.mark.parametrize("fault", FAULTS)
class TestStripeDown:
    def test_at_every_step_the_order_waits_and_goes_on(
        self, fault: str, wanted: Variant, live_server: LiveServer, provider: Provider
    ) -> None:
        self._while_the_payment_is_made(fault, live_server.url, wanted, provider)
        self._while_the_card_is_charged(fault, live_server.url, wanted, provider)
        self._while_the_buyer_comes_back(fault, live_server.url, wanted, provider)

        provider.stripe.wait_until_idle()
        assert charges(provider) == 3
        assert make.stock_of(wanted) == (97, 0)
        invariants.check(provider.stripe)

    def _while_the_payment_is_made(
        self, fault: str, shop: str, wanted: Variant, provider: Provider
    ) -> None:
        provider.break_down(fault)
        buyer, address = ready_to_pay(shop, wanted)
        page = buyer.get(address)
        again = buyer.post(f"{address}/start")

        assert "결제 회사와 연결되지 않아" in page.text
        assert again.status_code == 503
        assert again.elapsed.total_seconds() < PATIENCE
        assert newest()[1].state is PaymentState.CREATED
        assert invariants.find_breaches() == []

        provider.recover()
        assert path_of(buyer.post(f"{address}/start")) == address
        assert path_of(buyer.pay(address)).endswith("/done")
        assert newest()[0].paid_at is not None

    def _while_the_card_is_charged(
        self, fault: str, shop: str, wanted: Variant, provider: Provider
    ) -> None:
        buyer, address = ready_to_pay(shop, wanted)
        provider.break_down(fault)
        presses = [buyer.pay(address) for _ in range(2)]

        # A hanging provider may have charged when the second press asks.
        assert presses[0].status_code == 503
        assert presses[0].elapsed.total_seconds() < PATIENCE
        assert "연결되지 않습니다" in presses[0].text
        assert invariants.find_breaches() == []

        provider.recover()
        assert path_of(buyer.pay(address)).endswith("/done")
        assert path_of(buyer.pay(address)).endswith("/done")
        assert newest()[1].state is PaymentState.PAID

    def _while_the_buyer_comes_back(
        self, fault: str, shop: str, wanted: Variant, provider: Provider
    ) -> None:
        buyer, address = ready_to_pay(shop, wanted)
        # Nobody but the buyer tells the shop.
        provider.stripe.turn(webhook_loss=1.0)
        away = buyer.pay(address, "kakao_pay").headers["Location"]
        back = agree_elsewhere(provider.stripe, away)
        # Reading cannot be dropped after it was done: gone is the nearest to it.
        provider.break_down("down" if fault == "drop" else fault)
        answer = buyer.get(back)

        assert path_of(answer) == address
        assert answer.elapsed.total_seconds() < PATIENCE
        assert "다시 결제하지 말고" in buyer.get(address).text
        assert buyer.post(f"{address}/check").status_code == 503
        assert newest()[0].paid_at is None

        provider.recover()
        assert path_of(buyer.post(f"{address}/check")).endswith("/done")
        assert newest()[0].paid_at is not None


class TestStripeDownAndNobodyComesBack:
    """The buyer has closed the browser and every message is lost: the rounds finish the order."""

    def test_charged_orders_are_confirmed_and_forgotten_ones_cannot_be_charged(
        self,
        wanted: Variant,
        live_server: LiveServer,
        live_settings: Settings,
        provider: Provider,
    ) -> None:
        provider.stripe.turn(webhook_loss=1.0)
        charged = []
        for fault in ("hang", "drop"):
            buyer, address = ready_to_pay(live_server.url, wanted)
            provider.break_down(fault)
            assert buyer.pay(address).status_code == 503
            provider.recover()
            charged.append(newest()[0].id)
        provider.break_down("drop")
        ready_to_pay(live_server.url, wanted)
        forgotten, payment = newest()
        assert payment.provider_ref is None
        provider.break_down("down")

        with crew.working(live_settings):
            crew.reconcile_now()
            crew.end_time_to_pay(forgotten.id)
            crew.wait_until(lambda: _asked_in_vain() and _gave_up_for_now())
            assert charges(provider) == len(charged)
            provider.recover()
            crew.reconcile_now()
            crew.hurry()
            crew.wait_until(
                lambda: not invariants.find_disagreements(provider.stripe) and crew.all_done(),
                instead=lambda: (
                    invariants.find_disagreements(provider.stripe),
                    crew.unfinished(),
                ),
            )

        assert {one.id for one in _paid()} == set(charged)
        assert newest()[1].state is PaymentState.EXPIRED
        assert charges(provider) == 2
        assert make.stock_of(wanted) == (98, 0)
        invariants.check(provider.stripe)

    def test_refunds_are_sent_once_through_every_fault(
        self,
        wanted: Variant,
        live_server: LiveServer,
        live_settings: Settings,
        provider: Provider,
    ) -> None:
        with crew.working(live_settings):
            for fault in FAULTS:
                buyer, address = ready_to_pay(live_server.url, wanted)
                number = path_of(buyer.pay(address)).split("/")[2]
                crew.wait_until(crew.all_done)
                # The workers have the patience of a real shop: they wait ten seconds.
                provider.break_down("down" if fault == "hang" else fault)
                assert buyer.cancel(number).status_code == 303
                crew.wait_until(lambda: _failed_refunds() > 0)
                assert invariants.find_breaches() == []
                provider.recover()
                crew.hurry()
                crew.wait_until(
                    lambda: set(_refund_states()) == {RefundState.SUCCEEDED},
                    instead=crew.unfinished,
                )
            provider.stripe.wait_until_idle()
            crew.wait_until(crew.all_done, instead=crew.unfinished)

        assert len(_refund_states()) == len(FAULTS)
        assert len(provider.stripe.fake.store.page(Filter("refund"))[0]) == len(FAULTS)
        assert make.stock_of(wanted) == (100, 0)
        invariants.check(provider.stripe)


def _paid() -> list[Order]:
    return list(db.session.scalars(select(Order).where(Order.paid_at.is_not(None))))


def _asked_in_vain() -> bool:
    return crew.count_jobs("checkout.reconcile", JobState.DONE) > 0


def _gave_up_for_now() -> bool:
    waiting = crew.failed_jobs()
    return "checkout.stop_payment" in waiting


def _failed_refunds() -> int:
    return crew.failed_jobs().count("checkout.send_refund")


def _refund_states() -> list[RefundState]:
    db.session.rollback()
    return list(db.session.scalars(select(Refund.state)))
