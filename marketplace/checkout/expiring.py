"""End orders nobody paid and let go of what they kept."""

from __future__ import annotations

from datetime import datetime

from marketplace.catalog import stock
from marketplace.checkout import references
from marketplace.core import outbox
from marketplace.coupons import holds
from marketplace.orders import lifecycle
from marketplace.orders.lifecycle import LockedOrder
from marketplace.payments import payment
from marketplace.payments.models import PaymentState, ProviderCode


def expire_unpaid(*, order_id: int, at: datetime) -> bool:
    """
    End an order whose time to pay is over; False when it was paid, ended before or has time left.

    :raises OrderNotFound:
    """
    order = lifecycle.lock(order_id)
    if order.paid_at is not None or order.closed_at is not None or order.expires_at > at:
        return False
    end_unpaid(order, state=PaymentState.EXPIRED, actor="timer", note="결제 기한 지남", at=at)
    outbox.enqueue(
        "notifications.deliver",
        {"kind": "order_expired", "order_id": order.id},
        key=f"order_expired:{order.id}",
    )
    return True


def end_unpaid(
    order: LockedOrder, *, state: PaymentState, actor: str, note: str, at: datetime
) -> None:
    """
    Close an unpaid order with its payment, and free its stock and coupons.

    The provider is told afterwards; money that arrives all the same revives the order or goes
    back.
    """
    reference = references.of_order(order.id)
    held = payment.find_live(reference)
    if held is not None:
        payment.close(held.id, state=state, source=actor, at=at)
        if held.provider is ProviderCode.STRIPE:
            outbox.enqueue(
                "checkout.stop_payment", {"payment_id": held.id}, key=f"stop_payment:{held.id}"
            )
    stock.release(reference=reference)
    holds.release(reference=reference, at=at)
    lifecycle.close_unpaid(order, actor=actor, note=note, at=at)
