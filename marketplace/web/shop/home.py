"""The first page."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.core import clock
from marketplace.core.calendar import day_in_seoul
from marketplace.coupons.queries import find_campaign_of_the_moment
from marketplace.enterprises.designations import LABELS
from marketplace.enterprises.queries import count_by_kind
from marketplace.search.filters import ProductFilter, Sort
from marketplace.search.queries import search_products
from marketplace.web import kept
from marketplace.web.guards import EVERYONE, allow
from marketplace.web.kept_pages import keep_for_strangers
from marketplace.web.shop import cards
from marketplace.web.shop.tickets import ticket

bp = Blueprint("shop_home", __name__)

_SHOWN = 8


@bp.get("/")
@allow(EVERYONE)
@keep_for_strangers
def show() -> ResponseReturnValue:
    """Show the story of 세나루, the coupon of the moment and what is new and popular."""
    at = clock.now()
    counts = kept.recall("kind counts", lambda: count_by_kind(on=day_in_seoul(at)))
    campaign = find_campaign_of_the_moment(at=at, person_id=current_user.person_id)
    on_sale = ProductFilter(in_stock=True)
    newest = search_products(on_sale, sort=Sort.NEWEST, limit=_SHOWN).items
    popular = search_products(on_sale, sort=Sort.POPULAR, limit=_SHOWN).items
    drawn = cards.product_cards([*newest, *popular], at=at)
    return render_template(
        "shop/home.html",
        ticket=None if campaign is None else ticket(campaign, at=at),
        kinds=[(kind, label, counts[kind]) for kind, label in LABELS.items()],
        newest=drawn[: len(newest)],
        popular=drawn[len(newest) :],
    )
