"""The parts of a product saved by themselves: options and stock, pictures, planned price."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from importlib import import_module

from flask import Blueprint, current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.catalog import own_pictures, own_products, price_plans, variants
from marketplace.catalog.own_products import OwnProduct
from marketplace.catalog.variants import CombinationEdit
from marketplace.core import clock
from marketplace.core.calendar import SEOUL
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError, InvalidInput, NotFound
from marketplace.core.money import Won
from marketplace.core.storage import Storage
from marketplace.web import documents, forms
from marketplace.web.errors import status_of
from marketplace.web.guards import SELLER, allow
from marketplace.web.seller import own_shop, product_form
from marketplace.web.seller.product import page

bp = Blueprint("seller_product_parts", __name__, url_prefix="/seller/products/<int:product_id>")

_LARGEST_PICTURE = 10 * 1024 * 1024


class NoPicture(InvalidInput):
    message = "사진 파일을 골라 주세요."


class MomentMissing(InvalidInput):
    message = "{what} 날짜와 시각을 골라 주세요."


class ActUnknown(InvalidInput):
    message = "사진을 어떻게 할지 골라 주세요."


@bp.post("/options")
@allow(SELLER)
def combine(product_id: int) -> ResponseReturnValue:
    """Offer the product in every combination of the options typed."""
    enterprise_id, at = own_shop.enterprise_id(), clock.now()
    groups = []
    for place in range(variants.MOST_GROUPS):
        name = forms.shown_again(request.form.get(f"option-{place}", ""))
        typed = forms.shown_again(request.form.get(f"values-{place}", ""))
        values = [value.strip() for value in typed.replace("\n", ",").split(",") if value.strip()]
        if name or values:
            groups.append((name, values))
    return _answer(
        product_id,
        "options",
        "옵션 조합을 만들었습니다. 아래에서 재고와 추가금을 정해 주세요.",
        lambda: variants.combine(
            product_id=product_id,
            enterprise_id=enterprise_id,
            groups=groups,
            seen=request.form.get("seen", ""),
            at=at,
        ),
    )


@bp.post("/stock")
@allow(SELLER)
def stock(product_id: int) -> ResponseReturnValue:
    """Write stock, price difference and code of every combination."""
    enterprise_id, at = own_shop.enterprise_id(), clock.now()
    product = own_products.get(product_id, enterprise_id)

    def save() -> None:
        variants.save(
            product_id=product_id,
            enterprise_id=enterprise_id,
            edits=_edits(product),
            seen=request.form.get("seen", ""),
            at=at,
        )

    return _answer(product_id, "stock", "재고와 옵션을 저장했습니다.", save)


@bp.post("/pictures")
@allow(SELLER)
def add_picture(product_id: int) -> ResponseReturnValue:
    """Take in one more picture."""
    enterprise_id, at = own_shop.enterprise_id(), clock.now()
    own_products.get(product_id, enterprise_id)
    alt = forms.shown_again(request.form.get("alt", ""))

    filename, content = documents.sent("picture", most=_LARGEST_PICTURE)

    def add() -> None:
        if not filename:
            raise NoPicture
        if not alt:
            raise own_pictures.AltMissing
        # Late: opening pictures takes memory that most web processes never need.
        pictures = import_module("marketplace.catalog.pictures")
        stored = pictures.store(content, Storage.of(current_app.extensions["settings"]))
        in_transaction(
            lambda: own_pictures.add(
                product_id=product_id,
                enterprise_id=enterprise_id,
                picture=stored,
                alt=alt,
                at=at,
            )
        )

    return _answer(product_id, "pictures", "사진을 올렸습니다.", add, is_whole=True)


@bp.post("/pictures/<int:picture_id>")
@allow(SELLER)
def change_picture(product_id: int, picture_id: int) -> ResponseReturnValue:
    """Describe a picture, show it earlier, or show it no more."""
    enterprise_id, at = own_shop.enterprise_id(), clock.now()
    own = {"product_id": product_id, "enterprise_id": enterprise_id, "picture_id": picture_id}
    alt = forms.shown_again(request.form.get("alt", ""))

    def change() -> None:
        match request.form.get("act", ""):
            case "describe":
                own_pictures.describe(**own, alt=alt, at=at)
            case "first":
                own_pictures.put_first(**own, at=at)
            case "up":
                own_pictures.move_up(**own, at=at)
            case "remove":
                own_pictures.remove(**own, at=at)
            case _:
                raise ActUnknown

    return _answer(product_id, "pictures", "사진을 고쳤습니다.", change)


@bp.post("/plan")
@allow(SELLER)
def plan(product_id: int) -> ResponseReturnValue:
    """Plan a sale price."""
    enterprise_id, by, at = own_shop.enterprise_id(), current_user.person_id, clock.now()

    def schedule() -> None:
        price_plans.schedule(
            product_id=product_id,
            enterprise_id=enterprise_id,
            price=Won(product_form.need(request.form.get("plan_price", ""), "할인 판매가")),
            starts_at=_moment("starts_at", "시작하는"),
            ends_at=_moment("ends_at", "끝나는"),
            by=by,
            at=at,
        )

    return _answer(product_id, "plan", "가격을 예약했습니다.", schedule)


@bp.post("/plan/drop")
@allow(SELLER)
def drop_plan(product_id: int) -> ResponseReturnValue:
    """Forget a planned price, or end it now."""
    enterprise_id, at = own_shop.enterprise_id(), clock.now()
    return _answer(
        product_id,
        "plan",
        "예약한 가격을 끝냈습니다.",
        lambda: price_plans.drop(product_id=product_id, enterprise_id=enterprise_id, at=at),
    )


def _answer(
    product_id: int,
    about: str,
    done: str,
    work: Callable[[], None],
    *,
    is_whole: bool = False,
) -> ResponseReturnValue:
    """Do the work in a transaction, unless it opens its own; lead back to the part it was about."""
    try:
        if is_whole:
            work()
        else:
            in_transaction(work)
    except NotFound:
        raise
    except DomainError as error:
        typed = {name: forms.shown_again(text) for name, text in request.form.items()}
        return page(product_id, error=error, about=about, typed=typed), status_of(error)
    flash(done, "ok")
    address = url_for("seller_product.edit", product_id=product_id, _anchor=about)
    return redirect(address, code=303)


def _edits(product: OwnProduct) -> list[CombinationEdit]:
    edits = []
    for each in product.combinations:
        if f"free-{each.id}" not in request.form:
            continue
        label = each.label or "재고"
        edits.append(
            CombinationEdit(
                variant_id=each.id,
                price_difference=Won(_number(f"difference-{each.id}", f"{label} 추가금")),
                seen=_number(f"seen-{each.id}", label),
                free=_number(f"free-{each.id}", f"{label} 재고"),
                code=forms.shown_again(request.form.get(f"code-{each.id}", "")),
                low_stock_at=_number(f"low-{each.id}", f"{label} 알림 수량"),
                is_active=f"active-{each.id}" in request.form,
            )
        )
    return edits


def _number(name: str, words: str) -> int:
    return product_form.need(request.form.get(name, ""), words)


def _moment(name: str, what: str) -> datetime:
    try:
        typed = datetime.fromisoformat(request.form.get(name, ""))
    except ValueError as error:
        raise MomentMissing(what=what) from error
    return typed if typed.tzinfo else typed.replace(tzinfo=SEOUL)
