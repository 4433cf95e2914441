"""Goods by sheet: an empty form to fill, a file that goes up, every wrong row that comes back."""

from __future__ import annotations

from typing import Final
from uuid import uuid4

from flask import Blueprint, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.catalog import categories, import_sheet, product_imports, shipping_policies
from marketplace.core import clock
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError, InvalidInput
from marketplace.core.sheets import SheetUnreadable
from marketplace.core.storage import Storage
from marketplace.web import csv_files, documents, xlsx_files
from marketplace.web.errors import status_of
from marketplace.web.guards import SELLER, allow
from marketplace.web.seller import own_shop, product_form

bp = Blueprint("seller_product_imports", __name__, url_prefix="/seller/products/imports")

_STATES: Final = {
    "waiting": ("info", "곧 시작"),
    "running": ("info", "진행 중"),
    "done": ("ok", "완료"),
    "failed": ("bad", "읽지 못함"),
}
_SHOWN: Final = 100


class NoFile(InvalidInput):
    message = "상품 파일을 골라 주세요."


@bp.get("")
@allow(SELLER)
def index() -> ResponseReturnValue:
    """Show the sheets sent so far."""
    return _page()


@bp.post("")
@allow(SELLER)
def upload() -> ResponseReturnValue:
    """Take in a sheet; a worker writes the goods."""
    enterprise_id, by, at = own_shop.enterprise_id(), current_user.person_id, clock.now()
    storage = Storage.of(current_app.extensions["settings"])
    key = f"product-sheets/{uuid4().hex}"
    try:
        filename, content = _sent()
        # Read in the worker: whatever is wrong with the file, this process does not open it.
        storage.put(key, content)
        import_id, is_new = in_transaction(
            lambda: product_imports.take_in(
                enterprise_id=enterprise_id,
                filename=filename,
                content=content,
                storage_key=key,
                by=by,
                at=at,
            )
        )
    except DomainError as error:
        storage.forget(key)
        return _page(error), status_of(error)
    if is_new:
        flash("파일을 올렸습니다. 진행 상황을 여기에서 볼 수 있습니다.", "ok")
    else:
        storage.forget(key)
        flash("이미 올린 파일과 같은 파일입니다. 바뀐 것이 없습니다.", "warn")
    return redirect(url_for(".show", import_id=import_id), code=303)


@bp.get("/template.xlsx")
@allow(SELLER)
def template() -> ResponseReturnValue:
    """Return an empty sheet with two rows to follow."""
    leaf = product_form.category_choices(categories.list_categories())[:1]
    policies = shipping_policies.list_own(own_shop.enterprise_id())[:1]
    usual = {
        "name": "아카시아꿀 500g",
        "category": leaf[0][1] if leaf else "",
        "summary": "옥상에서 거른 꿀",
        "story": "가게와 상품 이야기를 적습니다.",
        "consumer_price": 25_000,
        "price": 22_000,
        "tax": "과세",
        "origin": "국산",
        "lead_days": 2,
        "shipping": policies[0].name if policies else "",
        "gift": "예",
        "coupon": "예",
        "tags": "꿀, 선물",
        "option_1": "용량",
    }
    examples = [
        {"code": "HONEY-01", **usual, "value_1": "500g", "difference": 0, "stock": 30},
        {
            "code": "HONEY-01",
            "option_1": "용량",
            "value_1": "1kg",
            "difference": 20_000,
            "stock": 10,
        },
    ]
    return xlsx_files.respond(
        "senaru-products.xlsx",
        list(import_sheet.TITLES.values()),
        [[example.get(name, "") for name in import_sheet.TITLES] for example in examples],
    )


@bp.get("/<int:import_id>")
@allow(SELLER)
def show(import_id: int) -> ResponseReturnValue:
    """Show what became of a sheet's rows."""
    sheet = product_imports.get(import_id, own_shop.enterprise_id())
    return render_template(
        "seller/products/import.html",
        sheet=sheet,
        states=_STATES,
        errors=sheet.errors[:_SHOWN],
    )


@bp.get("/<int:import_id>/progress")
@allow(SELLER)
def progress(import_id: int) -> ResponseReturnValue:
    """Show how far a sheet is, for pages that stay open."""
    sheet = product_imports.get(import_id, own_shop.enterprise_id())
    return render_template("seller/products/progress.html", sheet=sheet, states=_STATES)


@bp.get("/<int:import_id>/errors.csv")
@allow(SELLER)
def errors(import_id: int) -> ResponseReturnValue:
    """Return every wrong cell as a file."""
    sheet = product_imports.get(import_id, own_shop.enterprise_id())
    return csv_files.respond(
        f"product-errors-{import_id}.csv",
        ("행", "열", "이유"),
        ((error.row, error.column, error.message) for error in sheet.errors),
    )


def _sent() -> tuple[str, bytes]:
    largest = import_sheet.LIMITS.file_size
    filename, content = documents.sent("file", most=largest)
    if not filename:
        raise NoFile
    if len(content) > largest:
        raise SheetUnreadable(reason=f"{largest >> 20}MB 이하로 나누어 올려 주세요.")
    return filename, content


def _page(error: DomainError | None = None) -> str:
    return render_template(
        "seller/products/imports.html",
        sheets=product_imports.list_own(own_shop.enterprise_id()),
        states=_STATES,
        most=import_sheet.LIMITS.rows,
        largest=import_sheet.LIMITS.file_size >> 20,
        error=error,
    )
