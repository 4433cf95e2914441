"""Choosing on a product page: options, quantity, and what shipping costs."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from marketplace.catalog.buyables import Buyable, ShippingTerms, list_buyable
from marketplace.catalog.product_page import (
    ProductNotFound,
    ProductPage,
    VariantChoice,
    get_product_page,
)
from marketplace.checkout import pricing, quote_shipping
from marketplace.checkout.quote_cart import CartLine
from marketplace.core.calendar import day_in_seoul
from marketplace.core.money import Won
from marketplace.web.filters import won

MOST_PIECES: Final = 99
_LONGEST_ID: Final = 18

Option = tuple[VariantChoice, str]


def option_groups(product: ProductPage) -> list[tuple[str, list[Option]]]:
    """
    Return the variants under their first option's value, each with the words left to say.

    One option alone makes one group without a heading.
    """
    if len(product.option_names) < 2:
        return [("", [(variant, variant.label) for variant in product.variants])]
    groups: dict[str, list[Option]] = {}
    for variant in product.variants:
        first, rest = "".join(variant.option_values[:1]), variant.option_values[1:]
        groups.setdefault(first, []).append((variant, " / ".join(rest)))
    return list(groups.items())


def find_chosen(product_id: int, variant_id: str, *, at: datetime) -> Buyable:
    """
    Return the variant asked for; before anybody chose, the cheapest that can be bought.

    :raises ProductNotFound: it is none of this product's, or not on sale
    """
    if not variant_id:
        variants = get_product_page(product_id).variants
        cheapest = min(variants, key=lambda each: (each.available <= 0, each.price), default=None)
        variant_id = str(cheapest.id) if cheapest else ""
    readable = variant_id.isascii() and variant_id.isdigit() and len(variant_id) <= _LONGEST_ID
    found = list_buyable([int(variant_id)], on=day_in_seoul(at)) if readable else []
    for buyable in found:
        if buyable.product_id == product_id and buyable.on_sale:
            return buyable
    raise ProductNotFound


def read_quantity(typed: str) -> int:
    """Return how many pieces are asked for, between one and the most one order takes."""
    readable = typed.isascii() and typed.isdigit() and len(typed) < 4
    return max(1, min(int(typed), MOST_PIECES)) if readable else 1


def fee_of_one(product: ProductPage) -> Won:
    """Return what shipping one piece costs, as the cart will say."""
    terms = product.shipping
    line = CartLine(
        sku="",
        enterprise=str(product.enterprise_id),
        bundle=str(terms.id),
        unit_price=product.price,
        quantity=1,
    )
    shipping = pricing.shipping_of(terms, product.enterprise_id, None)
    return quote_shipping.fee_of(shipping, [line])


def shipping_text(product: ProductPage) -> str:
    """Say what shipping costs, from when on it is free, and what remote places add."""
    terms = product.shipping
    said = [_fee_text(terms, is_free=fee_of_one(product) == 0)]
    if terms.jeju_surcharge or terms.island_surcharge:
        said.append(
            f"제주 {won(terms.jeju_surcharge)}, 도서산간 {won(terms.island_surcharge)} 추가"
        )
    return " · ".join(said)


def _fee_text(terms: ShippingTerms, *, is_free: bool) -> str:
    if is_free:
        return "무료배송"
    per = f" ({terms.fee_per_units}개마다)" if terms.fee_per_units else ""
    free = f" · {won(terms.free_over)} 이상 무료배송" if terms.free_over is not None else ""
    return f"배송비 {won(terms.fee)}{per}{free}"
