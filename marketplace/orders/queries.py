"""Reads of orders: a page of them, one of them, its history. Three queries each at most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Row, bindparam, select, tuple_

from marketplace.accounts.secrets import verify_secret
from marketplace.catalog.models import Picture
from marketplace.core.db import db
from marketplace.core.errors import InvalidInput, NotFound
from marketplace.enterprises.models import Enterprise
from marketplace.orders import numbers, shipments, status
from marketplace.orders.details import (
    BundleDetail,
    ClaimDetail,
    LineDetail,
    OrderDetail,
    OrderOwner,
    OrderPage,
    Step,
    label_of,
)
from marketplace.orders.models import (
    Bundle,
    ClaimCase,
    ClaimLine,
    Line,
    LineHistory,
    LineStatus,
    Order,
)
from marketplace.orders.shipments import ShipmentDetail

__all__ = [
    "BundleDetail",
    "ClaimDetail",
    "LineDetail",
    "OrderDetail",
    "OrderNotFound",
    "OrderPage",
    "Step",
    "get",
    "get_for_guest",
    "get_for_person",
    "list_claims",
    "list_of_person",
    "list_unpaid_since",
    "timeline",
]

PAGE: Final = 10
_UNSENT: Final = frozenset(
    {
        LineStatus.PAYMENT_WAITING,
        LineStatus.CANCELED_UNPAID,
        LineStatus.PAID,
        LineStatus.PREPARING,
        LineStatus.CANCELED,
        LineStatus.SOLDOUT,
    }
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class OrderNotFound(NotFound):
    """No such order, or none this person may see."""

    message = "주문을 찾을 수 없습니다. 주문번호를 확인해 주세요."


class CursorBroken(InvalidInput):
    """The address of the next page was changed by hand."""

    message = "목록 주소가 올바르지 않습니다. 처음부터 다시 열어 주세요."


def list_of_person(*, person_id: int, cursor: str | None = None, limit: int = PAGE) -> OrderPage:
    """
    Return a person's orders, newest first, from a cursor on.

    :raises CursorBroken:
    """
    statement = (
        select(Order)
        .where(Order.person_id == person_id)
        .order_by(Order.ordered_at.desc(), Order.id.desc())
        .limit(limit + 1)
    )
    if cursor is not None:
        statement = statement.where(tuple_(Order.ordered_at, Order.id) < _read_cursor(cursor))
    found = db.session.scalars(statement).all()
    shown = found[:limit]
    more = len(found) > limit
    return OrderPage(
        orders=tuple(_with_lines(shown)),
        next_cursor=_write_cursor(shown[-1]) if more else None,
    )


_OWNER: Final = select(Order.id, Order.number, Order.person_id).where(
    Order.id == bindparam("order")
)


def get(order_id: int) -> OrderDetail:
    """
    Return an order by its id, for the shop's own work.

    :raises OrderNotFound:
    """
    return _one(db.session.get(Order, order_id, populate_existing=True))


def get_owner(order_id: int) -> OrderOwner:
    """
    Return whose an order is.

    :raises OrderNotFound:
    """
    row = db.session.execute(_OWNER, {"order": order_id}).one_or_none()
    if row is None:
        raise OrderNotFound
    return OrderOwner(*row)


def get_for_person(*, number: str, person_id: int) -> OrderDetail:
    """
    Return an order of a person.

    :raises OrderNotFound: also when it is somebody else's.
    """
    return _one(
        db.session.scalars(
            select(Order).where(Order.number == numbers.tidy(number), Order.person_id == person_id)
        ).one_or_none()
    )


def get_for_guest(*, number: str, password: str) -> OrderDetail:
    """
    Return a guest's order to whoever knows its number and look-up password.

    A wrong number takes as long as a wrong password and is told the same.

    :raises OrderNotFound:
    """
    order = db.session.scalars(
        select(Order).where(Order.number == numbers.tidy(number), Order.person_id.is_(None))
    ).one_or_none()
    if not verify_secret(password, order.guest_password_hash if order else None):
        raise OrderNotFound
    return _one(order)


def has_bought(person_id: int) -> bool:
    """Say whether somebody paid for goods that were not all given back."""
    kept = (
        select(Line.id)
        .join(Order, Order.id == Line.order_id)
        .where(
            Order.person_id == person_id,
            Order.paid_at.is_not(None),
            Line.status.not_in([LineStatus.CANCELED, LineStatus.RETURNED]),
        )
    )
    return bool(db.session.scalar(select(kept.exists())))


def timeline(order_id: int) -> list[Step]:
    """Return what happened to an order's lines, oldest first."""
    rows = db.session.execute(
        select(LineHistory)
        .join(Line, Line.id == LineHistory.line_id)
        .where(Line.order_id == order_id)
        .order_by(LineHistory.at, LineHistory.id)
    ).scalars()
    return [
        Step(
            row.line_id,
            status.LABELS[LineStatus(row.to_status)],
            row.actor,
            row.note,
            row.at,
            is_note=row.from_status == row.to_status,
        )
        for row in rows
    ]


