"""Write the products of some rows of a sheet: a few statements for hundreds of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, insert, select, update

from marketplace.catalog import prices, shipping_policies, stock_edits, variants
from marketplace.catalog.import_sheet import CellWrong, Line, Names
from marketplace.catalog.models import Category, Product, ProductStatus, TaxKind, Variant
from marketplace.catalog.prices import HIGHEST
from marketplace.core import outbox
from marketplace.core.db import db

# Any number nobody else uses: two sheets of one enterprise take turns, or both would write a
# product that neither found.
_WRITING: Final = 0x5EE7
_NEEDED: Final = {"name": "상품명", "category_id": "분류", "price": "판매가"}
_COLUMN_OF: Final = {
    "category_id": "category",
    "shipping_policy_id": "shipping",
    "name": "name",
    "price": "price",
}
_USUAL: Final[Mapping[str, Any]] = {
    "summary": "",
    "story": "",
    "origin": "",
    "tax_kind": TaxKind.TAXABLE,
    "lead_days": 1,
    "is_gift": False,
    "coupon_eligible": True,
    "tags": [],
}


@dataclass
class Written:
    """How many rows did what, and (row, column, message) of what could not be done."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    errors: list[tuple[int, str, str]] = field(default_factory=list)


@dataclass
class _Known:
    """What is there already of one product: the product and its combinations by their values."""

    product: Product
    combinations: dict[tuple[str, ...], Variant]


@dataclass
class _Work:
    """Everything to be written, gathered before the first statement."""

    written: Written
    new_products: list[dict[str, Any]] = field(default_factory=list)
    lines_of_new: list[tuple[str, list[Line]]] = field(default_factory=list)
    new_variants: list[dict[str, Any]] = field(default_factory=list)
    changed_products: dict[int, dict[str, Any]] = field(default_factory=dict)
    changed_variants: list[dict[str, Any]] = field(default_factory=list)
    stock: dict[int, int] = field(default_factory=dict)
    repriced: list[int] = field(default_factory=list)
    touched: set[int] = field(default_factory=set)


def names_of(enterprise_id: int) -> Names:
    """Return what the rows of an enterprise's sheet may call things."""
    categories: dict[str, int] = {}
    rows = db.session.execute(select(Category.id, Category.slug, Category.name, Category.path))
    tree = {row.id: row for row in rows}
    for each in tree.values():
        categories[each.slug] = each.id
        categories[" > ".join(tree[step].name for step in each.path)] = each.id
        categories.setdefault(each.name, each.id)
    policies = shipping_policies.list_own(enterprise_id)
    return Names(
        categories=categories,
        policies={policy.name: policy.id for policy in reversed(policies)},
        default_policy=policies[0].id if policies else None,
    )


def write(
    enterprise_id: int,
    groups: Sequence[Sequence[Line]],
    names: Names,
    *,
    actor: str,
    at: datetime,
) -> Written:
    """Create and change the products of these groups of rows; each group has one code."""
    db.session.execute(select(func.pg_advisory_xact_lock(_WRITING, enterprise_id)))
    known, ambiguous = _find(enterprise_id, {lines[0].code for lines in groups})
    planned = prices.list_planned([each.product.id for each in known.values()])
    work = _Work(Written())
    for lines in groups:
        code = lines[0].code
        try:
            if code in ambiguous:
                raise CellWrong("code", "이 상품코드를 쓰는 상품이 둘 이상입니다.")
            if code in known:
                _change(work, known[code], lines, planned=known[code].product.id in planned)
            else:
                _create(work, enterprise_id, lines, names, at)
        except CellWrong as wrong:
            # Nothing of a product is written when its rows do not agree.
            work.written.errors += [(line.row, wrong.column, wrong.message) for line in lines]
    _write_all(work, actor=actor, at=at)
    return work.written


