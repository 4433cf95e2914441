"""JSON-LD of schema.org, so that search engines read prices and sellers right."""

from __future__ import annotations

from flask import current_app, url_for

from marketplace.catalog.product_page import ProductPage
from marketplace.enterprises.queries import EnterprisePage
from marketplace.web.pictures import picture_url


def product(page: ProductPage, enterprise: EnterprisePage) -> dict[str, object]:
    """Return a product with its offer."""
    prices = [variant.price for variant in page.variants] or [page.price]
    stock = "InStock" if page.in_stock else "OutOfStock"
    return {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": page.name,
        "description": page.summary,
        "image": [absolute(picture_url(shot.key, 1200, "jpg")) for shot in page.pictures],
        "brand": {"@type": "Brand", "name": "세나루"},
        "offers": {
            "@type": "AggregateOffer",
            "priceCurrency": "KRW",
            "lowPrice": min(prices),
            "highPrice": max(prices),
            "offerCount": len(prices),
            "availability": f"https://schema.org/{stock}",
            "url": absolute(url_for("shop_products.show", product_id=page.id)),
            "seller": {"@type": "Organization", "name": enterprise.name},
        },
    }


def absolute(path: str) -> str:
    """Return the public address of a path, from the settings and never from the request."""
    return f"{current_app.extensions['settings'].public_url}{path}"
