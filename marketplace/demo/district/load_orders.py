"""Write the orders of six months as they stand today, with stock, coupons and payments."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import insert, text

from marketplace.catalog.models import ReservationState, StockReservation
from marketplace.checkout import drafting, references
from marketplace.core.db import db
from marketplace.coupons.models import (
    CouponChannel,
    Redemption,
    RedemptionShare,
    RedemptionState,
)
from marketplace.demo.district.load_history import final_status, write_histories
from marketplace.demo.district.order_prices import PricedOrder
from marketplace.demo.district.seeds import District
from marketplace.orders import delays
from marketplace.orders.models import Bundle, Line, LineShare, LineStatus, Order
from marketplace.orders.placement import BundleDraft, LineDraft
from marketplace.payments.models import Payment, PaymentHistory, PaymentState, ProviderCode


@dataclass(frozen=True, kw_only=True)
class WrittenOrder:
    """One order with its id and the ids of its lines, in the order of its items."""

    id: int
    line_ids: tuple[int, ...]
    payment_id: int
    order: PricedOrder


def load(district: District, orders: list[PricedOrder]) -> list[WrittenOrder]:
    """Write the orders; cancellations follow in load_cancels, book entries in order_books."""
    order_ids = list(
        db.session.scalars(
            insert(Order).returning(Order.id, sort_by_parameter_order=True),
            [_order(district, order) for order in orders],
        )
    )
    redemptions = _write_redemptions(order_ids, orders)
    line_ids = _write_lines(order_ids, orders, redemptions)
    payment_ids = _write_payments(order_ids, orders)
    written = [
        WrittenOrder(id=order_id, line_ids=lines, payment_id=payment_id, order=order)
        for order_id, lines, payment_id, order in zip(
            order_ids, line_ids, payment_ids, orders, strict=True
        )
    ]
    _write_reservations(written)
    write_histories([(one.order, one.line_ids) for one in written])
    for one in written:
        if one.order.timeline.paid_at is not None:
            delays.promise(order_id=one.id, at=one.order.timeline.paid_at)
    return written


def _order(district: District, order: PricedOrder) -> dict[str, object]:
    buyer = district.residents[order.seed.buyer]
    timeline = order.timeline
    return {
        "number": order.seed.number,
        "attempt_key": _key("attempt", order),
        "person_id": order.person_id,
        "provider": order.seed.provider,
        "buyer_name": buyer.name,
        "buyer_phone": buyer.phone,
        "buyer_email": buyer.email,
        "recipient_name": buyer.name,
        "recipient_phone": buyer.phone,
        "zip_code": buyer.address.zip_code,
        "road_address": buyer.address.road_address,
        "address_detail": buyer.address.address_detail,
        "delivery_memo": order.seed.memo,
        "gross_total": order.priced.gross_total,
        "shipping_total": order.priced.shipping_total,
        "coupon_total": order.priced.coupon_total,
        "pay_total": order.priced.pay_total,
        "ordered_at": order.seed.ordered_at,
        "expires_at": timeline.expires_at,
        "paid_at": timeline.paid_at,
        "closed_at": timeline.closed_at,
    }


def _write_redemptions(order_ids: list[int], orders: list[PricedOrder]) -> dict[int, int]:
    """Write what coupons gave; return coupon → redemption."""
    uses = [
        (order_id, order, applied)
        for order_id, order in zip(order_ids, orders, strict=True)
        for applied in order.priced.applied
    ]
    ids = list(
        db.session.scalars(
            insert(Redemption).returning(Redemption.id, sort_by_parameter_order=True),
            [
                {
                    "coupon_id": applied.coupon.coupon_id,
                    "channel": CouponChannel.ONLINE,
                    "reference": references.of_order(order_id),
                    "amount": applied.amount,
                    "state": RedemptionState.REDEEMED,
                    "held_at": order.seed.ordered_at,
                    "redeemed_at": order.timeline.paid_at,
                }
                for order_id, order, applied in uses
            ],
        )
    )
    db.session.execute(
        insert(RedemptionShare),
        [
            {"redemption_id": redemption_id, "grant_id": grant_id, "amount": amount}
            for redemption_id, (_, _, applied) in zip(ids, uses, strict=True)
            for grant_id, amount in applied.shares.items()
        ],
    )
    return {
        applied.coupon.coupon_id: redemption_id
        for redemption_id, (_, _, applied) in zip(ids, uses, strict=True)
    }


def _write_lines(
    order_ids: list[int], orders: list[PricedOrder], redemptions: dict[int, int]
) -> list[tuple[int, ...]]:
    drafts = [drafting.draft_bundles(order.priced, redemptions) for order in orders]
    bundle_rows = [
        _bundle(order_id, position, bundle)
        for order_id, bundles in zip(order_ids, drafts, strict=True)
        for position, bundle in enumerate(bundles)
    ]
    bundle_ids = iter(
        db.session.scalars(
            insert(Bundle).returning(Bundle.id, sort_by_parameter_order=True), bundle_rows
        )
    )
    line_rows: list[dict[str, object]] = []
    lines: list[LineDraft] = []
    for order_id, bundles, order in zip(order_ids, drafts, orders, strict=True):
        positions = itertools.count()
        for bundle in bundles:
            bundle_id = next(bundle_ids)
            for line in bundle.lines:
                of_bundle = (order_id, bundle_id, bundle.enterprise_id)
                line_rows.append(_line(of_bundle, next(positions), line, order))
                lines.append(line)
    line_ids = list(
        db.session.scalars(insert(Line).returning(Line.id, sort_by_parameter_order=True), line_rows)
    )
    _write_shares(line_ids, lines)
    left = iter(line_ids)
    return [_by_item(order, left) for order in orders]


def _by_item(order: PricedOrder, line_ids: Iterator[int]) -> tuple[int, ...]:
    """Return line ids in the order of the items; lines were written bundle by bundle."""
    items = [item for bundle in order.priced.bundles for item in bundle.members]
    by_item = {item: next(line_ids) for item in items}
    return tuple(by_item[item] for item in sorted(by_item))


def _bundle(order_id: int, position: int, bundle: BundleDraft) -> dict[str, object]:
    return {
        "order_id": order_id,
        "enterprise_id": bundle.enterprise_id,
        "shipping_policy_id": bundle.shipping_policy_id,
        "position": position,
        "shipping_fee": bundle.shipping_fee,
        "surcharge": bundle.surcharge,
        "shipping_discount": bundle.shipping_discount,
    }


def _line(
    of_bundle: tuple[int, int, int], position: int, line: LineDraft, order: PricedOrder
) -> dict[str, object]:
    order_id, bundle_id, enterprise_id = of_bundle
    status = final_status(order.timeline)
    return {
        "order_id": order_id,
        "bundle_id": bundle_id,
        "enterprise_id": enterprise_id,
        "product_id": line.product_id,
        "variant_id": line.variant_id,
        "position": position,
        "product_name": line.product_name,
        "option_label": line.option_label,
        "designation_kinds": list(line.designation_kinds),
        "unit_price": line.unit_price,
        "quantity": line.quantity,
        "gross": line.unit_price * line.quantity,
        "coupon_amount": line.coupon_amount,
        "enterprise_funded": line.enterprise_funded,
        "tax_kind": line.tax_kind,
        "commission_bps": line.commission_bps,
        "status": status,
        "confirmed_at": order.timeline.confirmed_at if status is LineStatus.CONFIRMED else None,
    }


def _write_shares(line_ids: list[int], lines: list[LineDraft]) -> None:
    db.session.execute(
        insert(LineShare),
        [
            {
                "line_id": line_id,
                "redemption_id": share.redemption_id,
                "grant_id": share.grant_id,
                "amount": share.amount,
            }
            for line_id, line in zip(line_ids, lines, strict=True)
            for share in line.shares
        ],
    )


def _write_payments(order_ids: list[int], orders: list[PricedOrder]) -> list[int]:
    ids = list(
        db.session.scalars(
            insert(Payment).returning(Payment.id, sort_by_parameter_order=True),
            [_payment(order_id, order) for order_id, order in zip(order_ids, orders, strict=True)],
        )
    )
    db.session.execute(
        insert(PaymentHistory),
        [
            row | {"payment_id": payment_id}
            for payment_id, order in zip(ids, orders, strict=True)
            for row in _payment_steps(order)
        ],
    )
    return ids


def _payment(order_id: int, order: PricedOrder) -> dict[str, object]:
    amount = order.priced.pay_total
    is_paid = order.timeline.paid_at is not None
    by_deposit = order.seed.provider == ProviderCode.BANK_TRANSFER
    return {
        "public_id": _key("payment", order)[:22],
        "reference": references.of_order(order_id),
        "provider": ProviderCode(order.seed.provider),
        "provider_ref": f"{'dep' if by_deposit else 'pi'}_demo_{order.seed.number}",
        "state": _payment_state(order),
        "amount": amount,
        "captured_amount": amount if is_paid else 0,
        "method": order.seed.method,
        "depositor": None,
        "created_at": order.seed.ordered_at,
        "expires_at": order.timeline.expires_at,
        "paid_at": order.timeline.paid_at,
    }


def _payment_state(order: PricedOrder) -> PaymentState:
    if order.timeline.paid_at is not None:
        return PaymentState.PAID
    if order.timeline.closed_at is not None:
        return PaymentState.EXPIRED
    return PaymentState.AWAITING_DEPOSIT


def _payment_steps(order: PricedOrder) -> Iterator[dict[str, object]]:
    state = _payment_state(order)
    yield {
        "from_state": None,
        "to_state": PaymentState.CREATED,
        "source": "opened",
        "at": order.seed.ordered_at,
    }
    yield {
        "from_state": PaymentState.CREATED,
        "to_state": state,
        "source": "timer" if state is PaymentState.EXPIRED else "provider",
        "at": order.timeline.paid_at or order.timeline.closed_at or order.seed.ordered_at,
    }


def _write_reservations(written: list[WrittenOrder]) -> None:
    db.session.execute(
        insert(StockReservation),
        [
            {
                "reference": references.of_order(one.id),
                "variant_id": wanted.buyable.variant_id,
                "quantity": wanted.quantity,
                "state": _reservation_state(one.order),
                "expires_at": one.order.timeline.expires_at,
                "created_at": one.order.seed.ordered_at,
            }
            for one in written
            for wanted in one.order.priced.goods
        ],
    )
    # What today's stock says is left was left after these orders; only waiting ones still hold.
    db.session.execute(
        text(
            "UPDATE variant v SET reserved = h.quantity, on_hand = on_hand + h.quantity "
            "FROM (SELECT variant_id, sum(quantity) AS quantity FROM stock_reservation "
            "WHERE state = 'held' GROUP BY variant_id) h WHERE h.variant_id = v.id"
        )
    )


def _reservation_state(order: PricedOrder) -> ReservationState:
    if order.timeline.paid_at is not None:
        return ReservationState.DEDUCTED
    if order.timeline.closed_at is not None:
        return ReservationState.RELEASED
    return ReservationState.HELD


def _key(purpose: str, order: PricedOrder) -> str:
    return hashlib.sha256(f"{purpose}/{order.seed.number}".encode()).hexdigest()[:32]
