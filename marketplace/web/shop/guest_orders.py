"""Guests look their orders up by number and password."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.checkout import paying
from marketplace.core.errors import DomainError, InvalidInput
from marketplace.orders import numbers
from marketplace.orders import queries as orders
from marketplace.orders.queries import OrderNotFound
from marketplace.web import forms, limits
from marketplace.web.errors import status_of
from marketplace.web.guards import EVERYONE, allow
from marketplace.web.shop import order_pages, own_orders

bp = Blueprint("shop_guest_orders", __name__, url_prefix="/guest/orders")


class LookUpForm(forms.BaseForm):
    """What a guest knows of their order."""

    number = forms.text_field(
        "주문번호", longest=30, attributes={"autocomplete": "off", "autocapitalize": "characters"}
    )
    password = forms.password_field("주문 조회 비밀번호", autocomplete="off")


class LookUpFailed(OrderNotFound):
    """A wrong number and a wrong password are told alike."""

    message = "주문번호와 비밀번호에 맞는 주문이 없습니다. 주문 확인 메일을 다시 살펴 주세요."


@bp.get("")
@allow(EVERYONE)
def look_up() -> ResponseReturnValue:
    """Ask for number and password."""
    return _page(LookUpForm(data={"number": request.args.get("number", "")}))


@bp.post("")
@allow(EVERYONE)
def find() -> ResponseReturnValue:
    """Open a guest's order to whoever knows its password; guessing is limited."""
    form = LookUpForm.sent()
    if not form.validate():
        return _page(form), status_of(InvalidInput)
    number = numbers.tidy(form.number.data)
    try:
        limits.spend(limits.GUEST_ORDER, "from", limits.client_address())
        limits.spend(limits.GUEST_ORDER, "order", number)
        order = orders.get_for_guest(number=number, password=form.password.data)
    except OrderNotFound:
        form.refuse(LookUpFailed())
        return _page(form), status_of(OrderNotFound)
    except DomainError as error:
        form.refuse(error)
        waiting = error.details.get("retry_after")
        return _page(form), status_of(error), {"Retry-After": str(waiting)} if waiting else {}
    limits.forgive(limits.GUEST_ORDER, "order", number)
    own_orders.open_to_guest(order.id, order.number)
    return redirect(url_for(".show", number=order.number), code=303)


@bp.get("/<number>")
@allow(EVERYONE)
def show(number: str) -> ResponseReturnValue:
    """Show an order this browser may see; else ask for its password."""
    try:
        order = own_orders.get_guest_order(number)
    except OrderNotFound:
        return _ask_again(number)
    return order_pages.show(order)


@bp.get("/<number>/cancel")
@allow(EVERYONE)
def cancel_sheet(number: str) -> ResponseReturnValue:
    """Show what cancelling would bring back."""
    try:
        order = own_orders.get_guest_order(number)
    except OrderNotFound:
        return _ask_again(number)
    return order_pages.cancel_sheet(order)


@bp.post("/<number>/cancel")
@allow(EVERYONE)
def cancel(number: str) -> ResponseReturnValue:
    """Cancel the chosen pieces."""
    return order_pages.cancel(own_orders.get_guest_order(number))


@bp.post("/<number>/cancel-unpaid")
@allow(EVERYONE)
def cancel_unpaid(number: str) -> ResponseReturnValue:
    """Cancel a whole unpaid order."""
    return order_pages.cancel_unpaid(own_orders.get_guest_order(number))


@bp.post("/<number>/confirm")
@allow(EVERYONE)
def confirm(number: str) -> ResponseReturnValue:
    """Confirm what has arrived."""
    return order_pages.confirm(own_orders.get_guest_order(number))


@bp.get("/<number>/pay")
@allow(EVERYONE)
def pay(number: str) -> ResponseReturnValue:
    """Lead on to an order's payment."""
    held = paying.newest_of_order(own_orders.get_guest_order(number).id)
    return redirect(url_for("shop_payment.show", public_id=held.public_id), code=303)


def _ask_again(number: str) -> ResponseReturnValue:
    return redirect(url_for(".look_up", number=number[:30]), code=303)


def _page(form: LookUpForm) -> str:
    return render_template("shop/guest_orders/look_up.html", form=form)
