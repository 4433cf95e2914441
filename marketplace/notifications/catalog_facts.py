"""What messages about goods say: what runs low, what is back, what the office decided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import select

from marketplace.accounts.models import Person
from marketplace.catalog.models import Product, ProductStatus, Variant
from marketplace.core.db import db
from marketplace.notifications.message import Facts, Loader, NothingToSay, id_of


def _low_stock(given: Mapping[str, object]) -> Facts:
    ids = given["variant_ids"]
    wanted = [int(str(each)) for each in ids] if isinstance(ids, list) else []
    rows = db.session.execute(
        select(Product.name, Variant.option_values, Variant.on_hand - Variant.reserved)
        .join(Variant, Variant.product_id == Product.id)
        .where(Variant.id.in_(wanted), Variant.is_active)
        .order_by(Product.name, Variant.position)
    ).all()
    if not rows:
        raise NothingToSay
    person = db.session.get_one(Person, id_of(given, "person_id"))
    goods = [(" ".join([name, *values]), free) for name, values, free in rows]
    others = f" 등 {len(goods)}가지" if len(goods) > 1 else ""
    subject = f"재고가 얼마 남지 않았습니다: {goods[0][0]}{others}"
    return Facts(
        person_id=person.id,
        address=person.email,
        subject=subject,
        link="/seller/products?low=1",
        notice=subject,
        values={"name": person.name, "goods": goods},
    )


def _restocked(given: Mapping[str, object]) -> Facts:
    row = db.session.execute(
        select(Product.id, Product.name, Variant.option_values)
        .join(Variant, Variant.product_id == Product.id)
        # Whoever opens the message much later still finds the product, or nothing to buy.
        .where(Variant.id == id_of(given, "variant_id"), Product.status == ProductStatus.ON_SALE)
    ).one_or_none()
    if row is None:
        raise NothingToSay
    person = db.session.get_one(Person, id_of(given, "person_id"))
    what = " ".join([row.name, *row.option_values])
    subject = f"기다리시던 상품이 다시 들어왔습니다: {what}"
    return Facts(
        person_id=person.id,
        address=person.email,
        subject=subject,
        link=f"/products/{row.id}",
        notice=subject,
        values={"name": person.name, "what": what},
    )


def _product_reviewed(given: Mapping[str, object]) -> Facts:
    product = db.session.get(Product, id_of(given, "product_id"))
    if product is None:
        raise NothingToSay
    if given["is_approved"]:
        subject = f"{product.name} 판매가 승인되었습니다"
    else:
        subject = f"{product.name} 상품에 고칠 점이 있습니다"
    note = product.review_note
    return Facts(
        person_id=id_of(given, "person_id"),
        address=None,
        subject=subject,
        link=f"/seller/products/{product.id}",
        notice=f"{subject}: {note}" if note and not given["is_approved"] else subject,
    )


LOADERS: Final[Mapping[str, Loader]] = {
    "low_stock": _low_stock,
    "restocked": _restocked,
    "product_reviewed": _product_reviewed,
}
