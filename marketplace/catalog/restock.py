"""Residents who wait for something that is sold out: told once, then forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert

from marketplace.catalog.models import Product, ProductStatus, Variant, Wish
from marketplace.catalog.upkeep_models import RestockAlert
from marketplace.core import outbox
from marketplace.core.db import db
from marketplace.core.errors import Conflict, NotFound
from marketplace.enterprises.models import Enterprise, EnterpriseStatus

MOST: Final = 100
_BATCH: Final = 500


class NothingToWaitFor(NotFound):
    message = "판매 중인 상품이 아닙니다. 다른 상품을 찾아보세요."


class InStock(Conflict):
    message = "지금 살 수 있는 상품입니다. 장바구니에 담아 보세요."


class TooManyAlerts(Conflict):
    message = f"재입고 알림은 {MOST}개까지 받을 수 있습니다. 필요 없는 알림을 먼저 지워 주세요."


@dataclass(frozen=True)
class WaitedFor:
    """One variant somebody waits for."""

    variant_id: int
    product_id: int
    product_name: str
    option_label: str
    enterprise_name: str
    asked_at: datetime


def ask(*, person_id: int, variant_id: int) -> int:
    """
    Tell a person once this is in stock again; asking twice changes nothing. Return the product.

    :raises NothingToWaitFor, InStock, TooManyAlerts:
    """
    found = db.session.execute(
        _variants().where(
            Variant.id == variant_id,
            Product.status == ProductStatus.ON_SALE,
            Enterprise.status == EnterpriseStatus.ACTIVE,
            Variant.is_active,
        )
    ).one_or_none()
    if found is None:
        raise NothingToWaitFor
    if found.free > 0:
        raise InStock
    waiting = db.session.scalar(
        select(func.count()).where(
            RestockAlert.person_id == person_id, RestockAlert.variant_id != variant_id
        )
    )
    if (waiting or 0) >= MOST:
        raise TooManyAlerts
    db.session.execute(
        insert(RestockAlert)
        .values(person_id=person_id, variant_id=variant_id)
        .on_conflict_do_nothing()
    )
    product_id: int = found.product_id
    return product_id


def forget(*, person_id: int, variant_id: int) -> None:
    """Tell a person nothing about a variant any more."""
    db.session.execute(
        delete(RestockAlert).where(
            RestockAlert.person_id == person_id, RestockAlert.variant_id == variant_id
        )
    )


def marks_of(*, person_id: int, product_id: int) -> tuple[bool, frozenset[int]]:
    """Return whether a person wished for a product, and the variants they wait for, at once."""
    wished = exists(
        select(Wish.product_id).where(Wish.person_id == person_id, Wish.product_id == product_id)
    )
    waited = (
        select(func.array_agg(RestockAlert.variant_id))
        .join(Variant, Variant.id == RestockAlert.variant_id)
        .where(RestockAlert.person_id == person_id, Variant.product_id == product_id)
        .scalar_subquery()
    )
    is_wished, ids = db.session.execute(select(wished, waited)).one()
    return is_wished, frozenset(ids or ())


def list_own(person_id: int) -> Sequence[WaitedFor]:
    """Return what a person waits for, newest first."""
    rows = db.session.execute(
        _variants()
        .add_columns(RestockAlert.created_at)
        .join(RestockAlert, RestockAlert.variant_id == Variant.id)
        .where(RestockAlert.person_id == person_id)
        .order_by(RestockAlert.created_at.desc(), Variant.id)
        .limit(MOST)
    )
    return [
        WaitedFor(
            variant_id=row.variant_id,
            product_id=row.product_id,
            product_name=row.product_name,
            option_label=" / ".join(row.option_values),
            enterprise_name=row.enterprise_name,
            asked_at=row.created_at,
        )
        for row in rows
    ]


def announce() -> int:
    """
    Leave word for some of those who wait for what can be bought again; return for how many.

    Their alerts go in the same transaction, so that nobody is told twice or never.
    """
    due = (
        select(RestockAlert.person_id, RestockAlert.variant_id)
        .join(Variant, Variant.id == RestockAlert.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .join(Enterprise, Enterprise.id == Product.enterprise_id)
        .where(
            Variant.is_active,
            Variant.on_hand > Variant.reserved,
            Product.status == ProductStatus.ON_SALE,
            Enterprise.status == EnterpriseStatus.ACTIVE,
        )
        .order_by(RestockAlert.created_at, RestockAlert.person_id)
        .limit(_BATCH)
        .with_for_update(of=RestockAlert, skip_locked=True)
        .cte("due")
    )
    told = db.session.execute(
        delete(RestockAlert)
        .where(
            RestockAlert.person_id == due.c.person_id, RestockAlert.variant_id == due.c.variant_id
        )
        .returning(RestockAlert.person_id, RestockAlert.variant_id)
        .execution_options(synchronize_session=False)
    ).all()
    for person_id, variant_id in told:
        outbox.enqueue(
            "notifications.deliver",
            {"kind": "restocked", "person_id": person_id, "variant_id": variant_id},
        )
    return len(told)


def _variants() -> Any:
    return (
        select(
            Variant.id.label("variant_id"),
            Variant.option_values,
            (Variant.on_hand - Variant.reserved).label("free"),
            Product.id.label("product_id"),
            Product.name.label("product_name"),
            Enterprise.name.label("enterprise_name"),
        )
        .join(Product, Product.id == Variant.product_id)
        .join(Enterprise, Enterprise.id == Product.enterprise_id)
    )
