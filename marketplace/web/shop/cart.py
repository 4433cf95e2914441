"""The cart."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.checkout import cart
from marketplace.core import clock
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError
from marketplace.web.errors import status_of
from marketplace.web.guards import EVERYONE, MEMBER, allow
from marketplace.web.shop import cart_page, carts, own_orders

bp = Blueprint("shop_cart", __name__, url_prefix="/cart")


@bp.get("")
@allow(EVERYONE)
def show() -> ResponseReturnValue:
    """Show the cart, priced now."""
    return _page()


@bp.post("/items")
@allow(EVERYONE)
def add() -> ResponseReturnValue:
    """Put pieces of a product into the cart; "buy now" goes on to the order sheet with it alone."""
    variant_id, quantity = carts.sent_number("variant_id"), carts.sent_number("quantity")
    buys_now = request.form.get("then") == "checkout"
    owner, at = carts.owner(), clock.now()

    def put() -> None:
        cart.add(owner=owner, variant_id=variant_id, quantity=quantity, at=at)
        if buys_now:
            # As many as the product page said, whatever was in the cart before.
            cart.set_quantity(owner=owner, variant_id=variant_id, quantity=quantity, at=at)
            cart.select_only(owner=owner, variant_ids=[variant_id])

    try:
        in_transaction(put)
    except DomainError as error:
        return _page(error), status_of(error)
    if not buys_now:
        flash("장바구니에 담았습니다.", "ok")
    onwards = url_for("shop_checkout.show") if buys_now else url_for(".show")
    return carts.remember(make_response(redirect(onwards, code=303)))


@bp.post("/items/<int:variant_id>")
@allow(EVERYONE)
def change(variant_id: int) -> ResponseReturnValue:
    """Change how many pieces are wanted."""
    quantity, at = carts.sent_number("quantity"), clock.now()
    return _do(
        lambda: cart.set_quantity(
            owner=carts.owner(), variant_id=variant_id, quantity=quantity, at=at
        )
    )


@bp.post("/items/<int:variant_id>/remove")
@allow(EVERYONE)
def remove(variant_id: int) -> ResponseReturnValue:
    """Take a product out of the cart."""
    return _do(lambda: cart.remove(owner=carts.owner(), variant_ids=[variant_id]))


@bp.post("/selection")
@allow(EVERYONE)
def select() -> ResponseReturnValue:
    """Choose which products the next order is about."""
    chosen = carts.sent_ids("variant_id")
    return _do(lambda: cart.select_only(owner=carts.owner(), variant_ids=chosen))


@bp.post("/coupons")
@allow(MEMBER)
def put_coupons() -> ResponseReturnValue:
    """Use exactly the coupons that are ticked."""
    coupon_ids, at = carts.sent_ids("coupon_id"), clock.now()
    return _do(lambda: cart.put_coupons(owner=carts.owner(), coupon_ids=coupon_ids, at=at))


@bp.post("/prices")
@allow(EVERYONE)
def accept_prices() -> ResponseReturnValue:
    """Note that the visitor has seen the prices of today."""
    at = clock.now()
    return _do(lambda: cart.accept_prices(owner=carts.owner(), at=at))


def _do(work: Callable[[], None]) -> ResponseReturnValue:
    try:
        in_transaction(work)
    except DomainError as error:
        return _page(error), status_of(error)
    return redirect(url_for(".show"), code=303)


def _page(error: DomainError | None = None) -> str:
    at = clock.now()
    view = cart.view(owner=carts.owner(), at=at)
    is_fragment = request.headers.get("HX-Request") == "true"
    return render_template(
        "shop/cart/body.html" if is_fragment else "shop/cart/show.html",
        is_fragment=is_fragment,
        view=view,
        groups=cart_page.groups(view),
        coupons=cart_page.coupon_choices(view, person_id=current_user.person_id, at=at),
        sum_rows=cart_page.sum_rows(view),
        thumb=cart_page.thumb,
        most=cart.MOST_PIECES,
        open_payment=own_orders.open_payment_id(at),
        error=error,
    )
