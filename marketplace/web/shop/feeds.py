"""What other programs read: sitemap, robots, RSS of new products."""

from __future__ import annotations

from flask import Blueprint, Response, render_template

from marketplace.core import clock
from marketplace.core.calendar import day_in_seoul
from marketplace.enterprises.queries import list_enterprises
from marketplace.search import feeds
from marketplace.search.filters import ProductFilter, Sort
from marketplace.search.queries import search_products
from marketplace.web.guards import EVERYONE, allow
from marketplace.web.pictures import picture_url
from marketplace.web.shop.structured_data import absolute

bp = Blueprint("shop_feeds", __name__)

_NEWEST = 50


@bp.get("/sitemap.xml")
@allow(EVERYONE)
def sitemap() -> Response:
    """List the public pages for search engines."""
    return _xml(
        "shop/feeds/sitemap.xml",
        "application/xml",
        products=feeds.list_product_days(),
        enterprises=list_enterprises(on=day_in_seoul(clock.now())),
    )


@bp.get("/robots.txt")
@allow(EVERYONE)
def robots() -> Response:
    """Tell robots what is public and where the sitemap is."""
    return Response(
        render_template("shop/feeds/robots.txt", absolute=absolute), mimetype="text/plain"
    )


@bp.get("/products.rss")
@allow(EVERYONE)
def rss() -> Response:
    """Announce new products."""
    found = search_products(ProductFilter(), sort=Sort.NEWEST, limit=_NEWEST).items
    return _xml("shop/feeds/products.rss", "application/rss+xml", cards=found)


def _xml(template: str, mimetype: str, **values: object) -> Response:
    text = render_template(template, absolute=absolute, picture_url=picture_url, **values)
    return Response(text, mimetype=mimetype)
