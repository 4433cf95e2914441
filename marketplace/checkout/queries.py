"""Reads for the pages around paying."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.checkout import paying, references
from marketplace.checkout.order_form import CHOICES
from marketplace.checkout.placing import LEAST_BY_CARD
from marketplace.core.money import Won
from marketplace.orders import queries as orders
from marketplace.orders.details import ClaimDetail, OrderDetail, OrderOwner, Step
from marketplace.payments import payment
from marketplace.payments import queries as payments
from marketplace.payments.models import PaymentState, ProviderCode, RefundState
from marketplace.payments.payment import PaymentMissing
from marketplace.payments.port import HeldPayment
from marketplace.payments.queries import RefundView

__all__ = [
    "OrderPage",
    "PaymentChoice",
    "PaymentPage",
    "PaymentState",
    "ProviderCode",
    "RefundState",
    "complete",
    "get_payer",
    "get_payment_page",
    "list_choices",
]


@dataclass(frozen=True)
class PaymentPage:
    """A payment and the order it is for."""

    order: OrderDetail
    payment: HeldPayment


@dataclass(frozen=True)
class OrderPage:
    """Everything about one order: its payment, refunds, claims and history."""

    order: OrderDetail
    payment: HeldPayment
    refunds: tuple[RefundView, ...]
    claims: tuple[ClaimDetail, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class PaymentChoice:
    """One way to pay on the order sheet."""

    code: ProviderCode
    label: str


def get_payer(public_id: str) -> OrderOwner:
    """
    Return whose order a payment by its name in addresses is for.

    :raises PaymentMissing, OrderNotFound:
    """
    order_id = references.find_order_id(payment.get_held_by_public_id(public_id).reference)
    if order_id is None:
        raise PaymentMissing
    return orders.get_owner(order_id)


def get_payment_page(public_id: str) -> PaymentPage:
    """
    Return a payment by its name in addresses, with its order.

    :raises PaymentMissing, OrderNotFound:
    """
    held = payment.get_held_by_public_id(public_id)
    order_id = references.find_order_id(held.reference)
    if order_id is None:
        raise PaymentMissing
    return PaymentPage(orders.get(order_id), held)


def complete(order: OrderDetail) -> OrderPage:
    """
    Return an order somebody may see, with everything around it.

    :raises PaymentMissing:
    """
    held = paying.newest_of_order(order.id)
    return OrderPage(
        order=order,
        payment=held,
        refunds=tuple(payments.list_refunds(held.id)),
        claims=tuple(orders.list_claims(order.id)),
        steps=tuple(orders.timeline(order.id)),
    )


def list_choices(*, amount: Won, takes_cards: bool, for_department: bool) -> list[PaymentChoice]:
    """
    Return the ways somebody may pay an amount; none are needed for 0 won.

    Only offers: placing the order asks again whether they order for a department.
    """
    if amount == 0:
        return []
    allowed = {ProviderCode.BANK_TRANSFER}
    if takes_cards and amount >= LEAST_BY_CARD:
        allowed.add(ProviderCode.STRIPE)
    if for_department:
        allowed.add(ProviderCode.INVOICE)
    return [PaymentChoice(code, label) for code, label in CHOICES.items() if code in allowed]