def _find(enterprise_id: int, codes: set[str]) -> tuple[dict[str, _Known], set[str]]:
    coded: list[Any] = list(
        db.session.execute(
            select(Variant.code, Variant.product_id)
            .join(Product, Product.id == Variant.product_id)
            .where(Product.enterprise_id == enterprise_id, Variant.code.in_(codes))
            .distinct()
        )
    )
    ids = {product_id for _, product_id in coded}
    products = {
        product.id: _Known(product, {})
        for product in db.session.scalars(
            select(Product)
            .where(Product.id.in_(ids))
            .order_by(Product.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    }
    for variant in db.session.scalars(
        select(Variant)
        .where(Variant.product_id.in_(ids))
        .order_by(Variant.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ):
        products[variant.product_id].combinations[tuple(variant.option_values)] = variant
    known: dict[str, _Known] = {}
    ambiguous = set()
    for code, product_id in coded:
        if code in known:
            ambiguous.add(code)
        known[code] = products[product_id]
    return known, ambiguous


def _change(work: _Work, known: _Known, lines: Sequence[Line], *, planned: bool) -> None:
    product = known.product
    names = list(product.option_names)
    if any([name for name, _ in line.options] != names for line in lines):
        said = ", ".join(names) if names else "없음"
        raise CellWrong("option_1", f"이 상품의 옵션명은 {said}입니다. 그대로 적어 주세요.")
    fresh = {line.values for line in lines} - set(known.combinations)
    if fresh and len(known.combinations) + len(fresh) > variants.MOST_COMBINATIONS:
        raise CellWrong("value_1", f"옵션 조합은 {variants.MOST_COMBINATIONS}개까지입니다.")
    told = _merged(lines)
    changes = {name: value for name, value in told.items() if getattr(product, name) != value}
    if planned and {"price", "consumer_price"} & set(changes):
        raise CellWrong("price", prices.PriceIsPlanned.message)
    price = changes.get("price", product.price)
    _check_prices(price, changes.get("consumer_price", product.consumer_price), lines)
    if changes:
        work.changed_products[product.id] = changes
        if {"price", "consumer_price"} & set(changes):
            work.repriced.append(product.id)
    for place, line in enumerate(lines):
        variant = known.combinations.get(line.values)
        if variant is None:
            position = len(known.combinations) + place
            work.new_variants.append(_new_variant(line, product.id, position))
            work.touched.add(product.id)
            work.written.created += 1
        elif _change_variant(work, variant, line) or (changes and place == 0):
            work.touched.add(product.id)
            work.written.updated += 1
        else:
            work.written.unchanged += 1


def _change_variant(work: _Work, variant: Variant, line: Line) -> bool:
    now = {
        "price_difference": variant.price_difference,
        "low_stock_at": variant.low_stock_at,
        "is_active": variant.is_active,
    }
    told = {"is_active": True, **{name: line.variant[name] for name in line.variant if name in now}}
    changes = {name: value for name, value in told.items() if now[name] != value}
    if changes:
        work.changed_variants.append({"id": variant.id, **now, **changes})
    free = line.variant.get("free")
    is_counted = free is not None and free != variant.on_hand - variant.reserved
    if is_counted:
        work.stock[variant.id] = line.variant["free"]
    return bool(changes) or is_counted


def _create(
    work: _Work, enterprise_id: int, lines: Sequence[Line], names: Names, at: datetime
) -> None:
    told = _merged(lines)
    option_names = [name for name, _ in lines[0].options]
    if any([name for name, _ in line.options] != option_names for line in lines):
        raise CellWrong("option_1", "한 상품의 옵션명은 모든 행에서 같아야 합니다.")
    if len(lines) > variants.MOST_COMBINATIONS:
        raise CellWrong("value_1", f"옵션 조합은 {variants.MOST_COMBINATIONS}개까지입니다.")
    for name, word in _NEEDED.items():
        if name not in told:
            raise CellWrong(_COLUMN_OF[name], f"새 상품에는 {word}이(가) 있어야 합니다.")
    policy = told.get("shipping_policy_id", names.default_policy)
    if policy is None:
        raise CellWrong("shipping", "배송 정책을 먼저 만들어 주세요.")
    consumer_price = told.get("consumer_price", told["price"])
    _check_prices(told["price"], consumer_price, lines)
    work.new_products.append(
        {
            **_USUAL,
            **told,
            "enterprise_id": enterprise_id,
            "shipping_policy_id": policy,
            "consumer_price": consumer_price,
            "option_names": option_names,
            "status": ProductStatus.DRAFT,
            "notice": {},
            "created_at": at,
            "updated_at": at,
        }
    )
    work.lines_of_new.append((lines[0].code, list(lines)))
    work.written.created += len(lines)


def _merged(lines: Sequence[Line]) -> dict[str, Any]:
    """Return what the rows say of their product; the first that says something is believed."""
    told: dict[str, Any] = {}
    for line in lines:
        told = {**line.product, **told}
    return told


def _check_prices(price: int, consumer_price: int, lines: Sequence[Line]) -> None:
    if price > consumer_price:
        raise CellWrong("price", prices.PriceAboveConsumer.message)
    for line in lines:
        if not 1 <= price + line.variant.get("price_difference", 0) <= HIGHEST:
            raise CellWrong("difference", "추가금을 더한 가격은 1원부터 99,999,999원까지입니다.")


def _new_variant(line: Line, product_id: int, position: int) -> dict[str, Any]:
    return {
        "product_id": product_id,
        "code": line.code,
        "option_values": list(line.values),
        "position": position,
        "price_difference": line.variant.get("price_difference", 0),
        "on_hand": line.variant.get("free", 0),
        "low_stock_at": line.variant.get("low_stock_at", 5),
        "is_active": True,
    }


def _write_all(work: _Work, *, actor: str, at: datetime) -> None:
    made: list[int] = []
    if work.new_products:
        made = list(
            db.session.scalars(
                insert(Product).returning(Product.id, sort_by_parameter_order=True),
                work.new_products,
            )
        )
    for product_id, (_, lines) in zip(made, work.lines_of_new, strict=True):
        for place, line in enumerate(lines):
            work.new_variants.append(_new_variant(line, product_id, place))
    if work.new_variants:
        db.session.execute(insert(Variant), work.new_variants)
    stock_edits.put(work.stock)
    if work.changed_variants:
        db.session.execute(update(Variant), work.changed_variants)
    if work.changed_products or work.touched:
        ids = sorted(work.touched | set(work.changed_products))
        db.session.execute(
            update(Product),
            [{"id": each, "updated_at": at, **work.changed_products.get(each, {})} for each in ids],
        )
        outbox.enqueue("search.reindex", {"product_ids": ids})
    db.session.expire_all()
    if made or work.repriced:
        prices.note([*made, *work.repriced], actor=actor, at=at)
