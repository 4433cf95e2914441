"""Tables of orders that leave: the enterprise's own list, and the sheets carriers are given."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select

from marketplace.core import masking, phone
from marketplace.core.calendar import SEOUL
from marketplace.core.db import db
from marketplace.orders import board, status
from marketplace.orders.board import Filters
from marketplace.orders.line_numbers import of_bundle, of_line
from marketplace.orders.models import Bundle, Line, LineStatus, Order
from marketplace.orders.shipment_models import Carrier, Shipment, ShipmentLine

MOST: Final = 20_000

HEADER: Final = (
    "상품주문번호",
    "주문번호",
    "주문일시",
    "결제일시",
    "상태",
    "상품명",
    "옵션",
    "수량",
    "취소 수량",
    "상품 금액(원)",
    "쿠폰(원)",
    "그중 가게 부담(원)",
    "발송 기한",
    "택배사",
    "송장번호",
    "발송일시",
    "배송완료일시",
    "구매확정일시",
    "받는 분",
)


@dataclass(frozen=True, kw_only=True)
class ReadyLine:
    """One line that waits to be sent, and where to."""

    line_number: str
    bundle_number: str
    order_number: str
    bundle_id: int
    product_name: str
    option_label: str
    quantity: int
    recipient_name: str
    recipient_phone: str
    zip_code: str
    address: str
    memo: str

    @property
    def item(self) -> str:
        """Return product and option in one."""
        return (
            f"{self.product_name} ({self.option_label})" if self.option_label else self.product_name
        )


def list_rows(enterprise_ids: Collection[int], filters: Filters) -> Iterator[list[object]]:
    """Yield the lines of the bundles filters ask for, newest first; names are masked."""
    chosen = board.matching(enterprise_ids, filters).subquery()
    sold_in = (
        select(ShipmentLine.line_id, func.min(ShipmentLine.shipment_id).label("shipment_id"))
        .join(Shipment, Shipment.id == ShipmentLine.shipment_id)
        .where(Shipment.claim_case_id.is_(None), Shipment.bundle_id.in_(select(chosen.c.id)))
        .group_by(ShipmentLine.line_id)
        .subquery()
    )
    rows = db.session.execute(
        select(Line, Order, Bundle.ship_by, Shipment, Carrier.name)
        .join(Order, Order.id == Line.order_id)
        .join(Bundle, Bundle.id == Line.bundle_id)
        # The parcel it was sold in; one sent in exchange is no second sale.
        .outerjoin(sold_in, sold_in.c.line_id == Line.id)
        .outerjoin(Shipment, Shipment.id == sold_in.c.shipment_id)
        .outerjoin(Carrier, Carrier.code == Shipment.carrier_code)
        .where(Line.bundle_id.in_(select(chosen.c.id)))
        .order_by(Line.bundle_id.desc(), Line.position)
        .limit(MOST)
        .execution_options(populate_existing=True)
    )
    for line, order, ship_by, shipment, carrier in rows:
        yield [
            of_line(order.number, line.position),
            order.number,
            _moment(order.ordered_at),
            _moment(order.paid_at),
            status.LABELS[line.status],
            line.product_name,
            line.option_label,
            line.quantity,
            line.canceled_quantity,
            line.gross,
            line.coupon_amount,
            line.enterprise_funded,
            ship_by.isoformat() if ship_by else "",
            carrier or "",
            (shipment.waybill or "") if shipment else "",
            _moment(shipment.shipped_at if shipment else None),
            _moment(shipment.delivered_at if shipment else None),
            _moment(line.confirmed_at),
            masking.name(order.recipient_name),
        ]


def count_ready(enterprise_ids: Collection[int]) -> int:
    """Return how many lines wait to be sent."""
    waiting = select(func.count()).where(
        Line.enterprise_id.in_(enterprise_ids), Line.status == LineStatus.PREPARING
    )
    return db.session.scalar(waiting) or 0


def list_ready(enterprise_ids: Collection[int]) -> list[ReadyLine]:
    """Return the lines that wait to be sent, the oldest order first."""
    rows = db.session.execute(
        select(Line, Order, Bundle.position)
        .join(Order, Order.id == Line.order_id)
        .join(Bundle, Bundle.id == Line.bundle_id)
        .where(Line.enterprise_id.in_(enterprise_ids), Line.status == LineStatus.PREPARING)
        .order_by(Line.bundle_id, Line.position)
        .limit(MOST)
        .execution_options(populate_existing=True)
    )
    return [
        ReadyLine(
            line_number=of_line(order.number, line.position),
            bundle_number=of_bundle(order.number, place),
            order_number=order.number,
            bundle_id=line.bundle_id,
            product_name=line.product_name,
            option_label=line.option_label,
            quantity=line.quantity - line.canceled_quantity,
            recipient_name=order.recipient_name,
            recipient_phone=phone.dashed(order.recipient_phone),
            zip_code=order.zip_code,
            address=f"{order.road_address} {order.address_detail}".strip(),
            memo=order.delivery_memo,
        )
        for line, order, place in rows
    ]


def _moment(at: datetime | None) -> str:
    return at.astimezone(SEOUL).strftime("%Y-%m-%d %H:%M") if at else ""
