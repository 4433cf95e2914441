"""Write reviews, questions and wishes, and count what was sold."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import insert, text

from marketplace.catalog.models import Wish
from marketplace.core.db import db
from marketplace.demo.district.chance import dice
from marketplace.demo.district.load_orders import WrittenOrder
from marketplace.demo.district.load_people import People
from marketplace.demo.district.load_shops import Shops
from marketplace.demo.district.seeds import District
from marketplace.reviews import queries as reviews
from marketplace.reviews.models import Question, Review
from marketplace.search.index import Rating

_WISHES: Final = 900
_ANSWER_TAKES: Final = timedelta(hours=19)


def load(
    district: District,
    people: People,
    shops: Shops,
    written: list[WrittenOrder],
    *,
    at: datetime,
) -> None:
    """Write what people say and want."""
    _write_reviews(district, shops, written, at=at)
    _write_questions(district, people, shops)
    _write_wishes(district, people, shops)
    count_sales()


def count_sales() -> None:
    """Write on every product how many pieces of it were sold and not cancelled."""
    db.session.execute(
        text(
            "UPDATE product p SET sold_count = s.pieces FROM "
            "(SELECT l.product_id, sum(l.quantity - l.canceled_quantity) AS pieces "
            "FROM order_line l JOIN customer_order o ON o.id = l.order_id "
            "WHERE o.paid_at IS NOT NULL GROUP BY l.product_id) s "
            "WHERE s.product_id = p.id"
        )
    )


def ratings() -> dict[int, Rating]:
    """Return the reviews of every product, summed up."""
    return {each: Rating(stars, count) for each, (stars, count) in reviews.sums_of().items()}


def _write_reviews(
    district: District, shops: Shops, written: list[WrittenOrder], *, at: datetime
) -> None:
    rows = []
    for seed in district.reviews:
        one = written[seed.order]
        delivered_at = one.order.timeline.delivered_at
        if delivered_at is None:
            continue
        item = one.order.seed.items[seed.item]
        rows.append(
            {
                "line_id": one.line_ids[seed.item],
                "product_id": shops.products[item.product],
                "person_id": one.order.person_id,
                "rating": seed.rating,
                "body": seed.body,
                "created_at": min(at, delivered_at + timedelta(days=seed.days_after)),
            }
        )
    db.session.execute(insert(Review), rows)


def _write_questions(district: District, people: People, shops: Shops) -> None:
    db.session.execute(
        insert(Question),
        [
            {
                "product_id": shops.products[seed.product],
                "person_id": people.residents[seed.asker],
                "body": seed.body,
                "is_secret": position % 9 == 0,
                "asked_at": seed.asked_at,
                "answer": seed.answer,
                "answered_at": seed.asked_at + _ANSWER_TAKES if seed.answer else None,
            }
            for position, seed in enumerate(district.questions)
        ],
    )


def _write_wishes(district: District, people: People, shops: Shops) -> None:
    chance = dice("wishes")
    weights = [seed.weight for seed in district.products]
    wishes = {
        (chance.choice(people.residents), product)
        for product in chance.choices(shops.products, weights=weights, k=_WISHES)
    }
    db.session.execute(
        insert(Wish),
        [{"person_id": person, "product_id": product} for person, product in sorted(wishes)],
    )
