"""What buyers write and ask."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from marketplace.demo.district.chance import dice
from marketplace.demo.district.content_catalog import leaves, read
from marketplace.demo.district.seeds import OrderSeed, ProductSeed, QuestionSeed, ReviewSeed

_GROUP_OF_TOP: Final = {
    "food": "food",
    "sweet": "drink",
    "farm": "farm",
    "living": "living",
    "fashion": "craft",
    "craft": "craft",
    "family": "craft",
    "paper": "paper",
    "service": "service",
}
_RATINGS: Final = (5, 5, 5, 5, 5, 4, 4, 4, 3, 2)
_WRITES: Final = 0.38
_OLD_ENOUGH: Final = timedelta(days=11)
_QUESTIONS: Final = 160


def reviews(
    orders: tuple[OrderSeed, ...], products: tuple[ProductSeed, ...], at: datetime
) -> tuple[ReviewSeed, ...]:
    """Return the reviews of goods that arrived; no body is written twice."""
    texts = read("reviews.toml")
    tops = {leaf.slug: leaf.top for leaf in leaves()}
    chance = dice("reviews")
    written: set[str] = set()
    found = []
    for position, order in enumerate(orders):
        if order.fate != "kept" or at - order.ordered_at < _OLD_ENOUGH:
            continue
        for item_position, item in enumerate(order.items):
            if chance.random() > _WRITES:
                continue
            leaf = products[item.product].leaf
            group = "pet" if leaf == "pet" else _GROUP_OF_TOP[tops[leaf]]
            rating = chance.choice(_RATINGS)
            middle = chance.choice(texts["by_group"][group])
            first = chance.choice(texts["openers"] if rating > 3 else texts["low"])
            parts = [first, middle] if chance.random() < 0.8 else [middle]
            if rating > 3 and chance.random() < 0.7:
                parts.append(chance.choice(texts["closers"]))
            body = " ".join(parts)
            if body in written:
                continue
            written.add(body)
            found.append(
                ReviewSeed(
                    order=position,
                    item=item_position,
                    rating=rating,
                    body=body,
                    days_after=chance.randint(1, 5),
                )
            )
    return tuple(found)


def questions(
    products: tuple[ProductSeed, ...], residents: int, at: datetime
) -> tuple[QuestionSeed, ...]:
    """Return questions about products; the newest ones still wait for an answer."""
    chance = dice("questions")
    pairs = [text.split("|") for text in read("reviews.toml")["by_group"]["questions"]]
    found = []
    for number, product in enumerate(chance.sample(products, _QUESTIONS)):
        body, answer = chance.choice(pairs)
        since = max(1.0, (at - product.published_at).total_seconds() / 86_400)
        asked_at = at - timedelta(days=chance.uniform(0.2, min(150.0, since)))
        is_open = at - asked_at < timedelta(days=2) or number % 23 == 0
        found.append(
            QuestionSeed(
                product=product.number,
                asker=chance.randrange(residents),
                body=body,
                answer=None if is_open else answer,
                asked_at=asked_at,
            )
        )
    return tuple(found)
