"""Write, change and copy the products of one enterprise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select

from marketplace.catalog import notice_fields, prices, stories
from marketplace.catalog.models import (
    Category,
    Picture,
    Product,
    ProductStatus,
    ShippingPolicy,
    TaxKind,
    Variant,
)
from marketplace.core import outbox
from marketplace.core.db import db
from marketplace.core.errors import Conflict, InvalidInput, NotFound
from marketplace.core.money import Won

__all__ = ["Draft", "TaxKind", "copy", "create", "edit", "lock_own", "lock_seen", "touch"]

LONGEST_NAME: Final = 100
LONGEST_SUMMARY: Final = 200
LONGEST_STORY: Final = 50_000
LONGEST_ORIGIN: Final = 100
LONGEST_TAG: Final = 20
MOST_TAGS: Final = 10
LONGEST_LEAD: Final = 60


class ProductMissing(NotFound):
    """The enterprise has no such product."""

    message = "상품을 찾을 수 없습니다."


class ChangedMeanwhile(Conflict):
    """Somebody else saved the product after it was opened."""

    message = (
        "다른 담당자가 이 상품을 먼저 고쳤습니다. 적으신 내용은 아래에 남아 있습니다. "
        "새 창에서 바뀐 내용을 확인한 뒤 다시 저장해 주세요."
    )


class CategoryMissing(InvalidInput):
    message = "분류를 골라 주세요."
    field = "category_id"


class PolicyMissing(InvalidInput):
    message = "우리 가게의 배송 정책을 골라 주세요."
    field = "shipping_policy_id"


class LeadOutOfRange(InvalidInput):
    message = "출고까지 걸리는 날은 0일부터 60일까지 적을 수 있습니다."
    field = "lead_days"


class TextTooLong(InvalidInput):
    message = "{what}이(가) 너무 깁니다. {longest:,}자까지 쓸 수 있습니다."


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What an enterprise says of a product; prices in won, VAT included."""

    category_id: int
    shipping_policy_id: int
    name: str
    summary: str
    story: str
    consumer_price: Won
    price: Won
    tax_kind: TaxKind
    origin: str
    lead_days: int
    is_gift: bool
    coupon_eligible: bool
    tags: tuple[str, ...]
    notice: Mapping[str, str]


def create(
    *, enterprise_id: int, draft: Draft, code: str | None, stock: int, by: int, at: datetime
) -> int:
    """
    Write a product without options, which nobody sees yet, and return its id.

    :raises CategoryMissing, PolicyMissing, LeadOutOfRange, PriceOutOfRange, PriceAboveConsumer:
    """
    kind = _check(enterprise_id, draft)
    prices.check(draft.consumer_price, draft.price)
    product = Product(
        enterprise_id=enterprise_id,
        consumer_price=draft.consumer_price,
        price=draft.price,
        status=ProductStatus.DRAFT,
        created_at=at,
    )
    _write(product, draft, kind, at)
    db.session.add(product)
    db.session.flush()
    db.session.add(Variant(product_id=product.id, code=code, option_values=[], on_hand=stock))
    db.session.flush()
    prices.note([product.id], actor=f"person:{by}", at=at)
    _tell_search(product.id)
    return product.id


def edit(
    *, product_id: int, enterprise_id: int, draft: Draft, seen: str, by: int, at: datetime
) -> None:
    """
    Change what is said of a product, unless somebody else did so meanwhile.

    :raises ProductMissing, ChangedMeanwhile, CategoryMissing, PolicyMissing, LeadOutOfRange:
    :raises PriceOutOfRange, PriceAboveConsumer, PriceIsPlanned:
    """
    product = lock_seen(product_id, enterprise_id, seen)
    kind = _check(enterprise_id, draft)
    prices.change(
        product,
        consumer_price=draft.consumer_price,
        price=draft.price,
        actor=f"person:{by}",
        at=at,
    )
    _write(product, draft, kind, at)
    db.session.flush()
    _tell_search(product.id)


