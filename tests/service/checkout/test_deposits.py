"""Deposits that pay orders, and refunds somebody transfers by hand."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from marketplace.checkout import accounts, canceling, deposits
from marketplace.checkout.placing import PlacedOrder
from marketplace.core.db import db, transaction
from marketplace.ledger import posting
from marketplace.orders import queries as orders
from marketplace.payments import bank_transfer, payment, refunds
from marketplace.payments.models import PaymentState, Refund, RefundState
from tests import make
from tests.service.checkout import books

pytestmark = pytest.mark.usefixtures("isolated")


def awaited() -> PlacedOrder:
    return make.placed_order({make.sellable(price=20_000): 1}, provider="bank_transfer")


def refund_by_hand() -> int:
    """Pay an order, cancel it and ask for its refund, which nobody's server makes."""
    placed = awaited()
    make.pay(placed)
    (line,) = orders.get(placed.order_id).lines
    with transaction():
        canceling.cancel_lines(
            order_id=placed.order_id,
            attempt_key=make.attempt_key(),
            quantities={line.id: 1},
            reason="단순 변심",
            actor="person:1",
            at=make.NOW,
        )
    return db.session.scalars(select(Refund.id)).one()


def transferred(refund_id: int, name: str) -> RefundState:
    with transaction():
        return deposits.record_transfer(refund_id=refund_id, transfer_ref=name, at=make.NOW)


class TestSettle:
    def test_refuses_a_deposit_that_is_not_there(self) -> None:
        placed = awaited()

        with pytest.raises(bank_transfer.DepositMissing), transaction():
            deposits.settle(
                deposit_id=404, payment_id=placed.payment_id, source="desk", at=make.NOW
            )

        assert payment.get_held(placed.payment_id).state is PaymentState.AWAITING_DEPOSIT


class TestRecordTransfer:
    def test_pays_what_is_owed_once_under_its_first_name(self) -> None:
        refund_id = refund_by_hand()
        owed = -posting.balance(accounts.REFUND_DUE.code)

        states = [transferred(refund_id, name) for name in ("T-1", "T-2")]

        assert owed == 23_000
        assert states == [RefundState.SUCCEEDED] * 2
        assert posting.balance(accounts.REFUND_DUE.code) == 0
        assert db.session.scalars(select(Refund.provider_ref)).one() == "T-1"
        books.check()

    def test_refuses_what_was_never_asked_for(self) -> None:
        with pytest.raises(refunds.RefundMissing):
            transferred(404, "T-1")
