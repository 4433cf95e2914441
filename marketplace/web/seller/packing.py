"""Packing slips: what goes into each box and where it goes, several at once, to be printed."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.core import clock
from marketplace.orders import bundle_page
from marketplace.orders.ownership import BundleNotFound
from marketplace.web.guards import SELLER, allow
from marketplace.web.seller import shops

bp = Blueprint("seller_packing", __name__, url_prefix="/seller/packing")

_MOST: Final = 100


@bp.post("")
@allow(SELLER)
def choose() -> ResponseReturnValue:
    """Lead on to the slips of the ticked orders."""
    chosen = request.form.getlist("bundle", type=int)[:_MOST]
    if not chosen:
        return redirect(url_for("seller_orders.index", tab="ready"), code=303)
    return redirect(url_for(".show", bundle=chosen), code=303)


@bp.get("")
@allow(SELLER)
def show() -> ResponseReturnValue:
    """Show the slips of orders that are packed now."""
    chosen = list(dict.fromkeys(request.args.getlist("bundle", type=int)))[:_MOST]
    if not chosen:
        raise BundleNotFound
    at = clock.now()
    return render_template(
        "seller/orders/packing.html",
        pages=bundle_page.list_to_pack(bundle_ids=chosen, enterprise_ids=shops.own_ids(), at=at),
        printed_at=at,
    )
