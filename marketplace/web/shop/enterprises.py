"""The enterprises' pages."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.core import clock
from marketplace.core.calendar import day_in_seoul
from marketplace.enterprises.designations import LABELS, DesignationKind
from marketplace.enterprises.queries import get_enterprise, list_enterprises
from marketplace.search.filters import ProductFilter, Sort
from marketplace.search.queries import search_products
from marketplace.web.guards import EVERYONE, allow
from marketplace.web.kept_pages import keep_for_strangers
from marketplace.web.pictures import shot
from marketplace.web.shop import cards, listing
from marketplace.web.shop.structured_data import absolute

bp = Blueprint("shop_enterprises", __name__, url_prefix="/enterprises")

_SHOWN = 48


@bp.get("")
@allow(EVERYONE)
@keep_for_strangers
def index() -> ResponseReturnValue:
    """List the district's enterprises by kind and dong."""
    asked = request.args.get("kind", "")
    kind = DesignationKind(asked) if asked in listing.KIND_LABELS else None
    dongs = listing.dongs()
    code = request.args.get("dong", "")
    dong_code = code if code in dict(dongs) else None
    found = list_enterprises(on=day_in_seoul(clock.now()), kind=kind, dong_code=dong_code)
    return render_template(
        "shop/enterprises/index.html",
        enterprises=[
            (card, shot(card.picture_key, card.picture_alt) if card.picture_key else None)
            for card in found
        ],
        kinds=list(LABELS.items()),
        labels=LABELS,
        kind=kind,
        dongs=dongs,
        dong_code=dong_code,
    )


@bp.get("/<slug>")
@allow(EVERYONE)
@keep_for_strangers
def show(slug: str) -> ResponseReturnValue:
    """Show one enterprise: its story, designations, address and products."""
    at = clock.now()
    enterprise = get_enterprise(slug, on=day_in_seoul(at))
    page = search_products(
        ProductFilter(enterprise_id=enterprise.id), sort=Sort.POPULAR, limit=_SHOWN
    )
    key = enterprise.picture_key
    return render_template(
        "shop/enterprises/show.html",
        enterprise=enterprise,
        face=shot(key, enterprise.picture_alt) if key else None,
        cards=cards.product_cards(page.items, at=at),
        canonical=absolute(url_for(".show", slug=enterprise.slug)),
    )
