"""Orders through real workers: webhook, poller, refund, expiry."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask

from marketplace.checkout import confirming, paying
from marketplace.checkout.placing import PlacedOrder
from marketplace.core import clock, outbox
from marketplace.core.db import db, transaction
from marketplace.core.settings import Settings
from marketplace.ledger import posting
from marketplace.orders import queries as orders
from marketplace.orders.models import LineStatus
from marketplace.payments import payment
from marketplace.payments import queries as payments
from marketplace.payments.models import PaymentState, RefundState
from marketplace.payments.port import HeldPayment
from marketplace.payments.stripe_gateway import StripeGateway
from tests import make
from tests.bed.stripe import FakeStripe
from tests.bed.web import LiveServer
from tests.faults import crew
from tests.service.checkout import books


@pytest.fixture
def shop(live_app: Flask, live_server: LiveServer) -> Iterator[None]:  # noqa: ARG001
    """A shop that hears the fake Stripe's messages."""
    with live_app.app_context():
        yield


def began(placed: PlacedOrder, settings: Settings) -> HeldPayment:
    with transaction():
        held = payment.get_held(placed.payment_id)
    answer = paying.create(held, settings)
    with transaction():
        confirming.confirm_payment(
            payment_id=held.id, snapshot=answer, source="create", at=clock.now()
        )
        return payment.get_held(held.id)


def charge(held: HeldPayment, settings: Settings) -> None:
    StripeGateway(settings).confirm(
        held, method="pm_card_visa", return_url=paying.return_url_of(held, settings)
    )


def status_of(placed: PlacedOrder) -> LineStatus:
    db.session.rollback()
    return orders.get(placed.order_id).status


def state_of(placed: PlacedOrder) -> PaymentState:
    db.session.rollback()
    return payment.get_held(placed.payment_id).state


@pytest.mark.usefixtures("shop")
class TestCheckoutTasks:
    def test_webhook_confirms_and_a_cancel_is_refunded(self, live_settings: Settings) -> None:
        wanted = make.sellable(price=10_000)
        placed = make.placed_order({wanted: 3}, at=clock.now())
        with crew.working(live_settings):
            charge(began(placed, live_settings), live_settings)
            crew.wait_until(lambda: status_of(placed) is LineStatus.PAID)
            make.cancel(placed, at=clock.now())
            crew.wait_until(lambda: state_of(placed) is PaymentState.PARTIALLY_REFUNDED)

        (refund,) = payments.list_refunds(placed.payment_id)
        assert (refund.amount, refund.state) == (10_000, RefundState.SUCCEEDED)
        assert posting.balance("refund_due") == 0
        assert posting.balance("provider:stripe") == placed.pay_total - 10_000
        assert make.stock_of(wanted) == (98, 0)
        books.check()

    def test_the_poller_finds_what_no_webhook_told(
        self, live_settings: Settings, fake_stripe: FakeStripe
    ) -> None:
        fake_stripe.turn(webhook_loss=1.0)
        placed = make.placed_order({make.sellable(): 1}, at=clock.now() - timedelta(minutes=9))
        held = began(placed, live_settings)
        charge(held, live_settings)
        with transaction():
            payment.note_checked(held.id, at=clock.now() - timedelta(minutes=9))
            outbox.enqueue("checkout.reconcile", {})

        with crew.working(live_settings):
            crew.wait_until(lambda: status_of(placed) is LineStatus.PAID)

        books.check()

    def test_an_order_nobody_paid_ends_here_and_at_the_provider(
        self, live_settings: Settings
    ) -> None:
        wanted = make.sellable()
        placed = make.placed_order({wanted: 1}, at=clock.now() - timedelta(minutes=31))
        held = began(placed, live_settings)
        with transaction():
            outbox.enqueue("checkout.expire_unpaid", {})

        with crew.working(live_settings):
            crew.wait_until(lambda: status_of(placed) is LineStatus.CANCELED_UNPAID)
            crew.wait_until(lambda: paying.look(held, live_settings).state is PaymentState.CANCELED)

        assert make.stock_of(wanted) == (100, 0)
