"""JSON-LD of schema.org, so that search engines read prices and sellers right."""

from __future__ import annotations

from flask import current_app, url_for

from marketplace.catalog.product_page import ProductPage
from marketplace.enterprises.queries import EnterprisePage
from marketplace.reviews.queries import Told
from marketplace.web.pictures import picture_url


def product(page: ProductPage, enterprise: EnterprisePage, told: Told) -> dict[str, object]:
    """Return a product with its offer and what buyers say of it."""
    described: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": page.name,
        "description": page.summary or page.name,
        "sku": str(page.id),
        "image": [absolute(picture_url(shot.key, 1200, "jpg")) for shot in page.pictures],
        "brand": {"@type": "Brand", "name": enterprise.name},
        "offers": _offer(page, enterprise),
    }
    if told.rating_tenths is not None:
        described["aggregateRating"] = {
            "@type": "AggregateRating",
            "ratingValue": f"{told.rating_tenths // 10}.{told.rating_tenths % 10}",
            "reviewCount": told.review_count,
        }
    return described


def product_address(page: ProductPage) -> str:
    """Return the one public address of a product."""
    return absolute(url_for("shop_products.show", product_id=page.id))


def absolute(path: str) -> str:
    """Return the public address of a path, from the settings and never from the request."""
    return f"{current_app.extensions['settings'].public_url}{path}"


def _offer(page: ProductPage, enterprise: EnterprisePage) -> dict[str, object]:
    prices = [variant.price for variant in page.variants] or [page.price]
    stock = "InStock" if page.in_stock else "OutOfStock"
    offer: dict[str, object] = {
        "@type": "Offer",
        "priceCurrency": "KRW",
        "availability": f"https://schema.org/{stock}",
        "url": product_address(page),
        "seller": {"@type": "Organization", "name": enterprise.name},
    }
    if len(set(prices)) == 1:
        return {**offer, "price": prices[0]}
    return {
        **offer,
        "@type": "AggregateOffer",
        "lowPrice": min(prices),
        "highPrice": max(prices),
        "offerCount": len(prices),
    }
