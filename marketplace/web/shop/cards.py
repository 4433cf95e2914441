"""What product cards show, put together from several domains."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from flask_login import current_user

from marketplace.catalog import wishes
from marketplace.coupons import estimates, offers
from marketplace.coupons.estimates import Piece, Rule
from marketplace.coupons.queries import list_campaigns
from marketplace.enterprises.designations import LABELS
from marketplace.search.queries import ProductCard
from marketplace.web import kept
from marketplace.web.filters import percent_off, won
from marketplace.web.pictures import picture_url, srcset

_KIND_LABELS: Final = {kind.value: label for kind, label in LABELS.items()}
_NO_KIND: Final = "사회적경제기업"


class Card(NamedTuple):
    """One product of a grid, ready to draw: words and addresses, nothing left to work out."""

    url: str
    wish_url: str
    name: str
    enterprise_name: str
    kind: str
    kind_label: str
    price: str
    percent_off: int
    consumer_price: str
    coupon_price: str | None
    shipping: str
    picture: str | None
    avif: str
    srcset: str
    alt: str
    is_wished: bool
    is_sold_out: bool
    rating: str | None
    review_count: int


def rules_for_viewer(at: datetime) -> tuple[Rule, ...]:
    """Return the coupons the viewer holds; for anybody else those they could claim."""
    if not current_user.is_authenticated:
        return kept.recall("open rules", lambda: _open_rules(at))
    own = offers.list_spendable(person_id=current_user.person_id, at=at)
    return tuple(estimates.rule_of(offer) for offer in own)


def product_cards(
    found: Sequence[ProductCard], *, at: datetime, asked_kinds: Collection[str] = ()
) -> list[Card]:
    """
    Return cards for a list, with the viewer's coupon price and wishes.

    A card has room for one designation: the one the list was asked for, else the first.
    """
    if not found:
        return []
    rules = rules_for_viewer(at)
    wished = wished_of([card.product_id for card in found])
    return [_card(card, rules, wished, asked_kinds) for card in found]


def wished_of(product_ids: Sequence[int]) -> frozenset[int]:
    """Return which of the products the viewer wishes for."""
    if not current_user.is_authenticated:
        return frozenset()
    return wishes.which_wished(person_id=current_user.person_id, product_ids=product_ids)


def _open_rules(at: datetime) -> tuple[Rule, ...]:
    return tuple(estimates.rule_of(card) for card in list_campaigns(at=at) if card.is_open(at))


def _card(
    card: ProductCard,
    rules: Sequence[Rule],
    wished: frozenset[int],
    asked_kinds: Collection[str],
) -> Card:
    product_id = card.product_id
    key = card.picture_key
    kinds = [kind for kind in card.kinds if kind in asked_kinds] or card.kinds
    kind = kinds[0] if kinds else ""
    off = percent_off(card.price, card.consumer_price)
    with_coupon = estimates.price_with_best(_piece(card), rules) if rules else None
    tenths = card.rating_tenths
    return Card(
        url=f"/products/{product_id}",
        wish_url=f"/wishes/{product_id}",
        name=card.name,
        enterprise_name=card.enterprise_name,
        kind=kind,
        kind_label=_KIND_LABELS.get(kind, _NO_KIND),
        price=won(card.price),
        percent_off=off,
        consumer_price=won(card.consumer_price) if off else "",
        coupon_price=None if with_coupon is None else won(with_coupon),
        shipping=_shipping(card),
        picture=picture_url(key, 320, "jpg") if key else None,
        avif=srcset(key, "avif") if key else "",
        srcset=srcset(key, "jpg") if key else "",
        alt=card.picture_alt,
        is_wished=product_id in wished,
        is_sold_out=not card.in_stock,
        rating=None if tenths is None else f"{tenths // 10}.{tenths % 10}",
        review_count=card.review_count,
    )


def _piece(card: ProductCard) -> Piece:
    return Piece(
        product_id=card.product_id,
        enterprise_id=card.enterprise_id,
        category_path=card.category_path,
        kinds=card.kinds,
        price=card.price,
        coupon_eligible=card.coupon_eligible,
    )


def _shipping(card: ProductCard) -> str:
    if card.ships_free:
        return "무료배송"
    return f"배송비 {won(card.shipping_fee)} 포함 {won(card.total_price)}"
