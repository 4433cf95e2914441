"""Place an order: one transaction over prices, stock, coupons, the order and its payment."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import exists, select

from marketplace.accounts.models import Role, RoleGrant
from marketplace.catalog import stock
from marketplace.catalog.stock import SoldOut
from marketplace.checkout import cart, confirming, drafting, references
from marketplace.checkout.cart import CartView, Owner, Problem
from marketplace.checkout.order_form import OrderForm
from marketplace.checkout.pricing import Priced
from marketplace.core import outbox
from marketplace.core.db import db
from marketplace.core.errors import Conflict, InvalidInput, NotAllowed
from marketplace.core.money import Won
from marketplace.coupons import holds
from marketplace.orders import placement
from marketplace.orders.placement import OpenedOrder
from marketplace.orders.queries import OrderNotFound
from marketplace.payments import local, payment
from marketplace.payments import queries as payments
from marketplace.payments.bank_transfer import BankTransfer
from marketplace.payments.free import Free
from marketplace.payments.invoice import Invoice
from marketplace.payments.models import PaymentState, ProviderCode
from marketplace.payments.port import HeldPayment

# How long an unpaid order keeps its stock and coupons (korea.md §1.1: 무통장 3 to 7 days).
TIME_TO_PAY: Final = {
    ProviderCode.STRIPE: timedelta(minutes=30),
    ProviderCode.BANK_TRANSFER: timedelta(days=3),
    ProviderCode.INVOICE: timedelta(days=30),
    ProviderCode.FREE: timedelta(minutes=30),
}
# Below it card companies refuse or charge more than they pay (korea.md §8.1).
LEAST_BY_CARD: Final = Won(1_000)

# Ways to pay that no server stands behind open in the same transaction.
_OPENS_AS: Final[Mapping[ProviderCode, PaymentState]] = {
    ProviderCode.BANK_TRANSFER: BankTransfer.opens_as,
    ProviderCode.INVOICE: Invoice.opens_as,
    ProviderCode.FREE: Free.opens_as,
}
_ATTEMPT_KEY: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")


class AttemptKeyWrong(InvalidInput):
    """The page's key was lost or changed."""

    message = "주문서를 다시 열어 주세요."


class NothingToOrder(Conflict):
    """No chosen goods can be ordered."""

    message = "주문할 상품이 없습니다. 장바구니를 확인해 주세요."


class AmountTooSmall(Conflict):
    """Cards take a thousand won or more."""

    message = "카드·간편결제는 {least:,}원부터 할 수 있습니다. 다른 결제 방법을 골라 주세요."


class InvoiceNotAllowed(NotAllowed):
    """Only departments are billed afterwards."""

    message = "후청구는 부서·동 담당자만 쓸 수 있습니다."


@dataclass(frozen=True)
class Change:
    """One thing that differs from what the buyer saw."""

    what: str
    before: Won | None = None
    after: Won | None = None


class PriceChanged(Conflict):
    """The order would cost something else than the page said; `changes` says why."""

    message = (
        "결제할 금액이 {seen:,}원에서 {now:,}원으로 바뀌었습니다. 확인하고 다시 주문해 주세요."
    )

    def __init__(self, *, seen: Won, now: Won, changes: Sequence[Change]) -> None:
        super().__init__(seen=seen, now=now)
        self.changes = tuple(changes)


@dataclass(frozen=True, kw_only=True)
class PlacedOrder:
    """An order and its payment; `is_new` unless the same attempt had placed it before."""

    order_id: int
    number: str
    payment: HeldPayment
    # Nothing is left to be done: 0 won, or billed later.
    is_confirmed: bool
    is_new: bool

    @property
    def provider(self) -> ProviderCode:
        """Return the way to pay."""
        return self.payment.provider

    @property
    def payment_id(self) -> int:
        """Return the payment's id."""
        return self.payment.id

    @property
    def payment_public_id(self) -> str:
        """Return the payment's name in addresses."""
        return self.payment.public_id

    @property
    def pay_total(self) -> Won:
        """Return what there is to pay in money."""
        return self.payment.amount


