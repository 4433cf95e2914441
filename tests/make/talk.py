"""Lines that were kept, and what people say of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from marketplace.accounts.models import Person
from marketplace.catalog.models import Product, Variant
from marketplace.core.db import db
from marketplace.orders import status
from marketplace.orders.models import Line, LineStatus
from marketplace.reviews import questions, writing
from tests.make.common import NOW
from tests.make.common import writing as in_writing
from tests.make.orders import paid_order
from tests.make.people import person
from tests.make.shop import sellable, variant

_WAY = (
    LineStatus.PREPARING,
    LineStatus.SHIPPING,
    LineStatus.DELIVERED,
    LineStatus.CONFIRMED,
)
SAID = "달고 향이 진해서 아침마다 먹어요."


def kept_line(
    of: Variant | None = None,
    *,
    by: Person | None = None,
    up_to: LineStatus = LineStatus.CONFIRMED,
    at: datetime = NOW,
) -> Line:
    """Let somebody buy one piece and keep it, or get as far as a state."""
    order = paid_order({of or sellable(): 1}, by=by or person(), at=at)
    line = db.session.scalars(select(Line).where(Line.order_id == order.order_id)).one()
    with in_writing():
        for step in _WAY[: _WAY.index(up_to) + 1]:
            status.move(line_ids=[line.id], to=step, actor="test", at=at)
    db.session.expire_all()
    return line


def review(
    of: Product | None = None,
    *,
    by: Person | None = None,
    rating: int = 5,
    body: str = SAID,
    at: datetime = NOW,
) -> int:
    """Let somebody buy, keep and review a product; return the review's id."""
    buyer = by or person()
    line = kept_line(_variant_of(of) if of else None, by=buyer, at=at)
    with in_writing():
        return writing.write(
            line_id=line.id, person_id=buyer.id, rating=rating, body=body, photos=[], at=at
        )


def _variant_of(product: Product) -> Variant:
    there = db.session.scalars(select(Variant).where(Variant.product_id == product.id)).first()
    return there or variant(product)


def question(
    about: Product,
    *,
    by: Person | None = None,
    body: str = "언제 따신 건가요?",
    is_secret: bool = False,
    at: datetime = NOW,
) -> int:
    """Let somebody ask about a product; return the question's id."""
    asker = by or person()
    with in_writing():
        return questions.ask(
            product_id=about.id, person_id=asker.id, body=body, is_secret=is_secret, at=at
        )
