"""One live payment per reference, and reports in any order."""

from __future__ import annotations

import itertools

import pytest
from sqlalchemy import func, select

from marketplace.core.db import db, transaction
from marketplace.core.money import Won
from marketplace.payments import payment, queries, status
from marketplace.payments.models import Payment, PaymentState, ProviderCode
from marketplace.payments.payment import Outcome
from tests.service.payments.cases import LATER, NOW, now_held, opened, paid, report_of, told

pytestmark = pytest.mark.usefixtures("isolated")

State = PaymentState


class TestOpenPayment:
    def test_returns_the_one_live_payment(self) -> None:
        first = opened()

        second = opened()

        assert second.id == first.id
        assert second.state is State.CREATED
        assert db.session.scalar(select(func.count()).select_from(Payment)) == 1

    def test_refuses_once_paid(self) -> None:
        paid()

        with pytest.raises(payment.AlreadyPaid):
            opened()

    def test_refuses_another_amount_or_provider_beside_a_live_one(self) -> None:
        opened()

        with pytest.raises(payment.PaymentUnderWay):
            opened(amount=14_999)
        with pytest.raises(payment.PaymentUnderWay):
            opened(provider=ProviderCode.BANK_TRANSFER)

    def test_opens_anew_after_the_last_one_was_closed(self) -> None:
        first = opened()
        with transaction():
            payment.close(first.id, state=State.CANCELED, source="buyer", at=LATER)

        second = opened(provider=ProviderCode.BANK_TRANSFER)

        assert second.id != first.id

    def test_gives_every_payment_a_name_nobody_can_guess(self) -> None:
        names = {opened(f"order:{number}").public_id for number in range(20)}

        assert len(names) == 20
        assert all(len(name) >= 22 for name in names)


