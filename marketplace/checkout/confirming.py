"""The one idempotent end of webhook, return page and poller: what a provider reports, acted on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import select

from marketplace.catalog import stock
from marketplace.checkout import accounts, cart, references, refunding
from marketplace.core import outbox
from marketplace.core.db import db
from marketplace.coupons import holds, redemption
from marketplace.coupons.models import RedemptionShare
from marketplace.coupons.refusals import CouponNotFound, CouponRefused
from marketplace.ledger import posting
from marketplace.ledger.posting import credit, debit
from marketplace.orders import delays, lifecycle, proceeds, queries
from marketplace.orders.lifecycle import LockedOrder
from marketplace.payments import payment
from marketplace.payments.models import PaymentState
from marketplace.payments.payment import Outcome, PaymentMissing
from marketplace.payments.port import HeldPayment, ProviderPayment

_A_MOMENT: Final = timedelta(minutes=1)


class Result(StrEnum):
    """What became of the order."""

    # Paid or promised, now or before.
    CONFIRMED = "confirmed"
    WAITING = "waiting"
    REFUSED = "refused"
    ENDED = "ended"
    # The money came after the order had ended and its goods were gone.
    REFUNDED_LATE = "refunded_late"
    # Another payment of the order had come first.
    REFUNDED_SURPLUS = "refunded_surplus"
    MISMATCH = "mismatch"


@dataclass(frozen=True)
class Confirmation:
    """What a report changed; `is_fresh` when this very call confirmed the order."""

    order_id: int
    number: str
    result: Result
    is_fresh: bool = False

    @property
    def is_confirmed(self) -> bool:
        """Say whether the order goes ahead."""
        return self.result is Result.CONFIRMED


def confirm_payment(
    *, payment_id: int, snapshot: ProviderPayment, source: str, at: datetime
) -> Confirmation:
    """
    Take in what a provider reports of an order's payment; calling it again changes nothing.

    Locks: order, payment, stock, coupons, grants, ledger.

    :raises PaymentMissing, OrderNotFound:
    """
    order_id = references.find_order_id(payment.get_reference(payment_id))
    if order_id is None:
        raise PaymentMissing
    order = lifecycle.lock(order_id)
    outcome, held = payment.take_in(payment_id, snapshot, source=source, at=at)
    return act_on(order, held, outcome, source=source, at=at)


def act_on(
    order: LockedOrder, held: HeldPayment, outcome: Outcome, *, source: str, at: datetime
) -> Confirmation:
    """Let a locked order follow what its payment has just become."""
    if outcome is Outcome.SURPLUS:
        _give_back(order, held, cause="surplus", reason="중복 결제", at=at)
        return Confirmation(order.id, order.number, Result.REFUNDED_SURPLUS)
    if outcome not in (Outcome.NEWLY_PAID, Outcome.NEWLY_AUTHORIZED):
        return Confirmation(order.id, order.number, _standing(order, held, outcome))
    if order.paid_at is not None:
        # A department settles the bill of an order that went ahead long ago.
        return Confirmation(order.id, order.number, Result.CONFIRMED)
    if held.state is PaymentState.REFUNDED:
        return Confirmation(order.id, order.number, Result.ENDED)
    if order.closed_at is not None and not _revive(order, at=at):
        _give_back(order, held, cause="late", reason="결제 기한이 지난 뒤 입금", at=at)
        _tell("late_payment_refunded", order)
        return Confirmation(order.id, order.number, Result.REFUNDED_LATE)
    _complete(order, held, source=source, at=at)
    return Confirmation(order.id, order.number, Result.CONFIRMED, is_fresh=True)


def _complete(order: LockedOrder, held: HeldPayment, *, source: str, at: datetime) -> None:
    reference = references.of_order(order.id)
    stock.deduct(reference=reference)
    redemption.redeem(reference=reference, at=at)
    _ask_for_first_order_coupon(order)
    lifecycle.mark_paid(order, actor=f"payment:{source}", at=at)
    delays.promise(order_id=order.id, at=at)
    cart.clear_ordered(
        order_id=order.id, person_id=order.person_id, variant_ids=tuple(order.quantities)
    )
    _post_sale(order, held, at=at)
    _tell("order_paid", order)


def _ask_for_first_order_coupon(order: LockedOrder) -> None:
    if order.person_id is not None and not queries.has_bought(order.person_id):
        outbox.enqueue(
            "coupons.give_automatic",
            {"trigger": "first_order", "person_id": order.person_id},
            key=f"first_order_coupon:{order.person_id}",
        )


def _post_sale(order: LockedOrder, held: HeldPayment, *, at: datetime) -> None:
    shares = proceeds.of_order(order.id, has_coupons=order.coupon_total > 0)
    legs = [debit(accounts.provider(held.provider.value), order.pay_total)]
    legs += [debit(accounts.grant(grant), amount) for grant, amount in shares.by_grant.items()]
    legs += [
        credit(accounts.held(enterprise), amount)
        for enterprise, amount in shares.by_enterprise.items()
    ]
    # Goods given away for 0 won move no money.
    if any(leg.amount for leg in legs):
        posting.post(kind="paid", reference=references.of_order(order.id), legs=legs, at=at)


def _revive(order: LockedOrder, *, at: datetime) -> bool:
    """Take stock and coupons again for an order that had ended unpaid; False when one is gone."""
    reference = references.of_order(order.id)
    try:
        # Refuses before it writes anything.
        stock.reserve(
            reference=reference, quantities=order.quantities, expires_at=at + _A_MOMENT, at=at
        )
    except stock.SoldOut:
        return False
    try:
        _hold_again(order, reference, at=at)
    except (CouponRefused, CouponNotFound):
        holds.release(reference=reference, at=at)
        stock.release(reference=reference)
        return False
    return True


def _hold_again(order: LockedOrder, reference: str, *, at: datetime) -> None:
    for use in holds.lock_of(reference):
        if order.person_id is None:
            raise CouponNotFound
        shares = db.session.execute(
            select(RedemptionShare.grant_id, RedemptionShare.amount).where(
                RedemptionShare.redemption_id == use.id
            )
        )
        holds.hold(
            coupon_id=use.coupon_id,
            person_id=order.person_id,
            reference=reference,
            amount=use.amount,
            shares=dict(shares.all()),
            expires_at=at + _A_MOMENT,
            at=at,
        )


def _give_back(
    order: LockedOrder, held: HeldPayment, *, cause: str, reason: str, at: datetime
) -> None:
    """Refund a whole payment that no order is waiting for, with one key."""
    reference = f"{cause}:{held.public_id}"
    refunding.request(
        payment_id=held.id,
        amount=held.captured_amount,
        reference=reference,
        reason=f"{reason} ({order.number})",
        at=at,
    )
    posting.post(
        kind=f"paid_{cause}",
        reference=f"payment:{held.id}",
        legs=[
            debit(accounts.provider(held.provider.value), held.captured_amount),
            credit(accounts.REFUND_DUE, held.captured_amount),
        ],
        at=at,
    )


def _standing(order: LockedOrder, held: HeldPayment, outcome: Outcome) -> Result:
    if outcome is Outcome.MISMATCH:
        return Result.MISMATCH
    if order.paid_at is not None:
        return Result.CONFIRMED
    if order.closed_at is not None:
        return Result.REFUNDED_LATE if held.refunded_amount else Result.ENDED
    if outcome is Outcome.FAILED:
        return Result.REFUSED
    return Result.ENDED if outcome is Outcome.CANCELED else Result.WAITING


def _tell(kind: str, order: LockedOrder) -> None:
    outbox.enqueue(
        "notifications.deliver", {"kind": kind, "order_id": order.id}, key=f"{kind}:{order.id}"
    )
