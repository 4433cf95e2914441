"""Refunds: owed when decided, paid when the provider has sent them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace.checkout import accounts, refunding
from marketplace.core.db import db, transaction
from marketplace.core.money import Won
from marketplace.core.outbox import Job
from marketplace.ledger import posting
from marketplace.payments import payment
from marketplace.payments import queries as payments
from marketplace.payments.models import PaymentState, RefundState
from marketplace.payments.port import ProviderRefund, RefundRefused
from tests import make
from tests.service.checkout import books

pytestmark = pytest.mark.usefixtures("isolated")

AFTER = make.NOW + timedelta(hours=1)


def requested(amount: int = 4_000) -> int:
    placed = make.paid_order({make.sellable(): 1})
    with transaction():
        refund = refunding.request(
            payment_id=placed.payment_id,
            amount=Won(amount),
            reference="claim_case:1",
            reason="변심",
            at=AFTER,
        )
        # What a cancel posts when it decides the refund.
        posting.post(
            kind="cancel",
            reference="claim_case:1",
            legs=[
                posting.debit(accounts.held(1), amount),
                posting.credit(accounts.REFUND_DUE, amount),
            ],
            at=AFTER,
        )
    return refund.id


def record(refund_id: int, answer: ProviderRefund | RefundRefused) -> RefundState:
    with transaction():
        return refunding.record(refund_id, answer, at=AFTER)


class TestRecord:
    def test_pays_what_is_owed_once(self) -> None:
        refund_id = requested(4_000)
        sent = ProviderRefund("re_1", RefundState.SUCCEEDED, Won(4_000))

        states = [record(refund_id, sent) for _ in range(3)]

        assert states == [RefundState.SUCCEEDED] * 3
        assert posting.balance("refund_due") == 0
        assert posting.balance("provider:stripe") == 13_000 - 4_000
        assert [kind for kind, _ in books.entries()] == ["paid", "cancel", "refund_sent"]

    def test_still_owes_while_the_provider_works_on_it(self) -> None:
        refund_id = requested(4_000)

        record(refund_id, ProviderRefund("re_1", RefundState.SENT, Won(4_000)))

        assert posting.balance("refund_due") == -4_000

    def test_owes_again_what_the_bank_sent_back(self) -> None:
        refund_id = requested(4_000)
        record(refund_id, ProviderRefund("re_1", RefundState.SUCCEEDED, Won(4_000)))

        failed = ProviderRefund("re_1", RefundState.FAILED, Won(4_000), "account_closed")
        states = [record(refund_id, failed) for _ in range(2)]

        assert states == [RefundState.FAILED] * 2
        assert posting.balance("refund_due") == -4_000
        assert posting.balance("provider:stripe") == 13_000
        assert [alert.kind for alert in payments.list_open_alerts()] == ["refund_failed"]

    def test_a_refusal_is_told_to_a_person_and_stays_owed(self) -> None:
        refund_id = requested(4_000)

        state = record(refund_id, RefundRefused(reason="charge_disputed"))

        assert state is RefundState.FAILED
        assert posting.balance("refund_due") == -4_000
        assert [alert.kind for alert in payments.list_open_alerts()] == ["refund_failed"]


class TestRequest:
    def test_leaves_word_to_send_it_once(self) -> None:
        placed = make.paid_order({make.sellable(): 1})

        with transaction():
            for _ in range(2):
                refunding.request(
                    payment_id=placed.payment_id,
                    amount=Won(5_000),
                    reference="claim_case:9",
                    reason="변심",
                    at=AFTER,
                )

        jobs = db.session.scalars(select(Job).where(Job.kind == "checkout.send_refund")).all()
        assert len(jobs) == 1
        assert payment.get_held(placed.payment_id).refunded_amount == 5_000
        assert payment.get_held(placed.payment_id).state is PaymentState.PAID