class TestApply:
    def test_tells_the_first_report_of_payment_from_the_rest(self) -> None:
        held = opened()

        outcomes = [told(held, State.PAID, source) for source in ("webhook", "return", "poller")]

        assert outcomes == [Outcome.NEWLY_PAID, Outcome.ALREADY, Outcome.ALREADY]
        after = now_held(held)
        assert (after.state, after.captured_amount) == (State.PAID, 15_000)
        assert [step.source for step in queries.list_history(held.id)] == ["opened", "webhook"]

    def test_notes_a_declined_attempt_and_stays_open(self) -> None:
        held = opened()
        told(held, State.PENDING)

        outcome = told(held, State.PENDING, failure_code="insufficient_funds")

        assert outcome is Outcome.FAILED
        assert now_held(held).state is State.PENDING
        assert told(held, State.PAID) is Outcome.NEWLY_PAID

    def test_ends_in_the_same_state_whatever_order_the_news_arrives_in(self) -> None:
        """P3: six reports, 720 orders, no step backwards."""
        news: tuple[tuple[State, dict[str, object]], ...] = (
            (State.PENDING, {}),
            (State.PENDING, {"failure_code": "generic_decline"}),
            (State.PAID, {}),
            (State.PAID, {"fee": Won(510)}),
            (State.PARTIALLY_REFUNDED, {"refunded_amount": Won(0)}),
            (State.REFUNDED, {"refunded_amount": Won(0)}),
        )
        orders = list(itertools.permutations(news))
        assert len(orders) == 720
        for number, order in enumerate(orders):
            held = opened(f"order:{number}")
            with transaction():
                outcomes = [
                    payment.apply(held.id, report_of(held, state, **more), source="event", at=LATER)
                    for state, more in order
                ]
            assert now_held(held).state is State.REFUNDED, order
            assert outcomes.count(Outcome.NEWLY_PAID) == 1, order
            ranks = [status.RANK[State(step.to_state)] for step in queries.list_history(held.id)]
            assert ranks == sorted(set(ranks)), order

    @pytest.mark.parametrize(
        ("changes", "fault"),
        [
            ({"amount": 14_999}, "amount"),
            ({"captured_amount": Won(1)}, "captured_amount"),
            ({"currency": "usd"}, "currency"),
            ({"wrong_mode": True}, "mode"),
            ({"public_id": "another-payment"}, "foreign_metadata"),
            ({"public_id": None}, "foreign_metadata"),
            ({"provider_ref": "pi_of_another_order"}, "foreign_ref"),
            ({"provider": ProviderCode.FREE}, "foreign_provider"),
        ],
    )
    def test_refuses_reports_that_cannot_belong_to_it(
        self, changes: dict[str, object], fault: str
    ) -> None:
        """P11: unpaid, one alert."""
        held = opened()
        told(held, State.PENDING)
        held = now_held(held)

        outcomes = [told(held, State.PAID, source, **changes) for source in ("event", "poller")]

        assert outcomes == [Outcome.MISMATCH, Outcome.MISMATCH]
        after = now_held(held)
        assert (after.state, after.captured_amount) == (State.PENDING, 0)
        (alert,) = queries.list_open_alerts()
        assert alert.kind == "payment_mismatch"
        assert alert.payment_id == held.id
        assert fault in alert.details

    def test_sees_money_that_arrives_after_the_end(self) -> None:
        """P9: the late success is news; the caller revives the order or refunds."""
        held = opened()
        with transaction():
            assert (
                payment.close(held.id, state=State.EXPIRED, source="sweep", at=LATER)
                is Outcome.CANCELED
            )

        assert told(held, State.CANCELED) is Outcome.ALREADY
        assert told(held, State.PAID) is Outcome.NEWLY_PAID

    def test_keeps_money_paid_twice_for_a_refund(self) -> None:
        first = opened()
        told(first, State.PENDING)
        with transaction():
            payment.close(first.id, state=State.EXPIRED, source="sweep", at=LATER)
        second = paid()

        outcomes = [told(now_held(first), State.PAID) for _ in range(2)]

        assert outcomes == [Outcome.SURPLUS, Outcome.ALREADY]
        after = now_held(first)
        assert (after.state, after.captured_amount) == (State.EXPIRED, 15_000)
        assert now_held(second).state is State.PAID
        assert [alert.kind for alert in queries.list_open_alerts()] == ["paid_twice"]

    def test_reports_refunds_nobody_here_asked_for(self) -> None:
        held = paid()

        told(held, State.PARTIALLY_REFUNDED, refunded_amount=Won(2_000))

        assert [alert.kind for alert in queries.list_open_alerts()] == ["refund_not_ours"]

    def test_refuses_an_unknown_payment(self) -> None:
        held = opened()

        with pytest.raises(payment.PaymentMissing), transaction():
            payment.apply(held.id + 1_000, report_of(held, State.PAID), source="event", at=LATER)


class TestClose:
    def test_leaves_a_paid_payment_alone(self) -> None:
        held = paid()

        with transaction():
            outcome = payment.close(held.id, state=State.EXPIRED, source="sweep", at=LATER)

        assert outcome is Outcome.ALREADY
        assert now_held(held).state is State.PAID

    def test_refuses_a_state_that_is_no_end(self) -> None:
        held = opened()

        with pytest.raises(ValueError, match="paid"), transaction():
            payment.close(held.id, state=State.PAID, source="sweep", at=LATER)


class TestQueries:
    def test_reconciles_open_online_payments_longest_unasked_first(self) -> None:
        asked, never = opened("order:1"), opened("order:2")
        opened("order:3", provider=ProviderCode.BANK_TRANSFER)
        paid("order:4")
        with transaction():
            payment.note_checked(asked.id, at=NOW)

        due = queries.list_to_reconcile(older_than=LATER - NOW, at=LATER)
        fresh = queries.list_to_reconcile(older_than=2 * (LATER - NOW), at=LATER)

        assert [held.id for held in due] == [never.id, asked.id]
        assert fresh == []
