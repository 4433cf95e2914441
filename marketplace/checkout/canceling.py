"""A buyer cancels pieces of an order: the refund is shown first, then made, exactly as shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from marketplace.catalog import stock
from marketplace.checkout import accounts, cancel_shipping, expiring, references, refunding
from marketplace.core import outbox
from marketplace.core.db import db
from marketplace.core.errors import Conflict
from marketplace.core.money import Won
from marketplace.coupons import reversal
from marketplace.coupons.models import Campaign, Coupon, Redemption
from marketplace.ledger import posting
from marketplace.ledger.posting import AccountRef, Leg, credit, debit
from marketplace.orders import canceling as cases
from marketplace.orders import lifecycle
from marketplace.orders.canceling import LineBack, NothingChosen, ShippingBack, Standing
from marketplace.orders.models import ClaimCase
from marketplace.payments import invoice, payment
from marketplace.payments.models import PaymentState, ProviderCode
from marketplace.payments.port import HeldPayment


class NotPaidYet(Conflict):
    """There is nothing to give back yet."""

    message = "아직 결제되지 않은 주문입니다. 주문 전체를 취소할 수 있습니다."


class AlreadyPaid(Conflict):
    """The order was paid meanwhile."""

    message = "이미 결제된 주문입니다. 취소할 상품을 골라 취소해 주세요."


class AlreadyEnded(Conflict):
    """The order ended before."""

    message = "이미 끝난 주문입니다."


@dataclass(frozen=True, kw_only=True)
class Cancellation:
    """What a cancel brings back; amounts in won."""

    lines: tuple[LineBack, ...]
    shipping: tuple[ShippingBack, ...]
    # Names of campaigns whose coupons can be used again afterwards.
    restored_coupons: tuple[str, ...]

    @property
    def goods_refund(self) -> Won:
        """Return the money for the goods."""
        return Won(sum(back.cash for back in self.lines))

    @property
    def shipping_refund(self) -> Won:
        """Return the money for shipping; negative when shipping falls due after all."""
        return Won(sum(back.cash for back in self.shipping))

    @property
    def shipping_due(self) -> Won:
        """Return the shipping that falls due because too little is left for free shipping."""
        return Won(-sum(back.cash for back in self.shipping if back.cash < 0))

    @property
    def cash_refund(self) -> Won:
        """Return the money that goes back in all."""
        return Won(self.goods_refund + self.shipping_refund)

    @property
    def coupon_return(self) -> Won:
        """Return what goes back to coupons and their funders."""
        return Won(
            sum(back.coupon for back in self.lines) + sum(back.coupon for back in self.shipping)
        )


@dataclass(frozen=True, kw_only=True)
class CanceledCase:
    """A cancel case, made now or by the same press of the button before."""

    claim_case_id: int
    cash_refund: Won
    shipping_refund: Won
    coupon_return: Won
    is_new: bool


def preview(*, order_id: int, quantities: Mapping[int, int]) -> Cancellation:
    """
    Return what cancelling these pieces (line → how many) would bring back; nothing changes.

    :raises NothingChosen, LineUnknown, TooLate, TooManyCanceled:
    """
    return _compute(cases.load(order_id, lock=False), quantities)[0]


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
    order = lifecycle.lock(order_id)
    known = cases.find_case(order_id=order_id, attempt_key=attempt_key)
    if known is not None:
        return _known_case(known)
    if order.paid_at is None:
        raise AlreadyEnded if order.closed_at is not None else NotPaidYet
    cut, emptied = _compute(cases.load(order_id, lock=True), quantities)
    case_id = cases.record(
        order_id=order_id,
        attempt_key=attempt_key,
        lines=cut.lines,
        shipping=cut.shipping,
        reason=reason,
        actor=actor,
        at=at,
        ip=ip,
    )
    owed_by = _give_money_back(order_id, case_id, cut.cash_refund, reason=reason, at=at)
    stock.give_back(
        reference=references.of_order(order_id),
        quantities={back.variant_id: back.quantity for back in cut.lines},
    )
    _give_coupons_back(case_id, cut, emptied, actor=actor, at=at)
    _post_cancel(case_id, cut, owed_by, at=at)
    outbox.enqueue(
        "notifications.deliver",
        {"kind": "order_canceled", "claim_case_id": case_id},
        key=f"order_canceled:{case_id}",
    )
    return CanceledCase(
        claim_case_id=case_id,
        cash_refund=cut.goods_refund,
        shipping_refund=cut.shipping_refund,
        coupon_return=cut.coupon_return,
        is_new=True,
    )


def _give_coupons_back(
    case_id: int, cut: Cancellation, emptied: set[int], *, actor: str, at: datetime
) -> None:
    returned = cases.by_redemption((*cut.lines, *cut.shipping))
    reversal.lock(returned)
    for redemption_id, shares in returned.items():
        reversal.reverse(
            redemption_id=redemption_id,
            shares=shares,
            restore=redemption_id in emptied,
            at=at,
            reason=f"claim_case:{case_id}",
            actor_id=references.find_person_id(actor),
        )


def _known_case(case: ClaimCase) -> CanceledCase:
    return CanceledCase(
        claim_case_id=case.id,
        cash_refund=case.cash_refund,
        shipping_refund=case.shipping_refund,
        coupon_return=case.coupon_return,
        is_new=False,
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


def _compute(standing: Standing, quantities: Mapping[int, int]) -> tuple[Cancellation, set[int]]:
    chosen = {line_id: quantity for line_id, quantity in quantities.items() if quantity}
    if not chosen:
        raise NothingChosen
    lines = [standing.take_back(line_id, quantity) for line_id, quantity in sorted(chosen.items())]
    shipping = cancel_shipping.shipping_back(standing, lines)
    emptied = standing.emptied_by((*lines, *shipping))
    cancellation = Cancellation(
        lines=tuple(lines), shipping=tuple(shipping), restored_coupons=_names(emptied)
    )
    return cancellation, emptied


def _give_money_back(
    order_id: int, case_id: int, amount: Won, *, reason: str, at: datetime
) -> AccountRef:
    """Refund money, or bill a department less; return the account that owes it."""
    held = payment.find_live(references.of_order(order_id))
    if held is None or amount == 0:
        return accounts.REFUND_DUE
    if _is_open_bill(held):
        left = invoice.reduce(held.id, by=amount, source=f"claim_case:{case_id}", at=at)
        if left == 0:
            payment.close(
                held.id, state=PaymentState.CANCELED, source=f"claim_case:{case_id}", at=at
            )
        return accounts.provider(held.provider.value)
    refunding.request(
        payment_id=held.id,
        amount=amount,
        reference=f"claim_case:{case_id}",
        reason=reason or "구매자 취소",
        at=at,
    )
    return accounts.REFUND_DUE


def _is_open_bill(held: HeldPayment) -> bool:
    return held.provider is ProviderCode.INVOICE and held.state is PaymentState.AUTHORIZED


def _post_cancel(case_id: int, cut: Cancellation, owed_by: AccountRef, *, at: datetime) -> None:
    taken: Counter[int] = Counter()
    given: Counter[int] = Counter()
    backs: Iterable[LineBack | ShippingBack] = (*cut.lines, *cut.shipping)
    for back in backs:
        public = [share for share in back.shares if share.is_public]
        taken[back.enterprise_id] += back.cash + sum(share.amount for share in public)
        for share in public:
            given[share.grant_id] += share.amount
    legs: list[Leg] = [debit(accounts.held(enterprise), won) for enterprise, won in taken.items()]
    legs.append(credit(owed_by, cut.cash_refund))
    legs += [credit(accounts.grant(grant), won) for grant, won in given.items()]
    if any(leg.amount for leg in legs):
        posting.post(kind="cancel", reference=f"claim_case:{case_id}", legs=legs, at=at)


def _names(redemption_ids: set[int]) -> tuple[str, ...]:
    if not redemption_ids:
        return ()
    return tuple(
        db.session.scalars(
            select(Campaign.name)
            .join(Coupon, Coupon.campaign_id == Campaign.id)
            .join(Redemption, Redemption.coupon_id == Coupon.id)
            .where(Redemption.id.in_(redemption_ids))
            .order_by(Campaign.name)
        )
    )
