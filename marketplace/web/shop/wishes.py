"""The wish list."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.catalog import wishes
from marketplace.core import clock
from marketplace.core.db import transaction
from marketplace.search.queries import list_cards
from marketplace.web.guards import MEMBER, allow
from marketplace.web.returning import safe_path
from marketplace.web.shop import cards

bp = Blueprint("shop_wishes", __name__)


@bp.get("/my/wishes")
@allow(MEMBER)
def index() -> ResponseReturnValue:
    """Show the viewer's wish list, newest wish first."""
    product_ids = wishes.list_wished(person_id=current_user.person_id)
    found = list_cards(product_ids)
    return render_template("shop/wishes.html", cards=cards.product_cards(found, at=clock.now()))


@bp.post("/wishes/<int:product_id>")
@allow(MEMBER)
def put(product_id: int) -> ResponseReturnValue:
    """Put a product on the viewer's wish list, or take it off."""
    with transaction():
        if request.form.get("wished") == "0":
            wishes.take_off(person_id=current_user.person_id, product_id=product_id)
        else:
            wishes.put(person_id=current_user.person_id, product_id=product_id)
    if request.headers.get("HX-Request"):
        return "", 204
    back = safe_path(request.form.get("next"), default=url_for("shop_wishes.index"))
    return redirect(back, code=303)
