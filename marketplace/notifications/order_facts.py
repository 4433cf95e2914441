"""What messages about the way of an order say: sent, arrived, late, confirmed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from marketplace.accounts.models import Person
from marketplace.core.db import db
from marketplace.enterprises.models import Enterprise
from marketplace.notifications.message import Facts, Loader, NothingToSay, id_of
from marketplace.orders import delays, shipments
from marketplace.orders import queries as orders
from marketplace.orders.details import BundleDetail, OrderDetail
from marketplace.orders.models import Bundle
from marketplace.orders.shipment_models import Shipment


def _shipment(subject: str) -> Loader:
    def load_shipment(given: Mapping[str, object]) -> Facts:
        sent = db.session.get_one(Shipment, id_of(given, "shipment_id"))
        order, bundle = _bundle(sent.bundle_id)
        shipment = next(
            one for one in shipments.of_bundles([bundle.id])[bundle.id] if one.id == sent.id
        )
        names = {line.id: line for line in bundle.lines}
        goods = [(names[line_id], pieces) for line_id, pieces in shipment.quantities.items()]
        return _to_buyer(
            order,
            subject,
            f"{bundle.enterprise_name} · {_title([line.product_name for line, _ in goods])}",
            {"bundle": bundle, "shipment": shipment, "goods": goods},
        )

    return load_shipment


def _delayed(given: Mapping[str, object]) -> Facts:
    order, bundle = _bundle(id_of(given, "bundle_id"))
    if bundle.delayed_until is None:
        raise NothingToSay
    return _to_buyer(
        order,
        "발송이 늦어집니다",
        f"{bundle.enterprise_name} · {bundle.delayed_until:%m월 %d일} 발송 예정",
        {"bundle": bundle},
    )


def _confirmed(given: Mapping[str, object]) -> Facts:
    """Invite to a review: a notice about the order alone, and no advertising."""
    order = orders.get(id_of(given, "order_id"))
    wanted = given["line_ids"]
    ids = set(wanted) if isinstance(wanted, list) else set()
    names = [line.product_name for line in order.lines if line.id in ids]
    if order.person_id is None or not names:
        raise NothingToSay
    return Facts(
        person_id=order.person_id,
        address=None,
        subject="구매확정되었습니다",
        link=f"/my/orders/{order.number}",
        notice=f"{_title(names)} 구매확정되었습니다. 어떠셨는지 후기를 남겨 주세요.",
    )


def _overdue(given: Mapping[str, object]) -> Facts:
    person = db.session.get_one(Person, id_of(given, "person_id"))
    enterprise = db.session.get_one(Enterprise, id_of(given, "enterprise_id"))
    count = delays.count_overdue(enterprise.id, on=date.fromisoformat(str(given["on"])))
    if not count:
        raise NothingToSay
    subject = f"발송 기한이 지난 주문이 {count}건 있습니다"
    return Facts(
        person_id=person.id,
        address=person.email,
        subject=f"[{enterprise.name}] {subject}",
        link="/seller/orders?tab=ready",
        notice=f"{enterprise.name}: {subject}",
        values={"name": person.name, "enterprise": enterprise.name, "count": count},
    )


def _bundle(bundle_id: int) -> tuple[OrderDetail, BundleDetail]:
    order = orders.get(db.session.get_one(Bundle, bundle_id).order_id)
    return order, next(bundle for bundle in order.bundles if bundle.id == bundle_id)


def _to_buyer(order: OrderDetail, subject: str, about: str, values: dict[str, object]) -> Facts:
    return Facts(
        person_id=order.person_id,
        address=order.buyer_email,
        phone=order.buyer_phone,
        subject=f"[{order.number}] {subject}",
        link=f"/my/orders/{order.number}" if order.person_id else "/guest/orders",
        notice=f"{about} {subject}",
        values={"order": order, **values},
    )


def _title(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} 외 {len(names) - 1}건"


LOADERS: Final[Mapping[str, Loader]] = {
    "order_shipped": _shipment("상품이 출발했습니다"),
    "order_delivered": _shipment("상품이 도착했습니다"),
    "shipping_delayed": _delayed,
    "order_confirmed": _confirmed,
    "ship_overdue": _overdue,
}
