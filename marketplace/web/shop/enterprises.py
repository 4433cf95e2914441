"""The enterprises' pages."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from marketplace.accounts.queries import list_dong
from marketplace.core import clock
from marketplace.core.calendar import day_in_seoul
from marketplace.enterprises.designations import LABELS, DesignationKind
from marketplace.enterprises.queries import get_enterprise, list_enterprises
from marketplace.search.filters import ProductFilter, Sort
from marketplace.search.queries import search_products
from marketplace.web.guards import EVERYONE, allow
from marketplace.web.pictures import picture_url
from marketplace.web.shop import cards

bp = Blueprint("shop_enterprises", __name__, url_prefix="/enterprises")

_SHOWN = 48


@bp.get("")
@allow(EVERYONE)
def index() -> ResponseReturnValue:
    """List the district's enterprises by kind and dong."""
    asked = request.args.get("kind", "")
    kind = DesignationKind(asked) if asked in set(DesignationKind) else None
    dongs = list_dong()
    code = request.args.get("dong", "")
    dong_code = code if code in dict(dongs) else None
    found = list_enterprises(on=day_in_seoul(clock.now()), kind=kind, dong_code=dong_code)
    return render_template(
        "shop/enterprises/index.html",
        enterprises=found,
        kinds=list(LABELS.items()),
        labels=LABELS,
        kind=kind,
        dongs=dongs,
        dong_code=dong_code,
        picture_url=picture_url,
    )


@bp.get("/<slug>")
@allow(EVERYONE)
def show(slug: str) -> ResponseReturnValue:
    """Show one enterprise: its story, designations, address and products."""
    at = clock.now()
    enterprise = get_enterprise(slug, on=day_in_seoul(at))
    page = search_products(
        ProductFilter(enterprise_id=enterprise.id), sort=Sort.POPULAR, limit=_SHOWN
    )
    return render_template(
        "shop/enterprises/show.html",
        enterprise=enterprise,
        cards=cards.product_cards(page.items, at=at),
        picture_url=picture_url,
    )
