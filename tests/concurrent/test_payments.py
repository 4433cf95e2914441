"""Many at once: one live payment, one confirmation, never more back than was taken."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from flask import Flask

from marketplace.core.db import db, transaction
from marketplace.core.errors import DomainError
from marketplace.core.money import Won
from marketplace.payments import payment, queries, refunds
from marketplace.payments.models import PaymentState, ProviderCode
from marketplace.payments.payment import Outcome
from tests.service.payments.cases import LATER, now_held, opened, paid, report_of

T = TypeVar("T")


def at_once(app: Flask, work: Callable[[int], T], *, times: int) -> list[T | DomainError]:
    """Run work in as many threads, all let go by one barrier."""
    barrier = threading.Barrier(times)

    def one(number: int) -> T | DomainError:
        with app.app_context():
            barrier.wait(timeout=30)
            try:
                with transaction():
                    return work(number)
            except DomainError as error:
                return error
            finally:
                db.session.remove()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


class TestRefunds:
    def test_fifty_at_once_never_exceed_the_payment(self, live_app: Flask) -> None:
        """P13: 50 refunds of 30 %."""
        with live_app.app_context():
            held = paid(amount=10_000)

        def ask(number: int) -> int:
            return refunds.request_refund(
                payment_id=held.id,
                amount=Won(3_000),
                reference=f"claim_case:{number}",
                reason="변심",
                at=LATER,
            ).id

        answers = at_once(live_app, ask, times=50)

        with live_app.app_context():
            rows = queries.list_refunds(held.id)
            assert sum(row.amount for row in rows) == now_held(held).refunded_amount == 9_000
        refused = [one for one in answers if isinstance(one, DomainError)]
        assert len(refused) == 47
        assert {type(one) for one in refused} == {refunds.RefundExceedsPayment}

    def test_the_same_cause_at_once_is_one_refund(self, live_app: Flask) -> None:
        with live_app.app_context():
            held = paid(amount=10_000)

        def ask(_: int) -> int:
            return refunds.request_refund(
                payment_id=held.id,
                amount=Won(3_000),
                reference="claim_case:1",
                reason="변심",
                at=LATER,
            ).id

        answers = at_once(live_app, ask, times=20)

        assert len(set(answers)) == 1
        with live_app.app_context():
            assert now_held(held).refunded_amount == 3_000


class TestPayments:
    def test_one_reference_opened_at_once_is_one_payment(self, live_app: Flask) -> None:
        def open_(_: int) -> int:
            return payment.open_payment(
                reference="order:1",
                amount=Won(15_000),
                provider=ProviderCode.STRIPE,
                at=LATER,
            ).id

        assert len(set(at_once(live_app, open_, times=20))) == 1

    def test_webhook_return_and_poller_at_once_confirm_once(self, live_app: Flask) -> None:
        with live_app.app_context():
            held = opened()
        report = report_of(held, PaymentState.PAID)

        outcomes = at_once(
            live_app,
            lambda number: payment.apply(held.id, report, source=f"caller:{number}", at=LATER),
            times=20,
        )

        assert outcomes.count(Outcome.NEWLY_PAID) == 1
        assert outcomes.count(Outcome.ALREADY) == 19
        with live_app.app_context():
            assert len(queries.list_history(held.id)) == 2
