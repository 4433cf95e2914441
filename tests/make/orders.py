"""Order sheets, placed orders and paid orders, the way buyers make them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

from marketplace.accounts.models import Person
from marketplace.catalog.models import Variant
from marketplace.checkout import canceling, confirming, placing
from marketplace.checkout import cart as carts
from marketplace.checkout.confirming import Confirmation
from marketplace.checkout.order_form import OrderForm
from marketplace.checkout.placing import PlacedOrder
from marketplace.coupons.models import Coupon
from marketplace.orders import queries as orders
from marketplace.payments import local, payment
from marketplace.payments.models import PaymentState
from marketplace.payments.port import ProviderPayment
from tests.make.carts import cart
from tests.make.common import NOW, numbers, writing
from tests.make.people import person

GUEST_PASSWORD = "blue-river-77"  # noqa: S105


def attempt_key() -> str:
    """Return a key as the order sheet carries it."""
    return uuid4().hex


def order_form(seen_total: int, **changes: object) -> OrderForm:
    """Return a filled order sheet."""
    form = OrderForm(
        buyer_name="김주민",
        buyer_phone="010-1234-5678",
        buyer_email="buyer@example.com",
        recipient_name="이받음",
        recipient_phone="010-8765-4321",
        zip_code="05000",
        road_address="서울특별시 광진구 자양로 117",
        address_detail="101호",
        delivery_memo="문 앞에 놓아 주세요",
        provider="stripe",
        guest_password=GUEST_PASSWORD,
        agrees=True,
        seen_total=seen_total,
    )
    return replace(form, **changes)  # type: ignore[arg-type]


def placed_order(
    items: Mapping[Variant, int],
    *,
    by: Person | None = None,
    coupons: Sequence[Coupon] = (),
    is_guest: bool = False,
    at: datetime = NOW,
    **changes: object,
) -> PlacedOrder:
    """Fill a cart and place its order."""
    if is_guest:
        owner = carts.Owner(token_hash=f"guest-{next(numbers)}")
        cart(items, token_hash=owner.token_hash)
    else:
        buyer = by or person()
        owner = carts.Owner(person_id=buyer.id)
        cart(items, of=buyer, coupons=coupons)
    with writing():
        zip_code = str(changes.get("zip_code", "05000"))
        total = carts.view_for_order(owner=owner, zip_code=zip_code, at=at).priced.pay_total
        return placing.place_order(
            owner=owner, attempt_key=attempt_key(), form=order_form(total, **changes), at=at
        )


def report_of(placed: PlacedOrder, state: PaymentState = PaymentState.PAID) -> ProviderPayment:
    """Return what a provider would report of an order's payment."""
    held = payment.get_held(placed.payment_id)
    captured = held.amount if state in (PaymentState.PAID, PaymentState.REFUNDED) else None
    return local.report(held, state, captured=captured)


def pay(placed: PlacedOrder, *, at: datetime = NOW, source: str = "webhook") -> Confirmation:
    """Let the provider report an order's payment as paid."""
    with writing():
        return confirming.confirm_payment(
            payment_id=placed.payment_id, snapshot=report_of(placed), source=source, at=at
        )


def paid_order(
    items: Mapping[Variant, int],
    *,
    by: Person | None = None,
    coupons: Sequence[Coupon] = (),
    is_guest: bool = False,
    at: datetime = NOW,
    **changes: object,
) -> PlacedOrder:
    """Place an order and pay it."""
    placed = placed_order(items, by=by, coupons=coupons, is_guest=is_guest, at=at, **changes)
    if not placed.is_confirmed:
        pay(placed, at=at)
    return placed


def cancel(placed: PlacedOrder, *, pieces: int = 1, at: datetime = NOW) -> None:
    """Let the buyer cancel pieces of an order's only line."""
    (line,) = orders.get(placed.order_id).lines
    with writing():
        canceling.cancel_lines(
            order_id=placed.order_id,
            attempt_key=attempt_key(),
            quantities={line.id: pieces},
            reason="단순 변심",
            actor="guest",
            at=at,
        )
