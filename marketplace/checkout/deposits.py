"""Deposits on the bank statement pay orders; refunds made by hand are recorded here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

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
from marketplace.payments.port import ProviderRefund
from marketplace.payments.refunds import RefundMissing

PAGE: Final = 50


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


@dataclass(frozen=True, kw_only=True)
class WaitingPage:
    """Some of the deposits nobody has matched."""

    deposits: tuple[WaitingDeposit, ...]
    total: int
    # How many fit an order by name and amount, on this page or not.
    proposed: int
    # The deposit the next page starts behind, None on the last one.
    next_after: int | None


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """One refund somebody must transfer by hand."""

    refund_id: int
    order_number: str
    depositor: str
    amount: Won
    reason: str


@dataclass(frozen=True, kw_only=True)
class TransferPage:
    """Some of the refunds that wait for a transfer by hand."""

    transfers: tuple[Transfer, ...]
    total: int
    # The refund the next page starts behind, None on the last one.
    next_after: int | None


def list_waiting(*, after: int | None = None, limit: int = PAGE) -> WaitingPage:
    """Return deposits nobody has matched, oldest first, in a fixed number of queries."""
    proposed = {each.deposit_id: each.payment_id for each in bank_transfer.propose_matches()}
    found = bank_transfer.list_unmatched(after=after, limit=limit + 1, proposed=proposed)
    shown = found[:limit]
    numbers = _numbers(held.reference for deposit in shown for held in deposit.candidates)
    return WaitingPage(
        deposits=tuple(
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
                        proposed.get(deposit.deposit_id) == held.id,
                    )
                    for held in deposit.candidates
                ),
            )
            for deposit in shown
        ),
        total=bank_transfer.count_unmatched(),
        proposed=len(proposed),
        next_after=shown[-1].deposit_id if len(found) > limit else None,
    )


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


def list_transfers(*, after: int | None = None, limit: int = PAGE) -> TransferPage:
    """Return refunds that wait for a transfer by hand, oldest first, in three queries."""
    found = queries.list_transfers_due(after=after, limit=limit + 1)
    shown = found[:limit]
    numbers = _numbers(due.payment_reference for due in shown)
    return TransferPage(
        transfers=tuple(
            Transfer(
                refund_id=due.refund_id,
                order_number=numbers.get(due.payment_reference, due.payment_reference),
                depositor=due.depositor,
                amount=due.amount,
                reason=due.reason,
            )
            for due in shown
        ),
        total=queries.count_transfers_due(),
        next_after=shown[-1].refund_id if len(found) > limit else None,
    )


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


def _numbers(payment_references: Iterable[str]) -> dict[str, str]:
    """Return the order numbers behind the references of payments."""
    ids = {references.find_order_id(reference) for reference in payment_references} - {None}
    if not ids:
        return {}
    rows = db.session.execute(select(Order.id, Order.number).where(Order.id.in_(ids)))
    return {references.of_order(row.id): row.number for row in rows}