def copy(*, product_id: int, enterprise_id: int, by: int, at: datetime) -> int:
    """
    Write a product like another, as a draft without stock, and return its id.

    :raises ProductMissing:
    """
    model = lock_own(product_id, enterprise_id)
    made = Product(
        **{
            name: getattr(model, name)
            for name in (
                *("enterprise_id", "category_id", "shipping_policy_id", "summary", "story"),
                *("consumer_price", "price", "tax_kind", "origin", "lead_days", "is_gift"),
                *("coupon_eligible", "tags", "option_names", "notice"),
            )
        },
        name=f"{model.name} 복사본"[:LONGEST_NAME],
        status=ProductStatus.DRAFT,
        created_at=at,
        updated_at=at,
    )
    db.session.add(made)
    db.session.flush()
    of_model = (Variant.product_id == product_id) & Variant.is_active
    for variant in db.session.scalars(select(Variant).where(of_model)).all():
        db.session.add(
            Variant(
                product_id=made.id,
                option_values=variant.option_values,
                price_difference=variant.price_difference,
                position=variant.position,
                low_stock_at=variant.low_stock_at,
            )
        )
    for shown in db.session.scalars(select(Picture).where(Picture.product_id == product_id)).all():
        db.session.add(
            Picture(
                product_id=made.id,
                **{
                    name: getattr(shown, name)
                    for name in (
                        *("storage_key", "alt", "width", "height"),
                        *("placeholder", "position"),
                    )
                },
            )
        )
    db.session.flush()
    prices.note([made.id], actor=f"person:{by}", at=at)
    return made.id


def lock_own(product_id: int, enterprise_id: int) -> Product:
    """
    Lock a product of an enterprise.

    :raises ProductMissing:
    """
    product = db.session.scalars(
        select(Product)
        .where(Product.id == product_id, Product.enterprise_id == enterprise_id)
        # A stronger lock would wait for orders, whose lines point at the product.
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if product is None:
        raise ProductMissing
    return product


def lock_seen(product_id: int, enterprise_id: int, seen: str) -> Product:
    """
    Lock a product that is still as somebody saw it.

    :raises ProductMissing, ChangedMeanwhile:
    """
    product = lock_own(product_id, enterprise_id)
    if product.updated_at.isoformat() != seen:
        raise ChangedMeanwhile
    return product


def touch(product: Product, at: datetime) -> None:
    """Note that a locked product was changed, and have it found as it is now."""
    product.updated_at = at
    db.session.flush()
    _tell_search(product.id)


def _check(enterprise_id: int, draft: Draft) -> str:
    """Return the kind of notice the draft's category asks for."""
    for what, text, longest in (
        ("상품명", draft.name, LONGEST_NAME),
        ("짧은 소개", draft.summary, LONGEST_SUMMARY),
        ("상세 설명", draft.story, LONGEST_STORY),
        ("원산지", draft.origin, LONGEST_ORIGIN),
    ):
        if len(text) > longest:
            raise TextTooLong(what=what, longest=longest)
    if not 0 <= draft.lead_days <= LONGEST_LEAD:
        raise LeadOutOfRange
    policy = db.session.scalar(
        select(ShippingPolicy.id).where(
            ShippingPolicy.id == draft.shipping_policy_id,
            ShippingPolicy.enterprise_id == enterprise_id,
        )
    )
    if policy is None:
        raise PolicyMissing
    kind = db.session.scalar(select(Category.notice_kind).where(Category.id == draft.category_id))
    if kind is None:
        raise CategoryMissing
    return kind


def _write(product: Product, draft: Draft, kind: str, at: datetime) -> None:
    product.category_id = draft.category_id
    product.shipping_policy_id = draft.shipping_policy_id
    product.name = draft.name
    product.summary = draft.summary
    product.story = stories.written(draft.story)
    product.tax_kind = draft.tax_kind
    product.origin = draft.origin
    product.lead_days = draft.lead_days
    product.is_gift = draft.is_gift
    product.coupon_eligible = draft.coupon_eligible
    product.tags = list(draft.tags)[:MOST_TAGS]
    product.notice = notice_fields.taken(kind, draft.notice)
    product.updated_at = at


def _tell_search(product_id: int) -> None:
    outbox.enqueue("search.reindex", {"product_ids": [product_id]})
