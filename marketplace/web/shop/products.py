"""Product lists, search and product pages."""

from __future__ import annotations

from flask import Blueprint, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from marketplace.catalog.product_page import get_product_page
from marketplace.checkout import pricing
from marketplace.checkout.pricing import Wanted
from marketplace.core import clock
from marketplace.core.db import transaction
from marketplace.coupons import estimates
from marketplace.coupons.estimates import Piece
from marketplace.search import assistance, facets, queries, terms, vocabulary
from marketplace.web.guards import EVERYONE, allow
from marketplace.web.kept_pages import keep_for_strangers
from marketplace.web.shop import buying, cards, listing, product_view

bp = Blueprint("shop_products", __name__)


@bp.get("/products")
@allow(EVERYONE)
@keep_for_strangers
def index() -> ResponseReturnValue:
    """List products by filter, category and search text."""
    at = clock.now()
    asked = listing.read_listing()
    page = queries.search_products(asked.filters, sort=asked.sort, after=asked.after)
    drawn = cards.product_cards(page.items, at=at, asked_kinds=asked.filters.kinds)
    next_url = asked.address(after=page.next_cursor) if page.next_cursor else None
    if request.headers.get("HX-Request") and asked.after:
        return render_template("shop/products/more.html", cards=drawn, next_url=next_url)
    help_ = None
    if asked.filters.has_text and asked.after is None:
        _note_search(asked.filters.text, found=bool(page.items))
        help_ = None if page.items else assistance.assist(asked.filters.text, at=at)
    return render_template(
        "shop/products/index.html",
        listing=asked,
        cards=drawn,
        next_url=next_url,
        facets=facets.count_facets(asked.filters),
        categories=listing.categories(),
        kind_labels=listing.KIND_LABELS,
        sorts=[
            (label, asked.address(sort=sort.value), sort is asked.sort)
            for sort, label in listing.SORTS
        ],
        flags=listing.FLAGS,
        help=help_,
    )


@bp.get("/products/suggest")
@allow(EVERYONE)
def suggest() -> ResponseReturnValue:
    """Complete what is being typed into the search field."""
    typed = request.args.get("q", "")[:60]
    found = vocabulary.suggest(typed, limit=8) if typed.strip() else []
    return jsonify([suggestion.word for suggestion in found])


@bp.get("/products/<int:product_id>")
@allow(EVERYONE)
@keep_for_strangers
def show(product_id: int) -> ResponseReturnValue:
    """Show one product."""
    return product_view.render(get_product_page(product_id), at=clock.now())


@bp.get("/products/<int:product_id>/total")
@allow(EVERYONE)
def total(product_id: int) -> ResponseReturnValue:
    """Price the chosen option and quantity, shipping included, as the cart would."""
    at = clock.now()
    chosen = buying.find_chosen(product_id, request.args.get("variant_id", ""), at=at)
    priced = pricing.price(
        goods=[Wanted(chosen, buying.read_quantity(request.args.get("quantity", "")))],
        offered=[],
        coupon_ids=[],
        person_id=None,
        zone=None,
        at=at,
    )
    piece = Piece(
        product_id=product_id,
        enterprise_id=chosen.enterprise_id,
        category_path=chosen.category_path,
        kinds=chosen.designation_kinds,
        price=chosen.unit_price,
        coupon_eligible=chosen.coupon_eligible,
    )
    return render_template(
        "shop/products/total.html",
        chosen=chosen,
        quantity=priced.goods[0].quantity,
        priced=priced,
        coupon_price=estimates.price_with_best(piece, cards.rules_for_viewer(at)),
    )


def _note_search(text: str, *, found: bool) -> None:
    terms.counter.note(text, found=found)
    tallies = terms.counter.take_due()
    if tallies:
        with transaction():
            terms.record(tallies, at=clock.now())
