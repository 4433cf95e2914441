"""What product cards show, put together from several domains."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from flask import url_for
from flask_login import current_user

from marketplace.catalog import wishes
from marketplace.core.money import Won
from marketplace.coupons import estimates, offers
from marketplace.coupons.estimates import Piece, Rule
from marketplace.coupons.queries import list_campaigns
from marketplace.enterprises.designations import LABELS, DesignationKind
from marketplace.search.queries import ProductCard
from marketplace.web.filters import won
from marketplace.web.pictures import picture_url, srcset

_KEPT_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Card:
    """One product of a grid, ready to draw; amounts in won."""

    product_id: int
    url: str
    name: str
    enterprise_name: str
    kind: str
    kind_label: str
    price: Won
    consumer_price: Won
    coupon_price: Won | None
    shipping_text: str
    total_price: Won | None
    picture_url_small: str | None
    picture_url_avif: str | None
    srcset: str | None
    alt: str
    wished: bool
    sold_out: bool
    rating_tenths: int | None
    review_count: int


class _OpenRules:
    """The rules anybody could claim now, kept for seconds: every visitor asks for the same."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until = 0.0
        self._rules: tuple[Rule, ...] = ()

    def get(self, at: datetime) -> tuple[Rule, ...]:
        with self._lock:
            if time.monotonic() < self._until:
                return self._rules
        rules = tuple(estimates.rule_of(card) for card in list_campaigns(at=at) if card.is_open(at))
        with self._lock:
            self._rules = rules
            self._until = time.monotonic() + _KEPT_SECONDS
        return rules

    def forget(self) -> None:
        with self._lock:
            self._until = 0.0


_open_rules = _OpenRules()


def forget_kept() -> None:
    """Read open campaigns anew at the next request."""
    _open_rules.forget()


def rules_for_viewer(at: datetime) -> tuple[Rule, ...]:
    """Return the coupons the viewer holds; for anybody else those they could claim."""
    if not current_user.is_authenticated:
        return _open_rules.get(at)
    own = offers.list_spendable(person_id=current_user.person_id, at=at)
    return tuple(estimates.rule_of(offer) for offer in own)


def product_cards(found: Sequence[ProductCard], *, at: datetime) -> list[Card]:
    """Return cards for a list, with the viewer's coupon price and wishes."""
    rules = rules_for_viewer(at)
    wished: frozenset[int] = frozenset()
    if current_user.is_authenticated and found:
        wished = wishes.which_wished(
            person_id=current_user.person_id, product_ids=[card.product_id for card in found]
        )
    return [_card(card, rules, wished) for card in found]


def _card(card: ProductCard, rules: Iterable[Rule], wished: frozenset[int]) -> Card:
    kind = card.kinds[0] if card.kinds else ""
    key = card.picture_key
    piece = Piece(
        product_id=card.product_id,
        enterprise_id=card.enterprise_id,
        category_path=card.category_path,
        kinds=card.kinds,
        price=card.price,
        coupon_eligible=card.coupon_eligible,
    )
    return Card(
        product_id=card.product_id,
        url=url_for("shop_products.show", product_id=card.product_id),
        name=card.name,
        enterprise_name=card.enterprise_name,
        kind=kind,
        kind_label=LABELS[DesignationKind(kind)] if kind else "사회적경제기업",
        price=card.price,
        consumer_price=card.consumer_price,
        coupon_price=estimates.price_with_best(piece, rules),
        shipping_text="무료배송" if card.ships_free else f"배송비 {won(card.shipping_fee)}",
        total_price=None if card.ships_free else card.total_price,
        picture_url_small=picture_url(key, 320, "jpg") if key else None,
        picture_url_avif=srcset(key, "avif") if key else None,
        srcset=srcset(key, "jpg") if key else None,
        alt=card.picture_alt,
        wished=card.product_id in wished,
        sold_out=not card.in_stock,
        rating_tenths=card.rating_tenths,
        review_count=card.review_count,
    )
