"""The coupon wallet."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.core import clock
from marketplace.coupons import labels
from marketplace.coupons.offers import CouponState
from marketplace.coupons.queries import list_wallet
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
    return render_template(
        "shop/coupons/wallet.html",
        usable=usable,
        others=[coupon for coupon in coupons if not coupon.is_usable(at)],
        states=STATES,
        worth=labels.worth,
        terms=labels.terms,
    )
