"""What waits for an enterprise: lines by state, claims, questions, and stock that runs low."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, ScalarSelect, and_, case, func, select

from marketplace.catalog.models import Product, ProductStatus, Variant
from marketplace.checkout import accounts
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import db
from marketplace.core.money import Won
from marketplace.enterprises.models import Enterprise
from marketplace.ledger.posting import balances
from marketplace.orders.models import Bundle, ClaimCase, ClaimStatus, Line, LineStatus
from marketplace.reviews.models import Question

_OPEN: Final = (LineStatus.PAID, LineStatus.PREPARING, LineStatus.SHIPPING)
_UNSENT: Final = (LineStatus.PAID, LineStatus.PREPARING)
# The buyer waits for the enterprise's answer, or for its inspection.
_ITS_TURN: Final = (ClaimStatus.REQUESTED, ClaimStatus.COLLECTED)


@dataclass(frozen=True, kw_only=True)
class Workload:
    """One enterprise's open work; amounts in won."""

    enterprise_id: int
    name: str
    slug: str
    # Bundles, as the board counts them.
    new_orders: int
    to_ship: int
    # Those that should have left by yesterday.
    overdue: int
    on_the_way: int
    claims: int
    late_claims: int
    questions: int
    low_stock: int
    held_amount: Won
    payable_amount: Won


def list_workload(enterprise_ids: Sequence[int], *, at: datetime) -> list[Workload]:
    """Return the open work of enterprises, by name, in two queries."""
    today = day_in_seoul(at)

    def bundles(*which: ColumnElement[bool]) -> ColumnElement[int]:
        return func.count(case((and_(*which), Line.bundle_id)).distinct())

    # A day the enterprise has announced stands in place of the one it should have kept.
    late = func.coalesce(Bundle.delayed_until, Bundle.ship_by) < today
    rows = db.session.execute(
        select(
            Enterprise.id,
            Enterprise.name,
            Enterprise.slug,
            bundles(Line.status == LineStatus.PAID).label("new_orders"),
            bundles(Line.status == LineStatus.PREPARING).label("to_ship"),
            bundles(Line.status.in_(_UNSENT), late).label("overdue"),
            bundles(Line.status == LineStatus.SHIPPING).label("on_the_way"),
            _claims().label("claims"),
            _claims(ClaimCase.refund_due_on < today).label("late_claims"),
            _questions().label("questions"),
            _low_stock().label("low_stock"),
        )
        # Only open lines, by their index: the closed ones grow for ever.
        .outerjoin(Line, and_(Line.enterprise_id == Enterprise.id, Line.status.in_(_OPEN)))
        .outerjoin(Bundle, Bundle.id == Line.bundle_id)
        .where(Enterprise.id.in_(enterprise_ids))
        .group_by(Enterprise.id)
        .order_by(Enterprise.name)
    )
    shops = rows.all()
    held = {shop.id: accounts.held(shop.id).code for shop in shops}
    payable = {shop.id: accounts.payable(shop.id).code for shop in shops}
    book = balances([*held.values(), *payable.values()])
    return [
        Workload(
            enterprise_id=shop.id,
            # A liability stands on the credit side, which the book counts negative.
            held_amount=Won(-book[held[shop.id]]),
            payable_amount=Won(-book[payable[shop.id]]),
            **{name: value for name, value in shop._mapping.items() if name != "id"},
        )
        for shop in shops
    ]


def _claims(*which: ColumnElement[bool]) -> ScalarSelect[Any]:
    return (
        select(func.count(ClaimCase.id))
        .join(Bundle, Bundle.id == ClaimCase.bundle_id)
        .where(
            Bundle.enterprise_id == Enterprise.id,
            ClaimCase.finished_at.is_(None),
            ClaimCase.status.in_(_ITS_TURN),
            *which,
        )
        .correlate(Enterprise)
        .scalar_subquery()
    )


def _questions() -> ScalarSelect[Any]:
    return (
        select(func.count(Question.id))
        .join(Product, Product.id == Question.product_id)
        .where(Product.enterprise_id == Enterprise.id, Question.answered_at.is_(None))
        .correlate(Enterprise)
        .scalar_subquery()
    )


def _low_stock() -> ScalarSelect[Any]:
    left = Variant.on_hand - Variant.reserved
    return (
        select(func.count(Variant.id))
        .join(Product, Product.id == Variant.product_id)
        .where(
            Product.enterprise_id == Enterprise.id,
            Product.status == ProductStatus.ON_SALE,
            Variant.is_active,
            left <= Variant.low_stock_at,
        )
        .correlate(Enterprise)
        .scalar_subquery()
    )
