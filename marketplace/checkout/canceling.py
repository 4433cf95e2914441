"""Pieces of an order are cancelled at once: the refund is shown first, then made as shown."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from marketplace.checkout import cancel_shipping, claim_money, expiring
from marketplace.checkout.cancel_shipping import CANCELED_BY_BUYER, Terms
from marketplace.checkout.claim_money import Cause, MoneyBack
from marketplace.checkout.quote_cart import NO_WON
from marketplace.core import outbox
from marketplace.core.errors import Conflict, InvalidInput
from marketplace.core.money import Won
from marketplace.orders import canceling as cases
from marketplace.orders import lifecycle, reasons, standing
from marketplace.orders.models import ClaimCase, ClaimKind, Fault, LineStatus
from marketplace.orders.standing import (
    AT_ONCE,
    LineUnknown,
    NothingChosen,
    ShippingBack,
    Standing,
)
from marketplace.payments.models import PaymentState

__all__ = [
    "CanceledCase",
    "MoneyBack",
    "cancel_by_office",
    "cancel_lines",
    "cancel_sold_out",
    "cancel_unpaid",
    "preview",
]

_UNSENT: Final = frozenset({LineStatus.PAID, LineStatus.PREPARING})


class NotPaidYet(Conflict):
    """There is nothing to give back yet."""

    message = "아직 결제되지 않은 주문입니다. 주문 전체를 취소할 수 있습니다."


class AlreadyPaid(Conflict):
    """The order was paid meanwhile."""

    message = "이미 결제된 주문입니다. 취소할 상품을 골라 취소해 주세요."


class AlreadyEnded(Conflict):
    """The order ended before."""

    message = "이미 끝난 주문입니다."


class ReasonMissing(InvalidInput):
    """Who cancels for somebody else says why."""

    message = "취소하는 이유를 적어 주세요."


@dataclass(frozen=True, kw_only=True)
class CanceledCase:
    """A cancel case, made now or by the same press of the button before."""

    claim_case_id: int
    cash_refund: Won
    shipping_refund: Won
    coupon_return: Won
    is_new: bool


@dataclass(frozen=True, kw_only=True)
class _Cut:
    """One cancel: which lines, on whose account, and what they become."""

    order_id: int
    attempt_key: str
    quantities: Mapping[int, int]
    states: Collection[LineStatus] = AT_ONCE
    terms: Terms = CANCELED_BY_BUYER
    to: LineStatus = LineStatus.CANCELED
    reason_code: str = reasons.OTHER
    reason: str
    fault: Fault | None = None
    actor: str
    at: datetime
    ip: str | None


def preview(*, order_id: int, quantities: Mapping[int, int]) -> MoneyBack:
    """
    Return what cancelling these pieces (line → how many) would bring back; nothing changes.

    :raises NothingChosen, LineUnknown, TooLate, AlreadyClaimed, TooManyCanceled:
    """
    return compute(standing.load(order_id, lock=False), quantities)[0]


def cancel_lines(
    *,
    order_id: int,
    attempt_key: str,
    quantities: Mapping[int, int],
    reason: str,
    actor: str,
    at: datetime,
    ip: str | None = None,
) -> CanceledCase:
    """
    Cancel pieces of a paid order at once, which a buyer may before they are prepared.

    Locks: order, payment, stock, coupons, grants, ledger.

    :raises OrderNotFound, NotPaidYet, NothingChosen, LineUnknown, TooLate, TooManyCanceled:
    """
    return _cancel(
        _Cut(
            order_id=order_id,
            attempt_key=attempt_key,
            quantities=quantities,
            reason_code=reasons.code_of(reason, kind=ClaimKind.CANCEL),
            reason=reason,
            actor=actor,
            at=at,
            ip=ip,
        )
    )


def cancel_sold_out(
    *,
    order_id: int,
    enterprise_id: int,
    attempt_key: str,
    quantities: Mapping[int, int],
    reason: str,
    actor: str,
    at: datetime,
    ip: str | None = None,
) -> CanceledCase:
    """
    Cancel what an enterprise cannot deliver: all of it goes back, nothing goes to the shelf.

    :raises OrderNotFound, NotPaidYet, NothingChosen, LineUnknown, TooLate, TooManyCanceled:
    """
    return _cancel(
        _Cut(
            order_id=order_id,
            attempt_key=attempt_key,
            quantities=quantities,
            states=_UNSENT,
            terms=Terms(is_sent=False, is_sellers_fault=True),
            to=LineStatus.SOLDOUT,
            reason_code=reasons.SOLD_OUT,
            reason=reason.strip() or "품절",
            fault=Fault.SELLER,
            actor=actor,
            at=at,
            ip=ip,
        ),
        enterprise_id=enterprise_id,
    )


def cancel_by_office(
    *,
    order_id: int,
    attempt_key: str,
    quantities: Mapping[int, int],
    fault: Fault,
    reason: str,
    actor: str,
    at: datetime,
    ip: str | None = None,
) -> CanceledCase:
    """
    Cancel for a buyer by right of office (직권취소), until goods are sent.

    :raises ReasonMissing, OrderNotFound, NotPaidYet, NothingChosen, LineUnknown, TooLate:
    """
    if not reason.strip():
        raise ReasonMissing
    return _cancel(
        _Cut(
            order_id=order_id,
            attempt_key=attempt_key,
            quantities=quantities,
            states=_UNSENT,
            terms=Terms(is_sent=False, is_sellers_fault=fault is Fault.SELLER),
            reason_code=reasons.BY_OFFICE,
            reason=reason.strip(),
            fault=fault,
            actor=actor,
            at=at,
            ip=ip,
        )
    )


def cancel_unpaid(*, order_id: int, actor: str, at: datetime) -> None:
    """
    Cancel a whole order that is not paid yet.

    :raises OrderNotFound, AlreadyPaid:
    """
    order = lifecycle.lock(order_id)
    if order.paid_at is not None:
        raise AlreadyPaid
    if order.closed_at is None:
        expiring.end_unpaid(
            order, state=PaymentState.CANCELED, actor=actor, note="구매자 취소", at=at
        )


def compute(
    stands: Standing,
    quantities: Mapping[int, int],
    *,
    states: Collection[LineStatus] = AT_ONCE,
    terms: Terms = CANCELED_BY_BUYER,
    shipping: Sequence[ShippingBack] | None = None,
    fee: Won = NO_WON,
) -> tuple[MoneyBack, set[int]]:
    """
    Return what pieces bring back, and the coupon uses that nothing is left of afterwards.

    Shipping is computed unless it was agreed on before. A fee is never more than the money that
    goes back; the rest of it is let go.

    :raises NothingChosen, LineUnknown, TooLate, AlreadyClaimed, TooManyCanceled:
    """
    chosen = {line_id: quantity for line_id, quantity in quantities.items() if quantity}
    if not chosen:
        raise NothingChosen
    lines = [
        stands.take_back(line_id, quantity, of=states)
        for line_id, quantity in sorted(chosen.items())
    ]
    if shipping is None:
        shipping = cancel_shipping.shipping_back(stands, lines, terms)
    emptied = stands.emptied_by((*lines, *shipping))
    going = sum(back.cash for back in lines) + sum(back.cash for back in shipping)
    kept = Won(min(fee, going))
    back = MoneyBack(
        lines=tuple(lines),
        shipping=tuple(shipping),
        restored_coupons=claim_money.names_of(emptied),
        return_fee=kept,
        fee_waived=Won(fee - kept),
    )
    return back, emptied


def check_paid(order: lifecycle.LockedOrder) -> None:
    """
    Check that there is something to give back.

    :raises AlreadyEnded, NotPaidYet:
    """
    if order.paid_at is None:
        raise AlreadyEnded if order.closed_at is not None else NotPaidYet


def _cancel(cut: _Cut, *, enterprise_id: int | None = None) -> CanceledCase:
    order = lifecycle.lock(cut.order_id)
    known = cases.find_case(order_id=cut.order_id, attempt_key=cut.attempt_key)
    if known is not None:
        return _known_case(known)
    check_paid(order)
    stands = standing.load(cut.order_id, lock=True)
    if enterprise_id is not None and any(
        stands.line(line_id).enterprise_id != enterprise_id for line_id in cut.quantities
    ):
        raise LineUnknown
    back, emptied = compute(stands, cut.quantities, states=cut.states, terms=cut.terms)
    case_id = cases.record(
        order_id=cut.order_id,
        attempt_key=cut.attempt_key,
        lines=back.lines,
        shipping=back.shipping,
        reason=cut.reason,
        reason_code=cut.reason_code,
        fault=cut.fault,
        to=cut.to,
        actor=cut.actor,
        at=cut.at,
        ip=cut.ip,
    )
    claim_money.settle(
        Cause(
            order_id=cut.order_id,
            case_id=case_id,
            kind="cancel",
            reason=cut.reason,
            actor=cut.actor,
            at=cut.at,
        ),
        back,
        emptied=emptied,
        # What is sold out is not on the shelf, whatever the stock says.
        restock={} if cut.to is LineStatus.SOLDOUT else claim_money.pieces_by_variant(back.lines),
    )
    outbox.enqueue(
        "notifications.deliver",
        {"kind": "order_canceled", "claim_case_id": case_id},
        key=f"order_canceled:{case_id}",
    )
    return CanceledCase(
        claim_case_id=case_id,
        cash_refund=back.goods_refund,
        shipping_refund=back.shipping_refund,
        coupon_return=back.coupon_return,
        is_new=True,
    )


def _known_case(case: ClaimCase) -> CanceledCase:
    return CanceledCase(
        claim_case_id=case.id,
        cash_refund=case.cash_refund,
        shipping_refund=case.shipping_refund,
        coupon_return=case.coupon_return,
        is_new=False,
    )
