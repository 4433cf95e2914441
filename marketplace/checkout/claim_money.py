"""What a cancel or a return brings back, and everything that moves when it does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from marketplace.catalog import stock
from marketplace.checkout import accounts, confirmation, references, refunding
from marketplace.checkout.quote_cart import NO_WON
from marketplace.core.db import db
from marketplace.core.errors import Conflict
from marketplace.core.money import Won
from marketplace.coupons import reversal
from marketplace.coupons.models import Campaign, Coupon, Redemption
from marketplace.ledger import posting
from marketplace.ledger.posting import AccountRef, Leg, credit, debit
from marketplace.orders import standing as standings
from marketplace.orders.standing import LineBack, ShippingBack
from marketplace.payments import invoice, payment
from marketplace.payments.models import PaymentState, ProviderCode
from marketplace.payments.port import HeldPayment


class RefundChanged(Conflict):
    """Something came in between: the buyer must see the new amount first."""

    message = "돌려받을 금액이 {now:,}원으로 바뀌었습니다. 확인하고 다시 눌러 주세요."


@dataclass(frozen=True, kw_only=True)
class MoneyBack:
    """What pieces of an order bring back; amounts in won."""

    lines: tuple[LineBack, ...]
    shipping: tuple[ShippingBack, ...] = ()
    # Names of campaigns whose coupons can be used again afterwards.
    restored_coupons: tuple[str, ...] = ()
    # Kept for the way back, and what of it was let go because too little goes back.
    return_fee: Won = NO_WON
    fee_waived: Won = NO_WON

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
        return Won(self.goods_refund + self.shipping_refund - self.return_fee)

    @property
    def coupon_return(self) -> Won:
        """Return what goes back to coupons and their funders."""
        return Won(
            sum(back.coupon for back in self.lines) + sum(back.coupon for back in self.shipping)
        )


@dataclass(frozen=True, kw_only=True)
class Cause:
    """Why money goes back: the case, how the book names it, and what the buyer is told."""

    order_id: int
    case_id: int
    kind: str
    reason: str
    actor: str
    at: datetime

    @property
    def reference(self) -> str:
        """Return how the case is named in payments and in the book."""
        return f"claim_case:{self.case_id}"


def settle(cause: Cause, back: MoneyBack, *, emptied: set[int], restock: Mapping[int, int]) -> None:
    """
    Move what was noted as going back: payment, stock, coupons and grants, the book.

    :raises RefundExceedsPayment:
    """
    owed_by = _give_money_back(cause, back.cash_refund)
    if restock:
        stock.give_back(reference=references.of_order(cause.order_id), quantities=restock)
    _give_coupons_back(cause, back, emptied)
    _post(cause, back, owed_by)
    # With its last goods gone, what stays of a bundle's shipping is the enterprise's.
    confirmation.post_finished_bundles(order_id=cause.order_id, at=cause.at)


def pieces_by_variant(lines: Iterable[LineBack]) -> dict[int, int]:
    """Return how many pieces of each variant come back."""
    pieces: Counter[int] = Counter()
    for line in lines:
        pieces[line.variant_id] += line.quantity
    return dict(pieces)


def names_of(redemption_ids: set[int]) -> tuple[str, ...]:
    """Return the campaigns of coupon uses."""
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


def _give_coupons_back(cause: Cause, back: MoneyBack, emptied: set[int]) -> None:
    returned = standings.by_redemption((*back.lines, *back.shipping))
    reversal.lock(returned)
    for redemption_id, shares in returned.items():
        reversal.reverse(
            redemption_id=redemption_id,
            shares=shares,
            restore=redemption_id in emptied,
            at=cause.at,
            reason=cause.reference,
            actor_id=references.find_person_id(cause.actor),
        )


def _give_money_back(cause: Cause, amount: Won) -> AccountRef:
    """Refund money, or bill a department less; return the account that owes it."""
    held = payment.find_live(references.of_order(cause.order_id))
    if held is None or amount == 0:
        return accounts.REFUND_DUE
    if _is_open_bill(held):
        left = invoice.reduce(held.id, by=amount, source=cause.reference, at=cause.at)
        if left == 0:
            payment.close(held.id, state=PaymentState.CANCELED, source=cause.reference, at=cause.at)
        return accounts.provider(held.provider.value)
    refunding.request(
        payment_id=held.id,
        amount=amount,
        reference=cause.reference,
        reason=cause.reason or "구매자 취소",
        at=cause.at,
    )
    return accounts.REFUND_DUE


def _is_open_bill(held: HeldPayment) -> bool:
    return held.provider is ProviderCode.INVOICE and held.state is PaymentState.AUTHORIZED


def _post(cause: Cause, back: MoneyBack, owed_by: AccountRef) -> None:
    legs: list[Leg] = [credit(owed_by, back.cash_refund)]
    for line in back.lines:
        source = accounts.payable if line.is_confirmed else accounts.held
        legs += _taken(source(line.enterprise_id), line)
    for shipping in back.shipping:
        is_earned = confirmation.is_posted(f"bundle:{shipping.bundle_id}")
        source = accounts.payable if is_earned else accounts.held
        legs += _taken(source(shipping.enterprise_id), shipping)
    if back.return_fee:
        # Paid for the way back, it is the enterprise's at once.
        legs.append(credit(accounts.payable(back.lines[0].enterprise_id), back.return_fee))
    sums: Counter[AccountRef] = Counter()
    for leg in legs:
        sums[leg.account] += leg.amount
    # Goods may cost no more than the shipping that falls due with them.
    if any(sums.values()):
        posting.post(kind=cause.kind, reference=cause.reference, legs=legs, at=cause.at)


def _taken(source: AccountRef, back: LineBack | ShippingBack) -> list[Leg]:
    public = [share for share in back.shares if share.is_public]
    return [
        debit(source, back.cash + sum(share.amount for share in public)),
        *(credit(accounts.grant(share.grant_id), share.amount) for share in public),
    ]
