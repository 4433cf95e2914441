"""Product lists, search and product pages."""

from __future__ import annotations

from flask import Blueprint, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from marketplace.catalog import categories as category_tree
from marketplace.catalog.product_page import ProductPage, arrival_estimate, get_product_page
from marketplace.core import clock
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import transaction
from marketplace.coupons import estimates
from marketplace.coupons.estimates import Piece
from marketplace.enterprises.queries import EnterprisePage, get_enterprise_by_id
from marketplace.reviews import queries as reviews
from marketplace.search import assistance, facets, queries, terms, vocabulary
from marketplace.web.guards import EVERYONE, allow
from marketplace.web.pictures import gallery_of
from marketplace.web.shop import cards, structured_data
from marketplace.web.shop.listing import FLAGS, SORTS, read_listing

bp = Blueprint("shop_products", __name__)


@bp.get("/products")
@allow(EVERYONE)
def index() -> ResponseReturnValue:
    """List products by filter, category and search text."""
    at = clock.now()
    tree = category_tree.list_categories()
    listing = read_listing(tree)
    page = queries.search_products(listing.filters, sort=listing.sort, after=listing.after)
    counts = facets.count_facets(listing.filters)
    if listing.filters.has_text and listing.after is None:
        _note_search(listing.filters.text, found=bool(page.items))
    help_ = None
    if listing.filters.has_text and not page.items:
        help_ = assistance.assist(listing.filters.text, at=at)
    more = listing.address(after=page.next_cursor) if page.next_cursor else None
    fragment = request.headers.get("HX-Request") == "true" and listing.after is not None
    return render_template(
        "shop/products/more.html" if fragment else "shop/products/index.html",
        listing=listing,
        cards=cards.product_cards(page.items, at=at),
        next_url=more,
        facets=counts,
        categories=tree,
        sorts=[
            (label, listing.address(sort=sort.value), sort is listing.sort) for sort, label in SORTS
        ],
        flags=FLAGS,
        help=help_,
    )


@bp.get("/products/suggest")
@allow(EVERYONE)
def suggest() -> ResponseReturnValue:
    """Complete what is being typed into the search field."""
    typed = request.args.get("q", "")[:60]
    found = vocabulary.suggest(typed) if typed.strip() else []
    return jsonify([suggestion.word for suggestion in found])


@bp.get("/products/<int:product_id>")
@allow(EVERYONE)
def show(product_id: int) -> ResponseReturnValue:
    """Show one product."""
    at = clock.now()
    today = day_in_seoul(at)
    product = get_product_page(product_id)
    enterprise = get_enterprise_by_id(product.enterprise_id, on=today)
    return render_template(
        "shop/products/show.html",
        product=product,
        enterprise=enterprise,
        pictures=gallery_of(product.pictures),
        arrives_on=arrival_estimate(product.lead_days, on=today),
        coupon_price=estimates.price_with_best(
            _piece(product, enterprise), cards.rules_for_viewer(at)
        ),
        told=reviews.summary_of(product_id),
        structured=structured_data.product(product, enterprise),
    )


def _note_search(text: str, *, found: bool) -> None:
    terms.counter.note(text, found=found)
    tallies = terms.counter.take_due()
    if tallies:
        with transaction():
            terms.record(tallies, at=clock.now())


def _piece(product: ProductPage, enterprise: EnterprisePage) -> Piece:
    return Piece(
        product_id=product.id,
        enterprise_id=product.enterprise_id,
        category_path=product.category_path,
        kinds=enterprise.kinds,
        price=product.price,
        coupon_eligible=product.coupon_eligible,
    )
