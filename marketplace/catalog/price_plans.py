"""
Sale prices from one instant until another.

A product has at most one plan that waits or runs. While it runs nobody changes the product's
prices: the price before it waits in the plan and comes back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from marketplace.catalog import prices
from marketplace.catalog.editing import lock_own
from marketplace.catalog.models import Product
from marketplace.catalog.upkeep_models import PlanState, PricePlan
from marketplace.core import outbox
from marketplace.core.db import db
from marketplace.core.errors import Conflict, InvalidInput, NotFound
from marketplace.core.money import Won

__all__ = ["PlanState", "PlannedPrice", "drop", "find_open", "run_due", "schedule"]

_OPEN = (PlanState.WAITING, PlanState.RUNNING)


class PeriodWrong(InvalidInput):
    message = "끝나는 때는 시작하는 때와 지금보다 뒤여야 합니다."
    field = "ends_at"


class AlreadyPlanned(Conflict):
    message = "이미 예약한 가격이 있습니다. 먼저 취소하거나 끝내 주세요."


class PlanMissing(NotFound):
    message = "예약한 가격이 없습니다."


@dataclass(frozen=True)
class PlannedPrice:
    """The price to come or in force; `price_before` is None until it begins."""

    id: int
    price: Won
    price_before: Won | None
    starts_at: datetime
    ends_at: datetime
    state: PlanState


def schedule(
    *,
    product_id: int,
    enterprise_id: int,
    price: Won,
    starts_at: datetime,
    ends_at: datetime,
    by: int,
    at: datetime,
) -> None:
    """
    Plan a sale price of a product.

    :raises ProductMissing, PriceOutOfRange, PriceAboveConsumer, PeriodWrong, AlreadyPlanned:
    """
    product = lock_own(product_id, enterprise_id)
    prices.check(product.consumer_price, price)
    if ends_at <= max(starts_at, at):
        raise PeriodWrong
    if find_open(product_id) is not None:
        raise AlreadyPlanned
    db.session.add(
        PricePlan(
            product_id=product_id,
            price=price,
            starts_at=starts_at,
            ends_at=ends_at,
            created_by=by,
        )
    )
    db.session.flush()
    if starts_at <= at:
        run_due(at=at)


def drop(*, product_id: int, enterprise_id: int, at: datetime) -> None:
    """
    Forget a plan that waits, or end one that runs now.

    :raises ProductMissing, PlanMissing:
    """
    lock_own(product_id, enterprise_id)
    dropped = db.session.execute(
        update(PricePlan)
        .where(PricePlan.product_id == product_id, PricePlan.state == PlanState.WAITING)
        .values(state=PlanState.DROPPED)
        .returning(PricePlan.id)
    ).first()
    if dropped is not None:
        return
    ended = db.session.execute(
        update(PricePlan)
        .where(PricePlan.product_id == product_id, PricePlan.state == PlanState.RUNNING)
        .values(ends_at=at)
        .returning(PricePlan.id)
    ).first()
    if ended is None:
        raise PlanMissing
    _end_due(at)


def find_open(product_id: int) -> PlannedPrice | None:
    """Return the plan of a product that waits or runs."""
    plan = db.session.scalars(
        select(PricePlan)
        .where(PricePlan.product_id == product_id, PricePlan.state.in_(_OPEN))
        .execution_options(populate_existing=True)
    ).one_or_none()
    if plan is None:
        return None
    return PlannedPrice(
        plan.id, plan.price, plan.price_before, plan.starts_at, plan.ends_at, plan.state
    )


def run_due(*, at: datetime) -> int:
    """Begin and end every plan whose moment has come; return how many prices changed."""
    ended = _end_due(at)
    # Nobody ran while the whole period passed, or the consumer price fell below the plan's.
    db.session.execute(
        update(PricePlan)
        .where(PricePlan.state == PlanState.WAITING, PricePlan.ends_at <= at)
        .values(state=PlanState.DROPPED)
    )
    due = _lock_products(
        (PricePlan.state == PlanState.WAITING)
        & (PricePlan.starts_at <= at)
        & (PricePlan.ends_at > at)
    )
    db.session.execute(
        update(PricePlan)
        .where(
            PricePlan.id.in_([plan for plan, _ in due]),
            PricePlan.product_id == Product.id,
            PricePlan.price > Product.consumer_price,
        )
        .values(state=PlanState.DROPPED)
        .execution_options(synchronize_session=False)
    )
    begun = list(
        db.session.scalars(
            update(PricePlan)
            .where(
                PricePlan.id.in_([plan for plan, _ in due]),
                PricePlan.state == PlanState.WAITING,
                PricePlan.product_id == Product.id,
            )
            .values(state=PlanState.RUNNING, price_before=Product.price)
            .returning(PricePlan.id)
            .execution_options(synchronize_session=False)
        )
    )
    _put(begun, PricePlan.price, at, "plan:begun")
    return ended + len(begun)


def _end_due(at: datetime) -> int:
    due = _lock_products((PricePlan.state == PlanState.RUNNING) & (PricePlan.ends_at <= at))
    plans = [plan for plan, _ in due]
    _put(plans, PricePlan.price_before, at, "plan:ended")
    db.session.execute(
        update(PricePlan)
        .where(PricePlan.id.in_(plans))
        .values(state=PlanState.ENDED)
        .execution_options(synchronize_session=False)
    )
    return len(plans)


def _lock_products(wanted: object) -> list[tuple[int, int]]:
    rows = db.session.execute(
        select(PricePlan.id, PricePlan.product_id)
        .join(Product, Product.id == PricePlan.product_id)
        .where(wanted)  # type: ignore[arg-type]
        .order_by(Product.id)
        .with_for_update(of=Product, key_share=True)
    )
    return [(row.id, row.product_id) for row in rows]


def _put(plan_ids: list[int], price: object, at: datetime, actor: str) -> None:
    if not plan_ids:
        return
    changed = list(
        db.session.scalars(
            update(Product)
            .where(PricePlan.id.in_(plan_ids), PricePlan.product_id == Product.id)
            .values(price=price, updated_at=at)
            .returning(Product.id)
            .execution_options(synchronize_session=False)
        )
    )
    db.session.expire_all()
    prices.note(changed, actor=actor, at=at)
    outbox.enqueue("search.reindex", {"product_ids": sorted(changed)})
