"""One product at the enterprise's desk: write, change, look at, copy, sell."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.catalog import (
    editing,
    notice_fields,
    own_products,
    price_plans,
    prices,
    product_page,
    selling,
    shipping_policies,
    variants,
)
from marketplace.catalog.status import MOVES, NAMES, ProductStatus
from marketplace.core import clock
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError, InvalidInput
from marketplace.web.errors import status_of
from marketplace.web.guards import SELLER, allow
from marketplace.web.pictures import shot
from marketplace.web.seller import own_shop, product_form
from marketplace.web.seller.products import LOOKS
from marketplace.web.shop import product_view

bp = Blueprint("seller_product", __name__, url_prefix="/seller/products")

_ACTS: Final = {
    ProductStatus.ON_SALE: "판매 시작",
    ProductStatus.SUSPENDED: "판매 중지",
    ProductStatus.ENDED: "판매 종료",
    ProductStatus.DRAFT: "작성 중으로 되돌리기",
}
_MOVED: Final = {
    ProductStatus.IN_REVIEW: "구청에 검토를 요청했습니다. 승인되면 바로 판매됩니다.",
    ProductStatus.ON_SALE: "판매를 시작했습니다.",
    ProductStatus.SUSPENDED: "판매를 중지했습니다.",
    ProductStatus.ENDED: "판매를 종료했습니다.",
    ProductStatus.DRAFT: "작성 중으로 되돌렸습니다.",
}


class MoveUnknown(InvalidInput):
    message = "무엇을 할지 골라 주세요."


@bp.get("/new")
@allow(SELLER)
def new() -> ResponseReturnValue:
    """Show an empty form, or where to begin when nothing can be shipped yet."""
    return _new_page(product_form.blank(own_shop.enterprise_id()), {})


@bp.post("/new")
@allow(SELLER)
def create() -> ResponseReturnValue:
    """Write a draft."""
    enterprise_id, by, at = own_shop.enterprise_id(), current_user.person_id, clock.now()
    form = product_form.sent(product_form.NewProductForm, enterprise_id)
    draft = product_form.draft_of(form)
    stock = product_form.number_in(form.stock)
    if draft is None or stock is None:
        return _new_page(form, product_form.notice_sent()), status_of(InvalidInput)
    try:
        product_id = in_transaction(
            lambda: editing.create(
                enterprise_id=enterprise_id,
                draft=draft,
                code=form.code.data or None,
                stock=stock,
                by=by,
                at=at,
            )
        )
    except DomainError as error:
        form.refuse(error)
        return _new_page(form, product_form.notice_sent()), status_of(error)
    flash("상품을 저장했습니다. 사진을 올리고 미리보기를 확인한 뒤 판매를 시작하세요.", "ok")
    return redirect(url_for(".edit", product_id=product_id), code=303)


@bp.get("/<int:product_id>")
@allow(SELLER)
def edit(product_id: int) -> ResponseReturnValue:
    """Show a product with everything that can be changed of it."""
    return page(product_id)


@bp.post("/<int:product_id>")
@allow(SELLER)
def save(product_id: int) -> ResponseReturnValue:
    """Change what is said of a product."""
    enterprise_id, by, at = own_shop.enterprise_id(), current_user.person_id, clock.now()
    own_products.get(product_id, enterprise_id)
    form = product_form.sent(product_form.ProductForm, enterprise_id)
    draft = product_form.draft_of(form)
    if draft is None:
        return page(product_id, form=form), status_of(InvalidInput)
    try:
        in_transaction(
            lambda: editing.edit(
                product_id=product_id,
                enterprise_id=enterprise_id,
                draft=draft,
                seen=request.form.get("seen", ""),
                by=by,
                at=at,
            )
        )
    except DomainError as error:
        form.refuse(error)
        return page(product_id, form=form), status_of(error)
    flash("상품 정보를 저장했습니다.", "ok")
    return redirect(url_for(".edit", product_id=product_id), code=303)


@bp.get("/notice")
@allow(SELLER)
def notice() -> ResponseReturnValue:
    """Show the notice's fields of a category that was just chosen."""
    form = product_form.blank(own_shop.enterprise_id())
    kind = product_form.kind_of(request.args.get("category_id"), form.tree)
    return render_template(
        "seller/products/notice.html",
        notice_rows=product_form.notice_rows(kind, {}),
        notice_name=notice_fields.name_of(kind),
        see_page=notice_fields.SEE_PAGE,
    )