def place_order(
    *, owner: Owner, attempt_key: str, form: OrderForm, at: datetime, ip: str | None = None
) -> PlacedOrder:
    """
    Order what is chosen in the cart. The same attempt sent again gives the same order.

    :raises AttemptKeyWrong, FormWrong, NothingToOrder, PriceChanged, SoldOut, AmountTooSmall:
    :raises InvoiceNotAllowed, CouponRefused, OrderNotFound:
    """
    if not _ATTEMPT_KEY.fullmatch(attempt_key):
        raise AttemptKeyWrong
    known = find_placed(owner=owner, attempt_key=attempt_key)
    if known is not None:
        return known
    sheet = form.checked(is_guest=owner.person_id is None)
    basket = cart.view_for_order(owner=owner, zip_code=sheet.zip_code, at=at)
    try:
        _refuse_surprises(basket, sheet.amount_seen)
    except Conflict:
        # The same attempt may have been faster meanwhile and taken these very goods and coupons.
        known = find_placed(owner=owner, attempt_key=attempt_key)
        if known is None:
            raise
        return known
    provider = _choose_provider(sheet, basket.priced.pay_total, owner)
    expires_at = at + TIME_TO_PAY[provider]

    opened = placement.open_order(
        drafting.draft_order(
            owner=owner,
            attempt_key=attempt_key,
            sheet=sheet,
            priced=basket.priced,
            provider=provider,
            expires_at=expires_at,
        ),
        at=at,
    )
    if not opened.is_new:
        return _placed_before(opened, owner)
    _fill(opened.id, owner, basket, expires_at=expires_at, at=at, ip=ip)
    held = payment.open_payment(
        reference=references.of_order(opened.id),
        amount=basket.priced.pay_total,
        provider=provider,
        at=at,
        expires_at=expires_at,
        depositor=(sheet.depositor or sheet.buyer_name)
        if provider is ProviderCode.BANK_TRANSFER
        else None,
    )
    is_confirmed = _open_at_once(held, opened.id, at=at)
    if held.provider is ProviderCode.BANK_TRANSFER:
        # Their money takes days: the goods are ordered, not still to be ordered.
        cart.clear_ordered(
            order_id=opened.id,
            person_id=owner.person_id,
            variant_ids=[line.buyable.variant_id for line in basket.orderable],
        )
    return _placed(opened, held, is_confirmed=is_confirmed)


def find_placed(*, owner: Owner, attempt_key: str) -> PlacedOrder | None:
    """
    Return what the same attempt ordered before, or None.

    :raises OrderNotFound: somebody else did
    """
    if not _ATTEMPT_KEY.fullmatch(attempt_key):
        return None
    known = placement.find_by_attempt(attempt_key)
    return None if known is None else _placed_before(known, owner)


def _fill(
    order_id: int,
    owner: Owner,
    basket: CartView,
    *,
    expires_at: datetime,
    at: datetime,
    ip: str | None,
) -> None:
    reference = references.of_order(order_id)
    # Before the stock, as adding to a cart locks them: first the cart, then the variant.
    if basket.cart_id is not None:
        cart.note_placed(cart_id=basket.cart_id, order_id=order_id)
    # Before the lines: their foreign keys would share the lock that reserving needs alone.
    stock.reserve(
        reference=reference,
        quantities={line.buyable.variant_id: line.quantity for line in basket.orderable},
        expires_at=expires_at,
        at=at,
    )
    redemptions = _hold_coupons(basket.priced, reference, expires_at=expires_at, at=at)
    placement.write_order(
        order_id=order_id,
        bundles=drafting.draft_bundles(basket.priced, redemptions),
        actor=owner.actor,
        at=at,
        ip=ip,
    )


def _placed_before(opened: OpenedOrder, owner: Owner) -> PlacedOrder:
    if opened.person_id != owner.person_id:
        raise OrderNotFound
    # The newest: a refused one may have been replaced.
    held = payments.list_payments(references.of_order(opened.id))[-1]
    is_confirmed = held.state not in (
        PaymentState.CREATED,
        PaymentState.PENDING,
        PaymentState.AWAITING_DEPOSIT,
    )
    return _placed(opened, held, is_confirmed=is_confirmed)


