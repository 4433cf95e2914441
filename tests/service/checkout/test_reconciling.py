"""Paying at the provider: its answers lost, its messages lost, its service down."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace.checkout import confirming, expiring, paying, reconciling, refunding
from marketplace.checkout.confirming import Confirmation, Result
from marketplace.checkout.placing import PlacedOrder
from marketplace.core.db import db, transaction
from marketplace.core.outbox import Job
from marketplace.core.settings import Settings
from marketplace.orders import queries as orders
from marketplace.orders.models import LineStatus
from marketplace.payments import payment
from marketplace.payments.models import Payment, PaymentState
from marketplace.payments.port import HeldPayment, ProviderPayment, ProviderUnavailable
from marketplace.payments.stripe_gateway import StripeGateway
from tests import make
from tests.bed.stripe import FakeStripe
from tests.service.checkout import books

pytestmark = pytest.mark.usefixtures("isolated")

LATER = make.NOW + timedelta(minutes=10)


def began(placed: PlacedOrder, settings: Settings) -> HeldPayment:
    """Go the way of the payment page: prepare, create, record."""
    with transaction():
        prepared = paying.prepare(public_id=placed.payment_public_id, at=make.NOW)
    answer = paying.create(prepared.payment, settings)
    with transaction():
        confirming.confirm_payment(
            payment_id=prepared.payment.id, snapshot=answer, source="create", at=make.NOW
        )
        return payment.get_held(prepared.payment.id)


def charged(held: HeldPayment, settings: Settings, method: str = "pm_card_visa") -> None:
    """Let the buyer pay at Stripe; we hear nothing of it."""
    StripeGateway(settings).confirm(
        held, method=method, return_url=paying.return_url_of(held, settings)
    )


def confirmed(held: HeldPayment, snapshot: ProviderPayment) -> Confirmation:
    with transaction():
        return confirming.confirm_payment(
            payment_id=held.id, snapshot=snapshot, source="poller", at=LATER
        )


class TestPoller:
    def test_finds_every_paid_order_when_all_webhooks_are_lost(
        self, settings: Settings, fake_stripe: FakeStripe
    ) -> None:
        """P1, with fifty orders; the rounds are the same for more."""
        fake_stripe.turn(webhook_loss=1.0)
        wanted = make.sellable(on_hand=100)
        placed = [make.placed_order({wanted: 1}) for _ in range(50)]
        for one in placed:
            charged(began(one, settings), settings)

        with transaction():
            waiting = reconciling.list_unasked(at=LATER)
        results = [confirmed(held, paying.look(held, settings)) for held in waiting]
        again = [confirmed(held, paying.look(held, settings)) for held in waiting]

        assert [one.is_fresh for one in results] == [True] * 50
        assert [one.is_fresh for one in again] == [False] * 50
        assert sorted(books.entries()) == sorted(
            ("paid", f"order:{one.order_id}") for one in placed
        )
        assert make.stock_of(wanted) == (50, 0)
        assert reconciling.list_unasked(at=LATER) == []
        books.check()

    def test_leaves_fresh_and_unknown_payments_in_peace(self, settings: Settings) -> None:
        wanted = make.sellable()
        began(make.placed_order({wanted: 1}), settings)
        make.placed_order({wanted: 1})

        soon = make.NOW + timedelta(minutes=1)
        assert reconciling.list_unasked(at=soon) == []
        assert len(reconciling.list_unasked(at=LATER)) == 1


class TestLostAnswers:
    def test_a_dropped_reply_makes_no_second_payment(
        self, settings: Settings, fake_stripe: FakeStripe
    ) -> None:
        """P5."""
        placed = make.placed_order({make.sellable(): 1})
        with transaction():
            prepared = paying.prepare(public_id=placed.payment_public_id, at=make.NOW)
        fake_stripe.turn(drop_response_next=3)
        with pytest.raises(ProviderUnavailable):
            paying.create(prepared.payment, settings)
        fake_stripe.turn(drop_response_next=0)

        held = began(placed, settings)

        intents = StripeGateway(settings)._client.v1.payment_intents.list()
        assert [intent.id for intent in intents.data] == [held.provider_ref]
        assert make.count_of(Payment) == 1

    def test_the_order_goes_on_when_the_provider_is_back(
        self, settings: Settings, fake_stripe: FakeStripe
    ) -> None:
        placed = make.placed_order({make.sellable(): 1})
        fake_stripe.turn(fail_next=10)
        with pytest.raises(ProviderUnavailable):
            began(placed, settings)
        assert orders.get(placed.order_id).status is LineStatus.PAYMENT_WAITING
        fake_stripe.turn(fail_next=0)

        charged(began(placed, settings), settings)
        held = payment.get_held(placed.payment_id)

        assert confirmed(held, paying.look(held, settings)).is_fresh

    def test_a_refused_card_can_be_followed_by_another(self, settings: Settings) -> None:
        placed = make.placed_order({make.sellable(): 1})
        held = began(placed, settings)
        gateway = StripeGateway(settings)
        with pytest.raises(Exception, match="승인되지 않았습니다"):
            gateway.confirm(held, method="pm_card_chargeDeclined", return_url="http://localhost/")

        refused = confirmed(held, paying.look(held, settings))
        again = began(placed, settings)
        charged(again, settings)

        assert refused.result in (Result.REFUSED, Result.WAITING)
        assert again.provider_ref == held.provider_ref
        assert confirmed(again, paying.look(again, settings)).is_fresh


class TestPrepare:
    def test_of_a_paid_order_says_so(self, settings: Settings) -> None:
        placed = make.placed_order({make.sellable(): 1})
        charged(began(placed, settings), settings)
        held = payment.get_held(placed.payment_id)
        confirmed(held, paying.look(held, settings))

        with transaction():
            prepared = paying.prepare(public_id=placed.payment_public_id, at=LATER)

        assert prepared.is_settled

    def test_of_an_ended_order_refuses(self) -> None:
        placed = make.placed_order({make.sellable(): 1})

        with pytest.raises(paying.OrderEnded), transaction():
            paying.prepare(public_id=placed.payment_public_id, at=make.NOW + timedelta(minutes=30))

    def test_replaces_a_payment_the_provider_cancelled(self, settings: Settings) -> None:
        placed = make.placed_order({make.sellable(): 1})
        held = began(placed, settings)
        with transaction():
            payment.close(held.id, state=PaymentState.CANCELED, source="test", at=make.NOW)

        with transaction():
            prepared = paying.prepare(public_id=placed.payment_public_id, at=LATER)

        assert prepared.payment.id != held.id
        assert prepared.payment.amount == held.amount


class TestStop:
    def test_an_expired_order_cannot_be_paid_any_more(self, settings: Settings) -> None:
        placed = make.placed_order({make.sellable(): 1})
        held = began(placed, settings)
        late = make.NOW + timedelta(minutes=31)
        with transaction():
            expiring.expire_unpaid(order_id=placed.order_id, at=late)
        word = db.session.scalars(select(Job).where(Job.kind == "checkout.stop_payment")).one()

        snapshot = paying.stop(held, settings)

        assert word.payload == {"payment_id": held.id}
        assert snapshot.state is PaymentState.CANCELED
        assert confirmed(held, snapshot).result is Result.ENDED

    def test_learns_that_the_money_came_after_all(self, settings: Settings) -> None:
        wanted = make.sellable()
        placed = make.placed_order({wanted: 1})
        held = began(placed, settings)
        charged(held, settings)
        with transaction():
            expiring.expire_unpaid(order_id=placed.order_id, at=make.NOW + timedelta(minutes=31))

        confirmation = confirmed(held, paying.stop(held, settings))

        assert confirmation.result is Result.CONFIRMED
        assert make.stock_of(wanted) == (99, 0)

    def test_finds_an_intent_whose_answer_was_lost(self, settings: Settings) -> None:
        placed = make.placed_order({make.sellable(): 1})
        with transaction():
            prepared = paying.prepare(public_id=placed.payment_public_id, at=make.NOW)
        made = paying.create(prepared.payment, settings)

        stopped = paying.stop(prepared.payment, settings)

        assert (stopped.provider_ref, stopped.state) == (made.provider_ref, PaymentState.CANCELED)


class TestSendAgain:
    def test_leaves_word_for_refunds_that_got_stuck(self) -> None:
        placed = make.paid_order({make.sellable(): 1})
        with transaction():
            refunding.request(
                payment_id=placed.payment_id,
                amount=placed.pay_total,
                reference="claim_case:1",
                reason="변심",
                at=make.NOW,
            )

        with transaction():
            again = reconciling.send_again(at=LATER)

        jobs = db.session.scalars(select(Job).where(Job.kind == "checkout.send_refund")).all()
        assert again == 1
        assert len({job.dedupe_key for job in jobs}) == 2
