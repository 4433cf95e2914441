"""What travels to buyers: shipments with their lines, as readers meet them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select

from marketplace.core.db import db
from marketplace.orders.carriers import link_of
from marketplace.orders.shipment_models import Carrier, Shipment, ShipmentLine, ShipmentMethod

__all__ = ["METHOD_NAMES", "ShipmentDetail", "ShipmentMethod", "of_bundles"]

METHOD_NAMES: Final = {
    ShipmentMethod.PARCEL: "택배",
    ShipmentMethod.DIRECT: "직접 배송",
    ShipmentMethod.PICKUP: "방문 수령",
}


@dataclass(frozen=True, kw_only=True)
class ShipmentDetail:
    """What left an enterprise at once."""

    id: int
    bundle_id: int
    claim_case_id: int | None
    method: ShipmentMethod
    carrier_code: str | None
    carrier_name: str | None
    waybill: str | None
    url: str | None
    shipped_at: datetime
    delivered_at: datetime | None
    last_event: str | None
    # Line id → pieces.
    quantities: dict[int, int]

    @property
    def method_name(self) -> str:
        """Return how it travels, in words."""
        return METHOD_NAMES[self.method]


def of_bundles(bundle_ids: Collection[int]) -> dict[int, tuple[ShipmentDetail, ...]]:
    """Return the shipments of bundles, oldest first, in one query."""
    rows = db.session.execute(
        select(Shipment, Carrier.name, Carrier.url_template, ShipmentLine)
        .outerjoin(Carrier, Carrier.code == Shipment.carrier_code)
        .outerjoin(ShipmentLine, ShipmentLine.shipment_id == Shipment.id)
        .where(Shipment.bundle_id.in_(bundle_ids))
        .order_by(Shipment.id, ShipmentLine.line_id)
        .execution_options(populate_existing=True)
    )
    found: dict[int, ShipmentDetail] = {}
    for shipment, carrier, template, line in rows:
        if shipment.id not in found:
            found[shipment.id] = _detail(shipment, carrier, template)
        if line is not None:
            found[shipment.id].quantities[line.line_id] = line.quantity
    by_bundle: dict[int, list[ShipmentDetail]] = {}
    for sent in found.values():
        by_bundle.setdefault(sent.bundle_id, []).append(sent)
    return {bundle_id: tuple(several) for bundle_id, several in by_bundle.items()}


def _detail(shipment: Shipment, carrier: str | None, template: str | None) -> ShipmentDetail:
    return ShipmentDetail(
        id=shipment.id,
        bundle_id=shipment.bundle_id,
        claim_case_id=shipment.claim_case_id,
        method=shipment.method,
        carrier_code=shipment.carrier_code,
        carrier_name=carrier,
        waybill=shipment.waybill,
        url=link_of(template, shipment.waybill),
        shipped_at=shipment.shipped_at,
        delivered_at=shipment.delivered_at,
        last_event=shipment.last_event,
        quantities={},
    )
