"""What tests of goods begin with: an enterprise that can ship, a draft, a sheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import xlsxwriter

from marketplace.accounts.models import Person
from marketplace.catalog import editing, import_sheet, notice_fields
from marketplace.catalog.editing import Draft, TaxKind
from marketplace.catalog.models import Category, Product, ShippingPolicy
from marketplace.core.db import db, transaction
from marketplace.core.money import Won
from marketplace.enterprises.models import Enterprise
from tests import make


@dataclass(frozen=True)
class Shop:
    """An enterprise with a way to ship, a category and somebody who looks after the goods."""

    enterprise: Enterprise
    ships: ShippingPolicy
    category: Category
    owner: Person


def shop() -> Shop:
    """Open a shop without goods."""
    enterprise = make.enterprise()
    owner = make.person()
    make.member(enterprise, owner)
    return Shop(enterprise, make.shipping(enterprise), make.category("꿀·잼"), owner)


def draft(of: Shop, **other: Any) -> Draft:
    """Say what is usual of a product."""
    usual = Draft(
        category_id=of.category.id,
        shipping_policy_id=of.ships.id,
        name="아카시아꿀",
        summary="옥상에서 거른 꿀",
        story="<p>꿀 이야기</p>",
        consumer_price=Won(25_000),
        price=Won(22_000),
        tax_kind=TaxKind.TAXABLE,
        origin="국산",
        lead_days=2,
        is_gift=True,
        coupon_eligible=True,
        tags=("꿀", "선물"),
        notice=dict.fromkeys(notice_fields.fields_of("etc"), "내용"),
    )
    return replace(usual, **other)


def written(of: Shop, *, stock: int = 10, code: str | None = None, **other: Any) -> Product:
    """Write a draft of a product."""
    with transaction():
        product_id = editing.create(
            enterprise_id=of.enterprise.id,
            draft=draft(of, **other),
            code=code,
            stock=stock,
            by=of.owner.id,
            at=make.NOW,
        )
    return fresh(product_id)


def fresh(product_id: int) -> Product:
    """Read a product anew."""
    return db.session.get_one(Product, product_id, populate_existing=True)


def seen(product: Product) -> str:
    """What somebody who opened the product brings along."""
    return fresh(product.id).updated_at.isoformat()


def row(code: str, **cells: object) -> dict[str, object]:
    """One row of a sheet by our names of the columns."""
    usual: dict[str, object] = {
        "name": f"상품 {code}",
        "category": "꿀·잼",
        "consumer_price": "12,000",
        "price": 10_000,
        "stock": 5,
    }
    return {"code": code, **usual, **cells}


def sheet(rows: Sequence[Mapping[str, object]]) -> bytes:
    """Write a workbook with every column of ours."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"strings_to_formulas": False}) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, list(import_sheet.TITLES.values()))
        for number, each in enumerate(rows, start=1):
            page.write_row(number, 0, [each.get(name, "") for name in import_sheet.TITLES])
    return made.getvalue()


def table(rows: Sequence[Mapping[str, object]], encoding: str) -> bytes:
    """Write a CSV file with every column of ours."""
    made = io.StringIO()
    writer = csv.writer(made)
    writer.writerow(import_sheet.TITLES.values())
    writer.writerows([each.get(name, "") for name in import_sheet.TITLES] for each in rows)
    return made.getvalue().encode(encoding)
