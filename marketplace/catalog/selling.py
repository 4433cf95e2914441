"""Put products on sale and take them off; the office's look before that, where it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import exists, select

from marketplace.audit import trail
from marketplace.catalog import notice_fields, telling
from marketplace.catalog.editing import ProductMissing, lock_own, touch
from marketplace.catalog.models import Category, Picture, Product, ProductStatus, Variant
from marketplace.catalog.status import MOVES, NAMES
from marketplace.core.db import db
from marketplace.core.errors import Conflict, InvalidInput
from marketplace.enterprises.models import Enterprise

PAGE: Final = 50
LONGEST_NOTE: Final = 500


class MoveRefused(Conflict):
    message = "{name} 상품은 {now} 상태라 {to}(으)로 바꿀 수 없습니다."


class NotReady(Conflict):
    """Something buyers have a right to see is missing."""

    message = "판매를 시작하기 전에 채워 주세요: {missing}"


class NoteMissing(InvalidInput):
    message = "무엇을 고쳐야 하는지 적어 주세요."
    field = "note"


class NotInReview(Conflict):
    message = "이미 처리되었거나 가게가 거두어 간 상품입니다."


class ChangedSince(Conflict):
    message = "가게가 그사이 상품을 고쳤습니다. 바뀐 모습을 확인하고 다시 승인해 주세요."


@dataclass(frozen=True)
class WaitingProduct:
    """One product the office has to look at."""

    id: int
    name: str
    enterprise_name: str
    category_name: str
    price: int
    asked_at: datetime


def move(
    *,
    product_id: int,
    enterprise_id: int,
    to: ProductStatus,
    needs_review: bool,
    by: int,
    at: datetime,
) -> ProductStatus:
    """
    Move a product to another state and return which it reached; a first sale may need a review.

    :raises ProductMissing, MoveRefused, NotReady:
    """
    product = lock_own(product_id, enterprise_id)
    wanted = to
    if to is ProductStatus.ON_SALE:
        lacking = list_missing(product)
        if lacking:
            raise NotReady(missing=", ".join(lacking))
        if needs_review and product.status is ProductStatus.DRAFT:
            wanted = ProductStatus.IN_REVIEW
    # What waits for the office is put on sale by the office alone.
    waits = product.status is ProductStatus.IN_REVIEW and wanted is ProductStatus.ON_SALE
    if waits or wanted not in MOVES[product.status]:
        raise MoveRefused(name=product.name, now=NAMES[product.status], to=NAMES[wanted])
    _set(product, wanted, by=by, at=at)
    return wanted


def approve(*, product_id: int, seen: str, by: int, at: datetime) -> None:
    """
    Let a product be sold that is still as somebody saw it.

    :raises ProductMissing, NotInReview, ChangedSince, NotReady:
    """
    product = _lock_waiting(product_id)
    if product.updated_at.isoformat() != seen:
        raise ChangedSince
    lacking = list_missing(product)
    if lacking:
        raise NotReady(missing=", ".join(lacking))
    product.review_note = None
    _set(product, ProductStatus.ON_SALE, by=by, at=at)
    _tell(product, is_approved=True)


def ask_for_changes(*, product_id: int, note: str, by: int, at: datetime) -> None:
    """
    Send a product back with what has to change.

    :raises ProductMissing, NotInReview, NoteMissing:
    """
    if not note.strip():
        raise NoteMissing
    product = _lock_waiting(product_id)
    product.review_note = note.strip()[:LONGEST_NOTE]
    _set(product, ProductStatus.DRAFT, by=by, at=at, note=product.review_note)
    _tell(product, is_approved=False)


def list_waiting(*, after: int = 0) -> Sequence[WaitingProduct]:
    """Return a page of the products the office has to look at, oldest first."""
    rows = db.session.execute(
        select(
            Product.id,
            Product.name,
            Enterprise.name.label("enterprise_name"),
            Category.name.label("category_name"),
            Product.price,
            Product.updated_at,
        )
        .join(Enterprise, Enterprise.id == Product.enterprise_id)
        .join(Category, Category.id == Product.category_id)
        .where(Product.status == ProductStatus.IN_REVIEW, Product.id > after)
        .order_by(Product.id)
        .limit(PAGE)
    )
    return [WaitingProduct(*row) for row in rows]


def list_missing(product: Product) -> list[str]:
    """Return what a product lacks before anybody may buy it."""
    kind, has_picture, has_variant = db.session.execute(
        select(
            Category.notice_kind,
            exists(select(Picture.id).where(Picture.product_id == product.id)),
            exists(select(Variant.id).where(Variant.product_id == product.id, Variant.is_active)),
        ).where(Category.id == product.category_id)
    ).one()
    lacking = [] if has_picture else ["사진 1장 이상"]
    if not product.story.strip():
        lacking.append("상세 설명")
    if not has_variant:
        lacking.append("판매할 옵션")
    unsaid = notice_fields.missing(kind, product.notice)
    if unsaid:
        lacking.append(f"상품정보제공고시({'·'.join(unsaid)})")
    return lacking


def _set(
    product: Product,
    to: ProductStatus,
    *,
    by: int,
    at: datetime,
    note: str | None = None,
) -> None:
    before = product.status
    product.status = to
    if to is ProductStatus.ON_SALE and product.published_at is None:
        product.published_at = at
    trail.record(
        "product_moved",
        subject_kind="product",
        subject_id=product.id,
        actor_id=by,
        details={"from": before.value, "to": to.value, **({"note": note} if note else {})},
    )
    touch(product, at)


def _lock_waiting(product_id: int) -> Product:
    enterprise_id = db.session.scalar(select(Product.enterprise_id).where(Product.id == product_id))
    if enterprise_id is None:
        raise ProductMissing
    product = lock_own(product_id, enterprise_id)
    if product.status is not ProductStatus.IN_REVIEW:
        raise NotInReview
    return product


def _tell(product: Product, *, is_approved: bool) -> None:
    telling.tell_members(
        product.enterprise_id,
        "product_reviewed",
        {"product_id": product.id, "is_approved": is_approved},
    )
