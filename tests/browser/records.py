"""What a story left in the database and at the provider."""

from __future__ import annotations

from sqlalchemy import func, select

from marketplace.core.db import db
from marketplace.demo.fake_stripe.store import Filter
from marketplace.orders.models import Order
from tests.bed.stripe import FakeStripe


def orders() -> tuple[int, int]:
    """Return how many orders there are, and how many of them are paid."""
    # Other threads wrote: nothing read before may answer.
    db.session.rollback()
    row = db.session.execute(select(func.count(Order.id), func.count(Order.paid_at))).one()
    return row[0], row[1]


def charges(fake_stripe: FakeStripe) -> int:
    """Return how often money was taken."""
    bodies, _ = fake_stripe.fake.store.page(Filter("charge", limit=100))
    return sum(body["status"] == "succeeded" for body in bodies)
