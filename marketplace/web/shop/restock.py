"""Being told when something sold out can be bought again."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.catalog import restock
from marketplace.core.db import in_transaction
from marketplace.core.errors import Conflict
from marketplace.web.guards import MEMBER, allow
from marketplace.web.returning import safe_path

bp = Blueprint("shop_restock", __name__)


@bp.get("/my/restock")
@allow(MEMBER)
def index() -> ResponseReturnValue:
    """Show what the viewer waits for."""
    return render_template("shop/restock.html", rows=restock.list_own(current_user.person_id))


@bp.post("/restock/<int:variant_id>")
@allow(MEMBER)
def ask(variant_id: int) -> ResponseReturnValue:
    """Tell the viewer once this is in stock again."""
    person_id = current_user.person_id
    try:
        product_id = in_transaction(lambda: restock.ask(person_id=person_id, variant_id=variant_id))
    except Conflict as error:
        # What they came from says itself whether it can be bought by now.
        flash(str(error), "warn")
        return redirect(safe_path(request.form.get("next"), default=url_for(".index")), code=303)
    flash("다시 들어오면 알림과 이메일로 한 번 알려 드립니다.", "ok")
    return redirect(url_for("shop_products.show", product_id=product_id), code=303)


@bp.post("/my/restock/<int:variant_id>/forget")
@allow(MEMBER)
def forget(variant_id: int) -> ResponseReturnValue:
    """Tell the viewer nothing about this any more."""
    person_id = current_user.person_id
    in_transaction(lambda: restock.forget(person_id=person_id, variant_id=variant_id))
    flash("재입고 알림을 지웠습니다.", "ok")
    back = safe_path(request.form.get("next"), default=url_for(".index"))
    return redirect(back, code=303)
