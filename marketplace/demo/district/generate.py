"""Put the whole demo district together; the same instant always gives the same district."""

from __future__ import annotations

from datetime import datetime

from marketplace.core.calendar import day_in_seoul
from marketplace.demo.district import (
    content_campaigns,
    content_enterprises,
    content_orders,
    content_people,
    content_products,
    content_reviews,
)
from marketplace.demo.district.content_catalog import leaves
from marketplace.demo.district.seeds import CategorySeed, District


def generate(at: datetime) -> District:
    """Return the district as it stands at an instant."""
    enterprises = content_enterprises.generate(day_in_seoul(at))
    products = content_products.generate(enterprises, at)
    residents = content_people.residents(at)
    campaigns = content_campaigns.generate(at)
    orders = content_orders.generate(products, residents, campaigns, at)
    return District(
        categories=_categories(),
        enterprises=enterprises,
        products=products,
        residents=residents,
        staff=content_people.staff(),
        departments=content_people.departments(),
        campaigns=campaigns,
        orders=orders,
        reviews=content_reviews.reviews(orders, products, at),
        questions=content_reviews.questions(products, len(residents), at),
    )


def _categories() -> tuple[CategorySeed, ...]:
    tops = {leaf.top: leaf for leaf in leaves()}
    return (
        *(
            CategorySeed(slug=slug, name=leaf.top_name, parent=None, notice_kind=leaf.notice)
            for slug, leaf in tops.items()
        ),
        *(
            CategorySeed(slug=leaf.slug, name=leaf.name, parent=leaf.top, notice_kind=leaf.notice)
            for leaf in leaves()
        ),
    )
