"""Six months of orders: who buys what, with which coupon, and what became of it."""

from __future__ import annotations

from bisect import bisect
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Final

from marketplace.core.calendar import SEOUL
from marketplace.core.money import Won
from marketplace.demo.district import content_people, content_seasons
from marketplace.demo.district.chance import dice
from marketplace.demo.district.content_catalog import read
from marketplace.demo.district.seeds import (
    CampaignSeed,
    ItemSeed,
    OrderSeed,
    ProductSeed,
    ResidentSeed,
)
from marketplace.orders.numbers import ALPHABET

_METHODS: Final = (
    *(("stripe", method) for method in ("kr_card", "kr_card", "kr_card", "kakao_pay", "naver_pay")),
    *(("stripe", method) for method in ("samsung_pay", "payco")),
    ("bank_transfer", "bank_transfer"),
)
_CANCELABLE: Final = timedelta(days=10)
_ITEM_COUNTS: Final = (1, 1, 1, 2, 2, 3, 3, 4)
_SAME_SHOP: Final = 0.38
_USES_COUPON: Final = 0.62
_GIFT_RUSH: Final = 5
_NOT_SHIPPED: Final = frozenset({"class", "home", "catering"})


@dataclass(frozen=True, slots=True)
class Shelf:
    """Products by when they came into the mall, for drawing one that was there."""

    products: tuple[ProductSeed, ...]

    def draw(self, chance: Random, at: datetime, rush: float) -> ProductSeed:
        """Draw a product that was for sale; gifts are drawn more often before a holiday."""
        there = [p for p in self.products if p.published_at < at]
        weights = [p.weight * (1 + _GIFT_RUSH * rush * p.is_gift) for p in there]
        return chance.choices(there, weights=weights)[0]

    def beside(self, chance: Random, other: ProductSeed, at: datetime) -> ProductSeed:
        """Draw another product of the same shop."""
        there = [
            p for p in self.products if p.enterprise == other.enterprise and p.published_at < at
        ]
        return chance.choice(there)


def generate(
    products: tuple[ProductSeed, ...],
    residents: tuple[ResidentSeed, ...],
    campaigns: tuple[CampaignSeed, ...],
    at: datetime,
) -> tuple[OrderSeed, ...]:
    """Return the orders of the last six months, the earliest first."""
    chance = dice("orders")
    shelf = Shelf(tuple(p for p in products if any(v.left for v in p.variants)))
    buyers = _buyers(residents, chance)
    feast = content_seasons.last_holiday(at.astimezone(SEOUL).date())[1]
    memos = read("reviews.toml")["extra"]["delivery_memos"]
    # Whose logins are printed have yet to take their coupons.
    spent = {
        (campaign, buyer)
        for campaign in range(len(campaigns))
        for buyer in range(content_people.SHOWN)
    }
    orders = []
    for moment in content_seasons.moments(chance, at):
        buyer = buyers.draw(chance, moment)
        day = moment.astimezone(SEOUL).date()
        items = _items(shelf, chance, moment, content_seasons.rush(day, feast))
        campaign = _campaign(items, products, campaigns, chance, moment)
        if campaign is not None and (campaign, buyer) in spent:
            campaign = None
        if campaign is not None:
            spent.add((campaign, buyer))
        # Card payments of the last days could be refunded, but no fake Stripe knows of them.
        is_recent = at - moment < _CANCELABLE
        provider, method = _METHODS[-1] if is_recent else chance.choice(_METHODS)
        minutes = chance.randint(90, 1500) if provider == "bank_transfer" else chance.randint(1, 6)
        orders.append(
            OrderSeed(
                number=f"{day:%Y%m%d}{''.join(chance.choices(ALPHABET, k=8))}",
                buyer=buyer,
                ordered_at=moment,
                paid_after_minutes=minutes,
                provider=provider,
                method=method,
                memo=chance.choice(memos),
                items=items,
                campaign=campaign,
                fate=_fate(chance, moment, at, used_coupon=campaign is not None),
            )
        )
    return tuple(orders)


@dataclass(frozen=True, slots=True)
class Buyers:
    """Residents by how much they buy; those who joined later cannot have bought before."""

    joined: tuple[datetime, ...]
    weights: tuple[float, ...]

    def draw(self, chance: Random, at: datetime) -> int:
        """Draw the position of a resident who was a member at an instant."""
        members = bisect(self.joined, at)
        return chance.choices(range(members), cum_weights=self.weights[:members])[0]


def _buyers(residents: tuple[ResidentSeed, ...], chance: Random) -> Buyers:
    return Buyers(
        joined=tuple(resident.joined_at for resident in residents),
        weights=tuple(accumulate(min(chance.paretovariate(1.3), 12.0) for _ in residents)),
    )


def _items(shelf: Shelf, chance: Random, at: datetime, rush: float) -> tuple[ItemSeed, ...]:
    first = shelf.draw(chance, at, rush)
    chosen = [first]
    for _ in range(chance.choice(_ITEM_COUNTS) - 1):
        if chance.random() < _SAME_SHOP:
            chosen.append(shelf.beside(chance, first, at))
        else:
            chosen.append(shelf.draw(chance, at, rush))
    items: dict[tuple[int, int], int] = {}
    for product in chosen:
        variant = chance.choice([i for i, v in enumerate(product.variants) if v.left] or [0])
        most = 1 if product.leaf in _NOT_SHIPPED else 4
        quantity = chance.choice((1, 1, 1, 1, 2, most)) if rush < 0.5 else chance.randint(1, most)
        items[product.number, variant] = quantity
    return tuple(
        ItemSeed(product=product, variant=variant, quantity=quantity)
        for (product, variant), quantity in items.items()
    )


def goods_total(items: tuple[ItemSeed, ...], products: tuple[ProductSeed, ...]) -> Won:
    """Return what the goods of an order cost before coupons and shipping."""
    return Won(
        sum(
            item.quantity
            * (
                products[item.product].price
                + products[item.product].variants[item.variant].price_difference
            )
            for item in items
        )
    )


def _campaign(
    items: tuple[ItemSeed, ...],
    products: tuple[ProductSeed, ...],
    campaigns: tuple[CampaignSeed, ...],
    chance: Random,
    at: datetime,
) -> int | None:
    total = goods_total(items, products)
    fitting = [
        position
        for position, campaign in enumerate(campaigns)
        if campaign.starts_at + timedelta(hours=1) < at < campaign.ends_at
        and total >= campaign.min_order
    ]
    if not fitting or chance.random() > _USES_COUPON:
        return None
    return fitting[-1]


def _fate(chance: Random, ordered_at: datetime, at: datetime, *, used_coupon: bool) -> str:
    roll = chance.random()
    if roll < 0.03:
        # The newest unpaid ones are still waiting for the deposit, not given up.
        return "unpaid" if at - ordered_at > timedelta(days=4) else "kept"
    if roll < 0.055:
        return "canceled"
    if roll < (0.1 if used_coupon else 0.08):
        return "one_canceled"
    return "kept"
