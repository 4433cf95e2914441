"""The member's orders, and the page everybody lands on after paying."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.checkout import paying
from marketplace.orders import queries as orders
from marketplace.orders.details import OrderDetail
from marketplace.orders.queries import OrderNotFound
from marketplace.web.guards import EVERYONE, MEMBER, allow
from marketplace.web.returning import here
from marketplace.web.shop import order_pages, own_orders

bp = Blueprint("shop_orders", __name__)


@bp.get("/my/orders")
@allow(MEMBER)
def index() -> ResponseReturnValue:
    """List the member's orders, newest first."""
    page = orders.list_of_person(person_id=current_user.person_id, cursor=request.args.get("after"))
    return render_template(
        "shop/orders/index.html",
        orders=page.orders,
        next_url=url_for(".index", after=page.next_cursor) if page.next_cursor else None,
        is_open=order_pages.is_open,
        **order_pages.words(),
    )


@bp.get("/my/orders/<number>")
@allow(MEMBER)
def show(number: str) -> ResponseReturnValue:
    """Show one order."""
    return order_pages.show(_own(number))


@bp.get("/my/orders/<number>/cancel")
@allow(MEMBER)
def cancel_sheet(number: str) -> ResponseReturnValue:
    """Show what cancelling would bring back."""
    return order_pages.cancel_sheet(_own(number))


@bp.post("/my/orders/<number>/cancel")
@allow(MEMBER)
def cancel(number: str) -> ResponseReturnValue:
    """Cancel the chosen pieces."""
    return order_pages.cancel(_own(number))


@bp.post("/my/orders/<number>/cancel-unpaid")
@allow(MEMBER)
def cancel_unpaid(number: str) -> ResponseReturnValue:
    """Cancel a whole unpaid order."""
    return order_pages.cancel_unpaid(_own(number))


@bp.post("/my/orders/<number>/confirm")
@allow(MEMBER)
def confirm(number: str) -> ResponseReturnValue:
    """Confirm what has arrived."""
    return order_pages.confirm(_own(number))


@bp.get("/my/orders/<number>/pay")
@allow(MEMBER)
def pay(number: str) -> ResponseReturnValue:
    """Lead on to an order's payment."""
    held = paying.newest_of_order(_own(number).id)
    return redirect(url_for("shop_payment.show", public_id=held.public_id), code=303)


@bp.get("/orders/<number>/done")
@allow(EVERYONE)
def done(number: str) -> ResponseReturnValue:
    """Say that the order is placed, and what comes next."""
    try:
        order = own_orders.get_own(number)
    except OrderNotFound:
        if current_user.is_authenticated:
            raise
        return redirect(url_for("shop_sign_in.show", next=here()), code=303)
    held = paying.newest_of_order(order.id)
    return render_template(
        "shop/orders/done.html",
        order=order,
        payment=held,
        deposit=order_pages.deposit_lines(held),
        is_open=order_pages.is_open(order),
        is_guest=order.person_id is None,
        **order_pages.words(),
    )


def _own(number: str) -> OrderDetail:
    return orders.get_for_person(number=number, person_id=current_user.person_id)
