"""The parcels of orders that have left, by the carrier each enterprise works with."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from sqlalchemy import insert, select

from marketplace.core.db import db
from marketplace.demo.district.load_orders import WrittenOrder
from marketplace.orders.models import Line, LineStatus
from marketplace.orders.shipment_models import Shipment, ShipmentLine, ShipmentMethod

_SENT: Final = (LineStatus.SHIPPING, LineStatus.DELIVERED, LineStatus.CONFIRMED)
_CARRIERS: Final = ("CJGLS", "EPOST", "HANJIN", "HYUNDAI")
_DIGITS: Final = {"CJGLS": 12, "EPOST": 13, "HANJIN": 12}
# A neighbour is brought what others get by parcel.
_BY_HAND_EVERY: Final = 17


def load(written: list[WrittenOrder]) -> None:
    """Write one shipment for every bundle that has left, with the lines still in it."""
    timelines = {one.id: one.order.timeline for one in written}
    lines = db.session.scalars(
        select(Line)
        .where(Line.status.in_(_SENT), Line.order_id.in_(timelines))
        .order_by(Line.bundle_id, Line.position)
        .execution_options(populate_existing=True)
    ).all()
    by_bundle: dict[int, list[Line]] = {}
    for line in lines:
        by_bundle.setdefault(line.bundle_id, []).append(line)
    ids = db.session.scalars(
        insert(Shipment).returning(Shipment.id, sort_by_parameter_order=True),
        [
            {
                **_way(bundle_id, its_lines),
                "bundle_id": bundle_id,
                "shipped_at": timelines[its_lines[0].order_id].shipped_at,
                "delivered_at": timelines[its_lines[0].order_id].delivered_at,
            }
            for bundle_id, its_lines in by_bundle.items()
        ],
    ).all()
    db.session.execute(
        insert(ShipmentLine),
        [
            {
                "shipment_id": shipment_id,
                "line_id": line.id,
                "quantity": line.quantity - line.canceled_quantity,
            }
            for shipment_id, its_lines in zip(ids, by_bundle.values(), strict=True)
            for line in its_lines
        ],
    )


def _way(bundle_id: int, lines: Sequence[Line]) -> dict[str, object]:
    if bundle_id % _BY_HAND_EVERY == 0:
        return {"method": ShipmentMethod.DIRECT, "carrier_code": None, "waybill": None}
    carrier = _CARRIERS[lines[0].enterprise_id % len(_CARRIERS)]
    digest = int(
        hashlib.sha256(f"waybill/{lines[0].order_id}/{bundle_id}".encode()).hexdigest(), 16
    )
    if carrier in _DIGITS:
        digits = _DIGITS[carrier]
        number = f"6{digest % 10 ** (digits - 1):0{digits - 1}d}"
    else:
        head = f"2{digest % 10**10:010d}"
        number = f"{head}{int(head) % 7}"
    return {"method": ShipmentMethod.PARCEL, "carrier_code": carrier, "waybill": number}
