"""Whose a bundle or a shipment is: another enterprise's is as good as none."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from marketplace.core.db import db
from marketplace.core.errors import NotFound
from marketplace.orders.models import Bundle
from marketplace.orders.shipment_models import Shipment


class BundleNotFound(NotFound):
    """No such bundle, or another enterprise's."""

    message = "주문을 찾을 수 없습니다."


class ShipmentNotFound(NotFound):
    """No such shipment, or another enterprise's."""

    message = "배송을 찾을 수 없습니다."


@dataclass(frozen=True)
class OwnedBundle:
    """A bundle, its order and its enterprise."""

    id: int
    order_id: int
    enterprise_id: int


def get_bundle(bundle_id: int, *, enterprise_ids: Collection[int]) -> OwnedBundle:
    """
    Return a bundle of one of these enterprises.

    :raises BundleNotFound:
    """
    row = db.session.execute(
        select(Bundle.id, Bundle.order_id, Bundle.enterprise_id).where(
            Bundle.id == bundle_id, Bundle.enterprise_id.in_(enterprise_ids)
        )
    ).one_or_none()
    if row is None:
        raise BundleNotFound
    return OwnedBundle(*row)


def get_bundle_of_shipment(shipment_id: int, *, enterprise_ids: Collection[int]) -> OwnedBundle:
    """
    Return the bundle of a shipment of one of these enterprises.

    :raises ShipmentNotFound:
    """
    row = db.session.execute(
        select(Bundle.id, Bundle.order_id, Bundle.enterprise_id)
        .join(Shipment, Shipment.bundle_id == Bundle.id)
        .where(Shipment.id == shipment_id, Bundle.enterprise_id.in_(enterprise_ids))
    ).one_or_none()
    if row is None:
        raise ShipmentNotFound
    return OwnedBundle(*row)
