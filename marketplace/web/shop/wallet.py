"""The coupon wallet: what the viewer has, shown at a till, and what they used there."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime

import segno
from flask import Blueprint, flash, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from markupsafe import Markup

from marketplace.core import clock
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError
from marketplace.coupons import labels, places, receipts, tokens, waiting
from marketplace.coupons.offers import CouponChannel, CouponKind, CouponState
from marketplace.coupons.queries import WalletCoupon, list_wallet
from marketplace.coupons.receipts import ReceiptNotFound
from marketplace.coupons.refusals import CouponNotFound
from marketplace.coupons.tokens import ShownToken
from marketplace.web.errors import status_of
from marketplace.web.filters import day
from marketplace.web.guards import MEMBER, allow

bp = Blueprint("shop_wallet", __name__, url_prefix="/my/coupons")

STATES = {
    CouponState.CLAIMED: "사용 가능",
    CouponState.HELD: "주문에 사용 중",
    CouponState.REDEEMED: "사용 완료",
    CouponState.EXPIRED: "기간 만료",
    CouponState.REVOKED: "회수됨",
}


@bp.get("")
@allow(MEMBER)
def index() -> ResponseReturnValue:
    """Show the viewer's coupons: what they are worth, until when, where."""
    at = clock.now()
    coupons = list_wallet(person_id=current_user.person_id)
    usable = [coupon for coupon in coupons if coupon.is_usable(at)]
    _say_what_was_claimed(usable)
    return render_template(
        "shop/coupons/wallet.html",
        usable=usable,
        held=[coupon for coupon in coupons if coupon.state is CouponState.HELD],
        past=[coupon for coupon in coupons if _is_past(coupon, at)],
        states=STATES,
        worth=labels.worth,
        terms=labels.terms,
        is_for_tills=_is_for_tills,
        receipts=receipts.list_of_person(person_id=current_user.person_id)[:5],
        to_return=[coupon for coupon in usable if not coupon.was_used],
        queues=waiting.list_places(person_id=current_user.person_id, at=at),
    )


@bp.get("/<int:coupon_id>")
@allow(MEMBER)
def show(coupon_id: int) -> ResponseReturnValue:
    """Show one coupon big, ready for a till."""
    return _coupon_page(_own(coupon_id))


@bp.post("/<int:coupon_id>/token")
@allow(MEMBER)
def token(coupon_id: int) -> ResponseReturnValue:
    """Show a new QR; the one before ends. Answered at once, because no address may name it."""
    at, person_id = clock.now(), current_user.person_id
    part = "shop/coupons/_token.html" if request.headers.get("HX-Request") else None
    try:
        shown = in_transaction(
            lambda: tokens.issue(coupon_id=coupon_id, person_id=person_id, at=at)
        )
    except DomainError as error:
        if part:
            return render_template(part, shown=None, error=error), status_of(error)
        return _coupon_page(_own(coupon_id), error=error), status_of(error)
    if part:
        return render_template(part, error=None, **_drawn(shown, at))
    return _coupon_page(_own(coupon_id), **_drawn(shown, at))


@bp.get("/receipts")
@allow(MEMBER)
def used() -> ResponseReturnValue:
    """List what the viewer used at tills."""
    return render_template(
        "shop/coupons/receipts.html",
        receipts=receipts.list_of_person(person_id=current_user.person_id),
    )


@bp.get("/receipts/<number>")
@allow(MEMBER)
def receipt(number: str) -> ResponseReturnValue:
    """Show one receipt of the viewer's."""
    told = receipts.get(number)
    if told.person_id != current_user.person_id:
        raise ReceiptNotFound
    return render_template("shop/coupons/receipt.html", receipt=told)


def _say_what_was_claimed(usable: Sequence[WalletCoupon]) -> None:
    """Name the coupon the viewer comes here with, if it is theirs."""
    for name, said in (("got", "{}을 받았습니다."), ("has", "{}은 이미 받은 쿠폰입니다.")):
        coupon_id = request.args.get(name, type=int)
        for coupon in usable:
            if coupon.id == coupon_id:
                called = said.format(labels.called(coupon.campaign_name))
                flash(f"{called} {day(coupon.expires_at)}까지 쓸 수 있습니다.", "ok")


def _own(coupon_id: int) -> WalletCoupon:
    for coupon in list_wallet(person_id=current_user.person_id):
        if coupon.id == coupon_id:
            return coupon
    raise CouponNotFound


def _is_past(coupon: WalletCoupon, at: datetime) -> bool:
    return coupon.state is not CouponState.HELD and not coupon.is_usable(at)


def _is_for_tills(coupon: WalletCoupon) -> bool:
    is_for_products = coupon.scope.get("products") or coupon.scope.get("categories")
    return (
        coupon.channel is not CouponChannel.ONLINE
        and coupon.kind is not CouponKind.FREE_SHIPPING
        and not is_for_products
    )


def _drawn(shown: ShownToken, at: datetime) -> dict[str, object]:
    drawing = io.BytesIO()
    segno.make(shown.qr, error="m", micro=False).save(
        drawing, kind="svg", border=2, omitsize=True, svgclass="qr", xmldecl=False, svgns=False
    )
    # Drawn by segno from our own text.
    picture = Markup(drawing.getvalue().decode())  # noqa: S704
    return {
        "shown": shown,
        "picture": picture,
        "seconds": int((shown.expires_at - at).total_seconds()),
    }


def _coupon_page(coupon: WalletCoupon, **what: object) -> str:
    at = clock.now()
    is_for_tills = _is_for_tills(coupon)
    return render_template(
        "shop/coupons/coupon.html",
        coupon=coupon,
        number_unit=labels.worth(coupon.kind, coupon.amount, coupon.rate_bps),
        terms=labels.terms(coupon.min_order, coupon.max_discount, coupon.channel),
        state=STATES[coupon.state],
        can_show=is_for_tills and coupon.is_usable(at) and coupon.balance > 0,
        is_for_tills=is_for_tills,
        can_return=coupon.is_usable(at) and not coupon.was_used,
        is_in_parts=coupon.kind is CouponKind.STORED_VALUE,
        places=places.list_places(coupon.scope, on=day_in_seoul(at)) if is_for_tills else [],
        receipts=receipts.list_of_person(person_id=current_user.person_id, coupon_id=coupon.id),
        **{"shown": None, "error": None, **what},
    )
