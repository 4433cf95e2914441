"""The order sheet: everything an order needs on one page."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import CSRFError

from marketplace.accounts import addresses, queries
from marketplace.accounts.addresses import Entry
from marketplace.accounts.roles import Role
from marketplace.checkout import cart, placing
from marketplace.checkout import queries as checkout_queries
from marketplace.checkout.cart import CartView
from marketplace.checkout.placing import PlacedOrder
from marketplace.checkout.queries import PaymentChoice
from marketplace.core import clock, phone
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError
from marketplace.core.money import Won
from marketplace.core.settings import Settings
from marketplace.payments.codes import ProviderCode
from marketplace.payments.port import ProviderRefused, ProviderUnavailable
from marketplace.web import limits
from marketplace.web.errors import status_of
from marketplace.web.guards import EVERYONE, MEMBER, allow
from marketplace.web.shop import cart_page, carts, order_sheet, own_orders, payment_steps
from marketplace.web.shop.order_sheet import OrderSheet

bp = Blueprint("shop_checkout", __name__, url_prefix="/checkout")


@dataclass(frozen=True)
class Priced:
    """A sheet with its price: what the page and its changing parts are made of."""

    sheet: OrderSheet
    view: CartView
    choices: Sequence[PaymentChoice]
    at: datetime

    @property
    def total(self) -> Won:
        """Return what the buyer would pay."""
        return self.view.priced.pay_total


@bp.get("")
@allow(EVERYONE)
def show() -> ResponseReturnValue:
    """Show the order sheet, with what was typed before a sign-in."""
    at = clock.now()
    unfinished = _unfinished(at)
    if unfinished is not None:
        return render_template("shop/checkout/unfinished.html", page=unfinished)
    sheet = order_sheet.find_draft() or _fresh_sheet()
    priced = _priced(sheet, at)
    if not priced.view.can_order:
        flash("주문할 상품을 장바구니에서 확인해 주세요.", "warn")
        return redirect(url_for("shop_cart.show"), code=303)
    return _page(priced)


@bp.get("/priced")
@allow(EVERYONE)
def priced() -> ResponseReturnValue:
    """Show the parts of the sheet that depend on address and coupons."""
    found = _priced(OrderSheet(request.args), clock.now())
    return render_template("shop/checkout/priced.html", **_parts(found))


@bp.post("/coupons")
@allow(MEMBER)
def put_coupons() -> ResponseReturnValue:
    """Use exactly the ticked coupons; what was typed elsewhere on the sheet stays."""
    at = clock.now()
    sheet = OrderSheet.sent()
    try:
        _put_ticked_coupons(at)
    except DomainError as error:
        return _page(_priced(sheet, at), error), status_of(error)
    if request.headers.get("HX-Request") == "true":
        chosen = request.form.get
        address = url_for(
            ".priced",
            place=chosen("place"),
            zip_code=chosen("zip_code"),
            provider=chosen("provider"),
        )
        return redirect(address, code=303)
    return _with_draft(redirect(url_for(".show"), code=303))


@bp.post("/sign-in")
@allow(EVERYONE)
def sign_in() -> ResponseReturnValue:
    """Lead a guest to the sign-in and back, keeping what was typed."""
    return _with_draft(_to_sign_in())


@bp.post("")
@allow(EVERYONE)
def place() -> ResponseReturnValue:
    """Place the order, then go on to paying it."""
    at = clock.now()
    if _has_lost_session():
        return _with_draft(_to_sign_in())
    sheet = OrderSheet.sent()
    is_guest = not current_user.is_authenticated
    try:
        _put_ticked_coupons(at)
        _offer_all(sheet)
        if not sheet.complete(is_guest=is_guest, seen_total=_seen_total()):
            return _page(_priced(sheet, at)), 422
        placed = in_transaction(partial(_place, sheet, at))
    except DomainError as error:
        # The same press may have come before and taken these very coupons.
        before = placing.find_placed(owner=carts.owner(), attempt_key=sheet.attempt_key.data or "")
        if before is None:
            return _page(_priced(sheet, at), error), status_of(error)
        placed = before
    return order_sheet.drop_draft(make_response(_go_to_pay(placed)))


@bp.errorhandler(CSRFError)
def page_too_old(_: CSRFError) -> ResponseReturnValue:
    """Keep what was typed on a page whose session has ended."""
    if request.endpoint != "shop_checkout.place":
        return redirect(url_for(".show"), code=303)
    if _has_lost_session():
        return _with_draft(_to_sign_in())
    sheet = OrderSheet.sent()
    flash("화면이 오래 열려 있어 주문하지 않았습니다. 내용을 확인하고 다시 눌러 주세요.", "warn")
    return _page(_priced(sheet, clock.now())), 400


def _place(sheet: OrderSheet, at: datetime) -> PlacedOrder:
    person_id = current_user.person_id
    placed = placing.place_order(
        owner=carts.owner(),
        attempt_key=sheet.attempt_key.data or "",
        form=sheet.order_form(seen_total=_seen_total()),
        at=at,
        ip=limits.client_address(),
    )
    if person_id and placed.is_new and sheet.keep_address.data and sheet.entry is None:
        addresses.add(person_id=person_id, written=sheet.written, is_default=False)
    return placed


def _go_to_pay(placed: PlacedOrder) -> ResponseReturnValue:
    if not current_user.is_authenticated:
        own_orders.open_to_guest(placed.order_id, placed.number)
    done = url_for("shop_orders.done", number=placed.number)
    if placed.is_confirmed:
        return redirect(done, code=303)
    if placed.provider is not ProviderCode.STRIPE:
        return redirect(url_for("shop_payment.show", public_id=placed.payment_public_id), code=303)
    public_id = placed.payment_public_id
    try:
        went = payment_steps.start_placed(placed)
    except (ProviderUnavailable, ProviderRefused) as error:
        # The order stands; its page says so and offers to try again.
        flash(f"주문은 접수되었습니다. {error}", "warn")
    except DomainError as error:
        flash(str(error), "warn")
    else:
        public_id = went.payment.public_id
        if went.is_settled:
            return redirect(done, code=303)
    own_orders.note_open_payment(
        public_id, until=clock.now() + placing.TIME_TO_PAY[ProviderCode.STRIPE]
    )
    return redirect(url_for("shop_payment.show", public_id=public_id), code=303)


def _put_ticked_coupons(at: datetime) -> None:
    """Let the cart use what is ticked on the sheet, in a transaction of its own."""
    if not current_user.is_authenticated or "has_coupons" not in request.form:
        return
    wanted = "best_id" if "use_best" in request.form else "coupon_id"
    ticked, owner = carts.sent_ids(wanted), carts.owner()
    if set(ticked) != set(cart.list_coupon_ids(owner=owner)):
        in_transaction(lambda: cart.put_coupons(owner=owner, coupon_ids=ticked, at=at))


def _fresh_sheet() -> OrderSheet:
    if not current_user.is_authenticated:
        return OrderSheet()
    person = queries.get_person(current_user.person_id)
    return OrderSheet(
        data={
            "buyer_name": person.name,
            "buyer_phone": phone.dashed(person.phone or ""),
            "buyer_email": person.email,
        }
    )


def _offer_all(sheet: OrderSheet) -> None:
    """Let the sheet take every way to pay: what the price allows is for placing to say."""
    seen = _seen_total()
    choices = _choices(Won(max(seen, placing.LEAST_BY_CARD)) if seen else Won(0))
    sheet.offer(_entries(), _offered(choices))


def _entries() -> list[Entry]:
    person_id = current_user.person_id
    return [] if person_id is None else addresses.list_addresses(person_id)


def _choices(amount: Won) -> list[PaymentChoice]:
    return checkout_queries.list_choices(
        amount=amount,
        takes_cards=_settings().stripe_secret_key is not None,
        for_department=current_user.belongs_to(Role.DEPARTMENT_BUYER),
    )


def _offered(choices: Sequence[PaymentChoice]) -> list[tuple[str, str]]:
    return [(choice.code.value, choice.label) for choice in choices]


def _priced(sheet: OrderSheet, at: datetime) -> Priced:
    owner, entries = carts.owner(), _entries()
    sheet.offer(entries, ())
    view = cart.view(owner=owner, at=at, zip_code=sheet.zip_in_use or None)
    choices = _choices(view.priced.pay_total)
    sheet.offer(entries, _offered(choices))
    if not sheet.attempt_key.data:
        sheet.attempt_key.data = secrets.token_urlsafe(24)
    return Priced(sheet, view, choices, at)


def _parts(priced: Priced) -> dict[str, object]:
    return {
        "form": priced.sheet,
        "view": priced.view,
        "groups": cart_page.groups(priced.view),
        "coupons": cart_page.coupon_choices(
            priced.view, person_id=current_user.person_id, at=priced.at
        ),
        "sum_rows": cart_page.sum_rows(priced.view),
        "total": priced.total,
        "choices": priced.choices,
    }


def _page(priced: Priced, error: DomainError | None = None) -> str:
    return render_template(
        "shop/checkout/show.html",
        **_parts(priced),
        entries=list(priced.sheet.entries.values()),
        memos=order_sheet.MEMOS,
        thumb=cart_page.thumb,
        dashed=phone.dashed,
        error=error,
        changes=getattr(error, "changes", ()),
    )


def _unfinished(at: datetime) -> checkout_queries.PaymentPage | None:
    """Return the payment this browser began and never finished, if its order still waits."""
    public_id = own_orders.open_payment_id(at)
    if public_id is None:
        return None
    try:
        page = checkout_queries.get_payment_page(public_id)
    except DomainError:
        return None
    order = page.order
    waits = order.paid_at is None and order.closed_at is None and order.expires_at > at
    return page if waits and own_orders.is_mine(order) else None


def _has_lost_session() -> bool:
    """Say whether the page was made for a member who is not signed in any more."""
    return request.form.get("as_member") == "1" and not current_user.is_authenticated


def _to_sign_in() -> ResponseReturnValue:
    flash("로그인하면 쓰시던 주문서로 돌아갑니다.", "warn")
    return redirect(url_for("shop_sign_in.show", next=url_for(".show")), code=303)


def _with_draft(answer: ResponseReturnValue) -> Response:
    return order_sheet.keep_draft(make_response(answer), secure=_settings().secure_cookies)


def _seen_total() -> int:
    # No page shows less than nothing: that is refused as a changed amount.
    return carts.sent_number("seen_total", otherwise=-1)


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings
