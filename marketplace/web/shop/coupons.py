"""The coupon zone."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.core import clock
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError
from marketplace.coupons import claims
from marketplace.coupons.queries import list_campaigns
from marketplace.coupons.refusals import CouponNotFound
from marketplace.web import kept
from marketplace.web.errors import status_of
from marketplace.web.filters import day
from marketplace.web.guards import EVERYONE, MEMBER, allow
from marketplace.web.kept_pages import keep_for_strangers
from marketplace.web.shop.tickets import ticket

bp = Blueprint("shop_coupons", __name__, url_prefix="/coupons")

# Thousands may watch the same count; the database is asked for it this often.
_COUNTED_EVERY = 2.0


@bp.get("")
@allow(EVERYONE)
@keep_for_strangers
def index() -> ResponseReturnValue:
    """Show every coupon that can be claimed now or soon."""
    return _zone()


@bp.get("/<slug>/left")
@allow(EVERYONE)
def left(slug: str) -> ResponseReturnValue:
    """Say how many coupons of a campaign are left, for pages that stay open."""
    at = clock.now()
    cards = kept.recall("campaigns", lambda: list_campaigns(at=at), seconds=_COUNTED_EVERY)
    found = next((card for card in cards if card.slug == slug), None)
    if found is None:
        raise CouponNotFound
    return render_template("shop/coupons/left.html", ticket=ticket(found, at=at))


@bp.post("/<slug>/claim")
@allow(MEMBER)
def claim(slug: str) -> ResponseReturnValue:
    """Give the viewer one coupon of the campaign; again, the same coupon."""
    at = clock.now()
    try:
        taken = in_transaction(
            lambda: claims.claim(
                campaign_id=claims.find_campaign_id(slug), person_id=current_user.person_id, at=at
            )
        )
    except DomainError as error:
        return _zone(error), status_of(error)
    until = f"{day(taken.expires_at)}까지 쓸 수 있습니다."
    if taken.fresh:
        flash(f"{taken.campaign_name} 쿠폰을 받았습니다. {until}", "ok")
    else:
        flash(f"이미 받은 쿠폰입니다. {until}", "info")
    return redirect(url_for("shop_wallet.index"), code=303)


def _zone(error: DomainError | None = None) -> str:
    at = clock.now()
    person_id = current_user.person_id if current_user.is_authenticated else None
    campaigns = list_campaigns(at=at, person_id=person_id)
    return render_template(
        "shop/coupons/index.html",
        tickets=[ticket(campaign, at=at) for campaign in campaigns],
        error=error,
    )
