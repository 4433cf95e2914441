"""What enterprises do with paid orders, the way they do it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from marketplace.checkout.placing import PlacedOrder
from marketplace.orders import fulfilment, queries
from marketplace.orders.details import BundleDetail
from marketplace.orders.fulfilment import Way
from tests.make.common import NOW, numbers, writing

SELLER: Final = "person:1"


def bundle_of(placed: PlacedOrder, number: int = 0) -> BundleDetail:
    """Return a bundle of an order as it stands."""
    return queries.get(placed.order_id).bundles[number]


def accepted(placed: PlacedOrder, *, at: datetime = NOW) -> BundleDetail:
    """Accept an order's first bundle."""
    bundle = bundle_of(placed)
    with writing():
        fulfilment.accept(
            bundle_id=bundle.id, enterprise_ids=[bundle.enterprise_id], actor=SELLER, at=at
        )
    return bundle_of(placed)


def waybill() -> str:
    """Return a number nobody had, as CJ writes them."""
    return f"6{next(numbers):011d}"


def shipped(placed: PlacedOrder, *, at: datetime = NOW, number: str | None = None) -> int:
    """Accept and send an order's first bundle; return the shipment."""
    bundle = accepted(placed, at=at)
    with writing():
        return fulfilment.dispatch(
            bundle_id=bundle.id,
            enterprise_ids=[bundle.enterprise_id],
            way=Way(carrier_code="CJGLS", waybill=number or waybill()),
            actor=SELLER,
            at=at,
        )


def delivered(placed: PlacedOrder, *, at: datetime = NOW) -> int:
    """Accept, send and bring an order's first bundle; return the shipment."""
    shipment_id = shipped(placed, at=at)
    with writing():
        fulfilment.mark_delivered(
            shipment_id=shipment_id,
            enterprise_ids=[bundle_of(placed).enterprise_id],
            actor=SELLER,
            at=at,
        )
    return shipment_id