def _placed(opened: OpenedOrder, held: HeldPayment, *, is_confirmed: bool) -> PlacedOrder:
    return PlacedOrder(
        order_id=opened.id,
        number=opened.number,
        payment=held,
        is_confirmed=is_confirmed,
        is_new=opened.is_new,
    )


def _refuse_surprises(basket: CartView, seen: Won) -> None:
    short = [
        line
        for line in basket.lines
        if line.is_chosen and line.problem in (Problem.SOLD_OUT, Problem.TOO_FEW)
    ]
    # Sold-out goods the page had already left out of the total surprise nobody.
    if basket.blocking or (short and basket.priced.pay_total != seen):
        raise SoldOut(
            names=", ".join(sorted({line.buyable.product_name for line in short})),
            variant_ids=[line.buyable.variant_id for line in short],
        )
    if not basket.orderable:
        raise NothingToOrder
    if basket.priced.pay_total != seen:
        raise PriceChanged(seen=seen, now=basket.priced.pay_total, changes=_changes(basket))


def _changes(basket: CartView) -> list[Change]:
    prices = [
        Change(line.buyable.product_name, line.price_seen, line.buyable.unit_price)
        for line in basket.orderable
        if line.has_new_price
    ]
    gone = [
        Change(f"{line.buyable.product_name}: {line.problem_text}")
        for line in basket.lines
        if line.is_chosen and line.problem is Problem.GONE
    ]
    refused = [Change(f"쿠폰: {refusal.text}") for refusal in basket.priced.refused]
    return prices + gone + refused


def _choose_provider(sheet: OrderForm, amount: Won, owner: Owner) -> ProviderCode:
    if amount == 0:
        return ProviderCode.FREE
    provider = ProviderCode(sheet.provider)
    if provider is ProviderCode.STRIPE and amount < LEAST_BY_CARD:
        raise AmountTooSmall(least=LEAST_BY_CARD)
    if provider is ProviderCode.INVOICE and not is_department_buyer(owner):
        raise InvoiceNotAllowed
    return provider


def is_department_buyer(owner: Owner) -> bool:
    """Say whether somebody orders for a department and may be billed afterwards."""
    return owner.person_id is not None and bool(
        db.session.scalar(
            select(
                exists().where(
                    RoleGrant.person_id == owner.person_id,
                    RoleGrant.role == Role.DEPARTMENT_BUYER,
                    RoleGrant.revoked_at.is_(None),
                )
            )
        )
    )


def _hold_coupons(
    priced: Priced, reference: str, *, expires_at: datetime, at: datetime
) -> dict[int, int]:
    """Hold every coupon that gives something, in order of id; return coupon → redemption."""
    if len(priced.applied) > 1:
        # All before the first hold: its count of uses waits for others of the same person.
        holds.lock([applied.coupon.coupon_id for applied in priced.applied])
    return {
        applied.coupon.coupon_id: holds.hold(
            coupon_id=applied.coupon.coupon_id,
            person_id=applied.coupon.person_id,
            reference=reference,
            amount=applied.amount,
            shares=applied.shares,
            expires_at=expires_at,
            at=at,
        )
        for applied in sorted(priced.applied, key=lambda applied: applied.coupon.coupon_id)
    }


def _open_at_once(held: HeldPayment, order_id: int, *, at: datetime) -> bool:
    opens_as = _OPENS_AS.get(held.provider)
    if opens_as is None:
        return False
    confirmation = confirming.confirm_payment(
        payment_id=held.id, snapshot=local.report(held, opens_as), source="placed", at=at
    )
    if held.provider is ProviderCode.BANK_TRANSFER:
        outbox.enqueue(
            "notifications.deliver",
            {"kind": "deposit_awaited", "order_id": order_id},
            key=f"deposit_awaited:{order_id}",
        )
    return confirmation.is_confirmed
