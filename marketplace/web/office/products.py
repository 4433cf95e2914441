"""상품 검토: the office's look at products before they are sold, where it asked for one."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.accounts.roles import Role
from marketplace.catalog import product_page, selling
from marketplace.core import clock
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError, NotFound
from marketplace.web import forms
from marketplace.web.errors import status_of
from marketplace.web.guards import allow
from marketplace.web.shop import product_view

bp = Blueprint("office_products", __name__, url_prefix="/office/products")


@bp.get("")
@allow(Role.OPERATOR, Role.AUDITOR)
def index() -> ResponseReturnValue:
    """List the products that wait, oldest first."""
    return _page()


@bp.get("/<int:product_id>")
@allow(Role.OPERATOR, Role.AUDITOR)
def show(product_id: int) -> ResponseReturnValue:
    """Show a product as buyers will see it."""
    product = product_page.preview_page(product_id)
    return product_view.render(product, at=clock.now(), is_preview=True)


@bp.post("/<int:product_id>")
@allow(Role.OPERATOR)
def decide(product_id: int) -> ResponseReturnValue:
    """Let a product be sold, or say what has to change first."""
    by, at = current_user.person_id, clock.now()
    note = forms.shown_again(request.form.get("note", ""))
    is_approved = request.form.get("decision") == "approve"
    try:
        if is_approved:
            seen = request.form.get("seen", "")
            in_transaction(lambda: selling.approve(product_id=product_id, seen=seen, by=by, at=at))
        else:
            in_transaction(
                lambda: selling.ask_for_changes(product_id=product_id, note=note, by=by, at=at)
            )
    except NotFound:
        raise
    except DomainError as error:
        return _page(error, about=product_id, typed=note), status_of(error)
    done = "판매를 승인했습니다." if is_approved else "고칠 점을 가게에 알렸습니다."
    flash(done, "ok")
    return redirect(url_for(".index"), code=303)


def _page(error: DomainError | None = None, *, about: int = 0, typed: str = "") -> str:
    rows = selling.list_waiting(after=request.args.get("after", 0, type=int))
    is_full = len(rows) == selling.PAGE
    return render_template(
        "office/products.html",
        rows=rows,
        is_reviewing=current_app.extensions["settings"].product_review,
        may_decide=current_user.belongs_to(Role.OPERATOR),
        error=error,
        about=about,
        typed=typed,
        next_url=url_for(".index", after=rows[-1].id) if is_full else None,
    )
