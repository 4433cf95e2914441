"""Deposits on the bank statement pay orders; refunds made by hand are recorded here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from marketplace.checkout import confirming, references, refunding
from marketplace.checkout.confirming import Confirmation
from marketplace.core.db import db
from marketplace.core.errors import InvalidInput
from marketplace.core.money import Won
from marketplace.orders import lifecycle
from marketplace.orders.models import Order
from marketplace.payments import bank_transfer, payment, queries, refunds
from marketplace.payments.models import ProviderCode, RefundState
from marketplace.payments.payment import PaymentMissing
from marketplace.payments.port import HeldPayment, ProviderRefund
from marketplace.payments.refunds import RefundMissing


class TransferNameMissing(InvalidInput):
    """A transfer is found again by what the bank calls it."""

    message = "이체 내역에서 찾을 수 있게 이체 번호나 메모를 적어 주세요."
    field = "transfer_ref"


@dataclass(frozen=True)
class Candidate:
    """One order waiting for a deposit of the same amount."""

    payment_id: int
    order_number: str
    depositor: str
    # Name and amount fit, and only this way.
    is_proposed: bool


@dataclass(frozen=True, kw_only=True)
class WaitingDeposit:
    """One deposit nobody has matched, with the orders it may belong to."""

    deposit_id: int
    deposited_on: date
    depositor: str
    amount: Won
    candidates: tuple[Candidate, ...]

    @property
    def proposed(self) -> Candidate | None:
        """Return the order this deposit was meant for, when name and amount say so."""
        return next((each for each in self.candidates if each.is_proposed), None)


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """One refund somebody must transfer by hand."""

    refund_id: int
    order_number: str
    depositor: str
    amount: Won
    reason: str


def list_waiting() -> list[WaitingDeposit]:
    """Return the deposits nobody has matched, oldest first, in a fixed number of queries."""
    proposed = {
        (proposal.deposit_id, proposal.payment_id) for proposal in bank_transfer.propose_matches()
    }
    unmatched = bank_transfer.list_unmatched()
    numbers = _numbers(held for deposit in unmatched for held in deposit.candidates)
    return [
        WaitingDeposit(
            deposit_id=deposit.deposit_id,
            deposited_on=deposit.deposited_on,
            depositor=deposit.depositor,
            amount=deposit.amount,
            candidates=tuple(
                Candidate(
                    held.id,
                    numbers.get(held.reference, held.reference),
                    held.depositor or "",
                    (deposit.deposit_id, held.id) in proposed,
                )
                for held in deposit.candidates
            ),
        )
        for deposit in unmatched
    ]


def settle(*, deposit_id: int, payment_id: int, source: str, at: datetime) -> Confirmation:
    """
    Pay an order with a deposit; its goods go ahead as with any other payment.

    Locks: order, payment, stock, coupons, grants, ledger.

    :raises PaymentMissing, OrderNotFound, DepositMissing, DepositTaken, DepositNotAwaited:
    :raises DepositAmountDiffers:
    """
    order_id = references.find_order_id(payment.get_held(payment_id).reference)
    if order_id is None:
        raise PaymentMissing
    order = lifecycle.lock(order_id)
    outcome = bank_transfer.settle(deposit_id, payment_id, source=source, at=at)
    return confirming.act_on(order, payment.get_held(payment_id), outcome, source=source, at=at)


def list_transfers(*, at: datetime) -> list[Transfer]:
    """Return the refunds that wait for a transfer by hand, oldest first."""
    due = [refunds.get_order(each, at=at) for each in queries.list_transfers_due()]
    numbers = _numbers(held for held, _ in due)
    return [
        Transfer(
            refund_id=refund.id,
            order_number=numbers.get(held.reference, held.reference),
            depositor=held.depositor or "",
            amount=refund.amount,
            reason=refund.reason,
        )
        for held, refund in due
    ]


def record_transfer(*, refund_id: int, transfer_ref: str, at: datetime) -> RefundState:
    """
    Record that a refund was transferred, in the payment and in the book.

    :raises TransferNameMissing, RefundMissing: also when a provider makes the refund itself
    """
    named = transfer_ref.strip()[:100]
    if not named:
        raise TransferNameMissing
    held, order = refunds.get_order(refund_id, at=at)
    if held.provider is ProviderCode.STRIPE:
        raise RefundMissing
    answer = ProviderRefund(named, RefundState.SUCCEEDED, order.amount)
    return refunding.record(refund_id, answer, at=at)


def _numbers(payments: Iterable[HeldPayment]) -> dict[str, str]:
    """Return the order numbers behind the references of payments."""
    ids = {references.find_order_id(held.reference) for held in payments} - {None}
    if not ids:
        return {}
    rows = db.session.execute(select(Order.id, Order.number).where(Order.id.in_(ids)))
    return {references.of_order(row.id): row.number for row in rows}