def list_claims(order_id: int) -> list[ClaimDetail]:
    """Return the claim cases of an order, oldest first."""
    rows = db.session.execute(
        select(ClaimCase, ClaimLine)
        .outerjoin(ClaimLine, ClaimLine.claim_case_id == ClaimCase.id)
        .where(ClaimCase.order_id == order_id)
        .order_by(ClaimCase.id, ClaimLine.line_id)
    )
    claims: dict[int, ClaimDetail] = {}
    for case, line in rows:
        if case.id not in claims:
            claims[case.id] = _claim(case)
        if line is not None:
            claims[case.id].quantities[line.line_id] = line.quantity
    return list(claims.values())


def list_unpaid_since(*, at: datetime, limit: int) -> Sequence[int]:
    """Return the ids of orders whose time to pay is over, longest first."""
    return db.session.scalars(
        select(Order.id)
        .where(Order.closed_at.is_(None), Order.paid_at.is_(None), Order.expires_at <= at)
        .order_by(Order.expires_at, Order.id)
        .limit(limit)
    ).all()


def _one(order: Order | None) -> OrderDetail:
    if order is None:
        raise OrderNotFound
    return _with_lines([order])[0]


def _with_lines(orders: Sequence[Order]) -> list[OrderDetail]:
    """Read the lines of all these orders at once."""
    picture = (
        select(Picture.storage_key, Picture.alt)
        .where(Picture.product_id == Line.product_id)
        .order_by(Picture.position, Picture.id)
        .limit(1)
        .correlate(Line)
        .lateral("picture")
    )
    rows = db.session.execute(
        select(Line, Bundle, Enterprise, picture.c.storage_key, picture.c.alt)
        .join(Bundle, Bundle.id == Line.bundle_id)
        .join(Enterprise, Enterprise.id == Bundle.enterprise_id)
        .outerjoin(picture, picture.c.storage_key.is_not(None))
        .where(Line.order_id.in_([order.id for order in orders]))
        .order_by(Line.order_id, Bundle.position, Line.position)
        .execution_options(populate_existing=True)
    ).all()
    # Most orders of the shop's own work have sent nothing yet.
    gone = {bundle.id for line, bundle, *_ in rows if line.status not in _UNSENT}
    sent = shipments.of_bundles(gone) if gone else {}
    return [
        _detail(order, [row for row in rows if row[0].order_id == order.id], sent)
        for order in orders
    ]


