"""The enterprise's goods: the list, edits right in it, edits of many, and SmartStore's sheet."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.audit import trail
from marketplace.catalog import bulk_edits, categories, own_products, smartstore
from marketplace.catalog.bulk_edits import Outcome
from marketplace.catalog.own_products import Wish
from marketplace.catalog.status import NAMES, ProductStatus
from marketplace.core import clock
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError, InvalidInput, NotFound
from marketplace.web import forms, limits, xlsx_files
from marketplace.web.errors import status_of
from marketplace.web.guards import SELLER, allow
from marketplace.web.returning import safe_path
from marketplace.web.seller import own_shop, product_form

bp = Blueprint("seller_products", __name__, url_prefix="/seller/products")

LOOKS: Final = {
    ProductStatus.DRAFT: "mute",
    ProductStatus.IN_REVIEW: "warn",
    ProductStatus.ON_SALE: "ok",
    ProductStatus.SUSPENDED: "warn",
    ProductStatus.ENDED: "mute",
}
_LONGEST_SEARCH: Final = 60
_BULK_MOVES: Final = {
    "on_sale": ProductStatus.ON_SALE,
    "suspended": ProductStatus.SUSPENDED,
    "ended": ProductStatus.ENDED,
}


class ActMissing(InvalidInput):
    message = "무엇을 바꿀지 골라 주세요."


@bp.get("")
@allow(SELLER)
def index() -> ResponseReturnValue:
    """List the goods, newest first."""
    return _page()


@bp.post("/<int:product_id>/quick")
@allow(SELLER)
def quick(product_id: int) -> ResponseReturnValue:
    """Change price and stock right in the list."""
    enterprise_id, by, at = own_shop.enterprise_id(), current_user.person_id, clock.now()
    typed = {name: forms.shown_again(request.form.get(name, "")) for name in ("price", "stock")}
    try:
        price = (_seen("seen_price"), product_form.need(typed["price"], "판매가"))
        stock = None
        if "stock" in request.form:
            stock = (_seen("seen_stock"), product_form.need(typed["stock"], "재고"))
        in_transaction(
            lambda: bulk_edits.quick(
                product_id=product_id,
                enterprise_id=enterprise_id,
                price=price,
                stock=stock,
                by=by,
                at=at,
            )
        )
    except NotFound:
        raise
    except DomainError as error:
        return _refused(product_id, enterprise_id, error, typed)
    if request.headers.get("HX-Request"):
        return _row(product_id, enterprise_id, is_saved=True)
    flash("저장했습니다.", "ok")
    return redirect(_back(), code=303)


@bp.post("/bulk")
@allow(SELLER)
def bulk() -> ResponseReturnValue:
    """Change many products at once."""
    enterprise_id, by, at = own_shop.enterprise_id(), current_user.person_id, clock.now()
    ids = [int(each) for each in request.form.getlist("ids") if each.isdigit() and len(each) < 18]
    try:
        outcome = in_transaction(lambda: _changed(enterprise_id, ids, by, at))
    except DomainError as error:
        return _page(error, chosen=frozenset(ids)), status_of(error)
    flash(outcome.words, "warn" if outcome.refused else "ok")
    return redirect(_back(), code=303)


@bp.post("/smartstore.xlsx")
@allow(SELLER)
def export() -> ResponseReturnValue:
    """Return the goods as SmartStore's bulk registration takes them."""
    enterprise_id, by = own_shop.enterprise_id(), current_user.person_id
    rows = smartstore.rows(
        enterprise_id=enterprise_id,
        public_url=current_app.extensions["settings"].public_url,
    )
    in_transaction(
        lambda: trail.record(
            "products_exported",
            subject_kind="enterprise",
            subject_id=enterprise_id,
            actor_id=by,
            details={"kind": "smartstore"},
            ip=limits.client_address(),
        )
    )
    return xlsx_files.respond(
        "smartstore-products.xlsx",
        [smartstore.SHEET, *[""] * (len(smartstore.HEADERS) - 1)],
        [list(smartstore.HEADERS), *rows],
        sheet_name=smartstore.SHEET,
    )


def _changed(enterprise_id: int, ids: list[int], by: int, at: datetime) -> Outcome:
    act = request.form.get("act", "")
    if act in _BULK_MOVES:
        return bulk_edits.move(
            enterprise_id=enterprise_id,
            product_ids=ids,
            to=_BULK_MOVES[act],
            needs_review=current_app.extensions["settings"].product_review,
            by=by,
            at=at,
        )
    if act == "stock":
        pieces = product_form.need(request.form.get("amount", ""), "재고")
        return bulk_edits.set_stock(enterprise_id=enterprise_id, product_ids=ids, pieces=pieces)
    if act == "percent":
        percent = product_form.need(request.form.get("amount", ""), "가격 변동률")
        return bulk_edits.change_prices(
            enterprise_id=enterprise_id, product_ids=ids, percent=percent, by=by, at=at
        )
    raise ActMissing


def _page(error: DomainError | None = None, *, chosen: frozenset[int] = frozenset()) -> str:
    enterprise_id = own_shop.enterprise_id()
    wish = _wish()
    rows = own_products.list_page(enterprise_id, wish)
    is_full = len(rows) == own_products.PAGE
    tree = categories.list_categories()
    kept: dict[str, Any] = {
        "q": wish.text or None,
        "status": wish.status,
        "category": wish.category_id,
        "low": "1" if wish.low else None,
    }
    return render_template(
        "seller/products/index.html",
        rows=rows,
        wish=wish,
        kept=kept,
        counts=own_products.count_by_status(enterprise_id),
        categories=[(str(node.id), _way(node.path, tree)) for node in tree],
        names=NAMES,
        looks=LOOKS,
        error=error,
        chosen=chosen,
        typed_amount=forms.shown_again(request.form.get("amount", "")),
        typed_act=request.form.get("act", ""),
        here=_back(),
        next_url=url_for(".index", before=rows[-1].id, **kept) if is_full else None,
    )


def _way(path: tuple[int, ...], tree: list[categories.CategoryNode]) -> str:
    named = {node.id: node.name for node in tree}
    return " > ".join(named[step] for step in path)


def _wish() -> Wish:
    status = request.args.get("status", "")
    return Wish(
        text=forms.shown_again(request.args.get("q", ""))[:_LONGEST_SEARCH],
        status=ProductStatus(status) if status in set(ProductStatus) else None,
        category_id=request.args.get("category", type=int),
        low=request.args.get("low") == "1",
        before=request.args.get("before", type=int),
    )


def _refused(
    product_id: int, enterprise_id: int, error: DomainError, typed: dict[str, str]
) -> ResponseReturnValue:
    if request.headers.get("HX-Request"):
        return _row(product_id, enterprise_id, error=error, typed=typed), status_of(error)
    own_products.get_listed(product_id, enterprise_id)
    return _page(error), status_of(error)


def _row(
    product_id: int,
    enterprise_id: int,
    *,
    error: DomainError | None = None,
    typed: dict[str, str] | None = None,
    is_saved: bool = False,
) -> str:
    return render_template(
        "seller/products/row.html",
        row=own_products.get_listed(product_id, enterprise_id),
        names=NAMES,
        looks=LOOKS,
        error=error,
        typed=typed or {},
        is_saved=is_saved,
        here=_back(),
    )


def _seen(name: str) -> int:
    return product_form.whole(request.form.get(name, "")) or 0


def _back() -> str:
    default = url_for("seller_products.index")
    if request.method == "GET":
        return safe_path(request.full_path.rstrip("?"), default=default)
    return safe_path(request.form.get("next"), default=default)