@bp.get("/<int:product_id>/preview")
@allow(SELLER)
def preview(product_id: int) -> ResponseReturnValue:
    """Show a product as buyers will see it."""
    product = product_page.preview_page(product_id, enterprise_id=own_shop.enterprise_id())
    return product_view.render(product, at=clock.now(), is_preview=True)


@bp.post("/<int:product_id>/copy")
@allow(SELLER)
def copy(product_id: int) -> ResponseReturnValue:
    """Write a product like this one."""
    enterprise_id, by, at = own_shop.enterprise_id(), current_user.person_id, clock.now()
    made = in_transaction(
        lambda: editing.copy(product_id=product_id, enterprise_id=enterprise_id, by=by, at=at)
    )
    flash("상품을 복사했습니다. 이름과 재고를 확인해 주세요.", "ok")
    return redirect(url_for(".edit", product_id=made), code=303)


@bp.post("/<int:product_id>/move")
@allow(SELLER)
def move(product_id: int) -> ResponseReturnValue:
    """Put a product on sale, or take it off."""
    enterprise_id, by, at = own_shop.enterprise_id(), current_user.person_id, clock.now()
    asked = request.form.get("to", "")
    try:
        if asked not in {status.value for status in _ACTS}:
            raise MoveUnknown
        reached = in_transaction(
            lambda: selling.move(
                product_id=product_id,
                enterprise_id=enterprise_id,
                to=ProductStatus(asked),
                needs_review=current_app.extensions["settings"].product_review,
                by=by,
                at=at,
            )
        )
    except (InvalidInput, selling.MoveRefused, selling.NotReady) as error:
        return page(product_id, error=error), status_of(error)
    flash(_MOVED[reached], "ok")
    return redirect(url_for(".edit", product_id=product_id), code=303)


def page(
    product_id: int,
    *,
    form: Any = None,
    error: DomainError | None = None,
    about: str = "",
    typed: dict[str, str] | None = None,
) -> str:
    """Return the page of a product, with what was typed in the part a refusal is about."""
    enterprise_id = own_shop.enterprise_id()
    product = own_products.get(product_id, enterprise_id)
    said = product.notice if form is None else product_form.notice_sent()
    form = form or product_form.filled(product, enterprise_id)
    kind = product_form.kind_of(form.category_id.data, form.tree) or product.notice_kind
    return render_template(
        "seller/products/edit.html",
        product=product,
        form=form,
        notice_rows=product_form.notice_rows(kind, said),
        notice_name=notice_fields.name_of(kind),
        see_page=notice_fields.SEE_PAGE,
        pictures=[(each, shot(each.key, each.alt)) for each in product.pictures],
        plan=price_plans.find_open(product_id),
        changes=prices.list_changes(product_id),
        names=NAMES,
        looks=LOOKS,
        acts=[(to.value, words) for to, words in _ACTS.items() if _is_offered(product, to)],
        groups=_groups(product),
        most_combinations=variants.MOST_COMBINATIONS,
        error=error,
        about=about,
        typed=typed or {},
    )


def _is_offered(product: own_products.OwnProduct, to: ProductStatus) -> bool:
    if product.status is ProductStatus.IN_REVIEW:
        return to is ProductStatus.DRAFT
    return to in MOVES[product.status]


def _groups(product: own_products.OwnProduct) -> list[tuple[str, str]]:
    """Return the option groups as the form shows them, empty ones to fill."""
    given = [(name, ", ".join(values)) for name, values in product.option_groups]
    return [*given, *[("", "")] * (variants.MOST_GROUPS - len(given))]


def _new_page(form: Any, said: dict[str, str]) -> str:
    kind = product_form.kind_of(form.category_id.data, form.tree)
    return render_template(
        "seller/products/new.html",
        form=form,
        notice_rows=product_form.notice_rows(kind, said),
        notice_name=notice_fields.name_of(kind),
        see_page=notice_fields.SEE_PAGE,
        has_policies=bool(shipping_policies.list_own(own_shop.enterprise_id())),
    )