def _detail(
    order: Order,
    rows: Sequence[Row[Line, Bundle, Enterprise, str | None, str | None]],
    sent: Mapping[int, tuple[ShipmentDetail, ...]],
) -> OrderDetail:
    bundles = {row[1].id: (row[1], row[2]) for row in rows}
    return OrderDetail(
        id=order.id,
        number=order.number,
        person_id=order.person_id,
        channel=order.channel,
        provider=order.provider,
        buyer_name=order.buyer_name,
        buyer_phone=order.buyer_phone,
        buyer_email=order.buyer_email,
        recipient_name=order.recipient_name,
        recipient_phone=order.recipient_phone,
        zip_code=order.zip_code,
        road_address=order.road_address,
        address_detail=order.address_detail,
        delivery_memo=order.delivery_memo,
        gross_total=order.gross_total,
        shipping_total=order.shipping_total,
        coupon_total=order.coupon_total,
        pay_total=order.pay_total,
        ordered_at=order.ordered_at,
        expires_at=order.expires_at,
        paid_at=order.paid_at,
        closed_at=order.closed_at,
        bundles=tuple(
            _bundle(
                bundle,
                enterprise,
                tuple(
                    _line(line, order.provider, key, alt)
                    for line, its, _, key, alt in rows
                    if its.id == bundle.id
                ),
                sent.get(bundle.id, ()),
            )
            for bundle, enterprise in bundles.values()
        ),
    )


def _bundle(
    bundle: Bundle,
    enterprise: Enterprise,
    lines: tuple[LineDetail, ...],
    sent: tuple[ShipmentDetail, ...],
) -> BundleDetail:
    return BundleDetail(
        id=bundle.id,
        enterprise_id=enterprise.id,
        enterprise_name=enterprise.name,
        enterprise_slug=enterprise.slug,
        enterprise_phone=enterprise.phone,
        shipping_policy_id=bundle.shipping_policy_id,
        shipping_fee=bundle.shipping_fee,
        surcharge=bundle.surcharge,
        shipping_discount=bundle.shipping_discount,
        shipping_refunded=bundle.shipping_refunded,
        ship_by=bundle.ship_by,
        delayed_until=bundle.delayed_until,
        delay_reason=bundle.delay_reason,
        shipments=sent,
        lines=lines,
    )


def _line(line: Line, provider: str, key: str | None, alt: str | None) -> LineDetail:
    return LineDetail(
        id=line.id,
        product_id=line.product_id,
        variant_id=line.variant_id,
        product_name=line.product_name,
        option_label=line.option_label,
        designation_kinds=tuple(line.designation_kinds),
        picture_key=key,
        picture_alt=alt or line.product_name,
        unit_price=line.unit_price,
        quantity=line.quantity,
        canceled_quantity=line.canceled_quantity,
        gross=line.gross,
        coupon_amount=line.coupon_amount,
        enterprise_funded=line.enterprise_funded,
        refunded_amount=line.refunded_amount,
        tax_kind=line.tax_kind,
        commission_bps=line.commission_bps,
        status=line.status,
        label=label_of(line.status, provider),
    )


def _claim(case: ClaimCase) -> ClaimDetail:
    return ClaimDetail(
        id=case.id,
        kind=case.kind,
        status=case.status,
        reason=case.reason,
        requested_by=case.requested_by,
        cash_refund=case.cash_refund,
        shipping_refund=case.shipping_refund,
        coupon_return=case.coupon_return,
        return_fee=case.return_fee,
        has_page=case.bundle_id is not None,
        requested_at=case.requested_at,
        finished_at=case.finished_at,
        quantities={},
    )


def _write_cursor(order: Order) -> str:
    return f"{(order.ordered_at - _EPOCH) // timedelta(microseconds=1)}-{order.id}"


def _read_cursor(cursor: str) -> tuple[datetime, int]:
    moment, _, order_id = cursor.partition("-")
    if not (moment.isdecimal() and order_id.isdecimal() and cursor.isascii() and len(cursor) < 40):
        raise CursorBroken
    try:
        return _EPOCH + timedelta(microseconds=int(moment)), min(int(order_id), 2**62)
    except OverflowError:
        raise CursorBroken from None
