"""A product's page, drawn for buyers and for those who look at it before them."""

from __future__ import annotations

from datetime import datetime

from flask import render_template
from flask_login import current_user

from marketplace.catalog import restock
from marketplace.catalog.product_page import ProductPage, arrival_estimate
from marketplace.core.calendar import day_in_seoul
from marketplace.coupons import estimates
from marketplace.coupons.estimates import Piece
from marketplace.enterprises.queries import get_enterprise_by_id
from marketplace.reviews import queries as reviews
from marketplace.reviews.queries import Reader
from marketplace.web import kept
from marketplace.web.pictures import gallery_of, shot
from marketplace.web.shop import buying, cards, product_notice, structured_data


def render(product: ProductPage, *, at: datetime, is_preview: bool = False) -> str:
    """Return the page of a product."""
    today = day_in_seoul(at)
    enterprise = kept.recall(
        ("enterprise", product.enterprise_id, today),
        lambda: get_enterprise_by_id(product.enterprise_id, on=today),
    )
    piece = Piece(
        product_id=product.id,
        enterprise_id=product.enterprise_id,
        category_path=product.category_path,
        kinds=enterprise.kinds,
        price=product.price,
        coupon_eligible=product.coupon_eligible,
    )
    told = reviews.summary_of(
        product.id, name=product.name, reader=Reader(person_id=current_user.person_id)
    )
    is_wished, waited = _marks(product)
    key = enterprise.picture_key
    return render_template(
        "shop/products/show.html",
        address=structured_data.product_address(product),
        product=product,
        enterprise=enterprise,
        face=shot(key, enterprise.picture_alt) if key else None,
        pictures=gallery_of(product.pictures),
        groups=buying.option_groups(product),
        fee=buying.fee_of_one(product),
        shipping_text=buying.shipping_text(product),
        notice_name=product_notice.name_of(product.notice_kind),
        notice=product_notice.rows_of(product.notice),
        arrives_on=arrival_estimate(product.lead_days, on=today),
        coupon_price=estimates.price_with_best(piece, cards.rules_for_viewer(at)),
        told=told,
        is_wished=is_wished,
        structured=structured_data.product(product, enterprise, told),
        most_pieces=buying.MOST_PIECES,
        waited=waited,
        is_preview=is_preview,
    )


def _marks(product: ProductPage) -> tuple[bool, frozenset[int]]:
    """Return whether the viewer wished for a product, and which sold-out options they wait for."""
    if current_user.person_id is None:
        return False, frozenset()
    return restock.marks_of(person_id=current_user.person_id, product_id=product.id)
