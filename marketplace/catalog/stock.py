"""Set pieces aside, take them out of stock and put them back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Select, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert

from marketplace.catalog.models import Product, ReservationState, StockReservation, Variant
from marketplace.core import outbox
from marketplace.core.db import db
from marketplace.core.errors import Conflict


class SoldOut(Conflict):
    """Somebody else was faster, or there never were that many."""

    message = "재고가 부족합니다: {names}. 수량을 줄이거나 다른 상품을 골라 주세요."

    def __init__(self, *, names: str, variant_ids: Sequence[int]) -> None:
        super().__init__(names=names)
        self.variant_ids = tuple(variant_ids)


def reserve(
    *, reference: str, quantities: Mapping[int, int], expires_at: datetime, at: datetime
) -> None:
    """
    Set pieces of several variants aside until a moment, all or none.

    Asking again for the same reference changes nothing while its pieces are still held.

    :raises SoldOut:
    """
    if not quantities or expires_at <= at:
        raise ValueError("reserve needs quantities and a moment in the future")
    available = lock_available(list(quantities))
    held = set(
        db.session.scalars(
            select(StockReservation.variant_id).where(
                StockReservation.reference == reference,
                StockReservation.state.in_([ReservationState.HELD, ReservationState.DEDUCTED]),
            )
        )
    )
    wanted = {variant: count for variant, count in quantities.items() if variant not in held}
    short = [variant for variant, count in wanted.items() if available.get(variant, 0) < count]
    if short:
        raise SoldOut(names=_names(short), variant_ids=short)
    if not wanted:
        return
    statement = insert(StockReservation).values(
        [
            {
                "reference": reference,
                "variant_id": variant,
                "quantity": count,
                "expires_at": expires_at,
                "state": ReservationState.HELD,
            }
            for variant, count in sorted(wanted.items())
        ]
    )
    # A released reservation is revived when a payment arrives after its order expired.
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=["reference", "variant_id"],
            set_={
                "quantity": statement.excluded.quantity,
                "expires_at": statement.excluded.expires_at,
                "state": ReservationState.HELD,
            },
        )
    )
    _shift(wanted, on_hand=0, reserved=1)
    _tell_search([variant for variant, count in wanted.items() if available[variant] == count])


def deduct(*, reference: str) -> None:
    """Take the held pieces of a reference out of stock."""
    quantities, _ = _move(reference, ReservationState.HELD, ReservationState.DEDUCTED)
    _shift(quantities, on_hand=-1, reserved=-1)


def release(*, reference: str) -> None:
    """Let go of the held pieces of a reference."""
    quantities, before = _move(reference, ReservationState.HELD, ReservationState.RELEASED)
    _shift(quantities, on_hand=0, reserved=-1)
    _tell_search([variant for variant in quantities if before.get(variant) == 0])


def give_back(*, reference: str, quantities: Mapping[int, int]) -> None:
    """Put deducted pieces of a reference back into stock."""
    before = lock_available(list(quantities))
    for variant, count in sorted(quantities.items()):
        returned = db.session.execute(
            update(StockReservation)
            .where(
                StockReservation.reference == reference,
                StockReservation.variant_id == variant,
                StockReservation.state == ReservationState.DEDUCTED,
                StockReservation.returned + count <= StockReservation.quantity,
            )
            .values(returned=StockReservation.returned + count)
            .returning(StockReservation.id)
        )
        if returned.first() is None:
            raise ValueError(f"{reference} has no {count} deducted pieces of variant {variant}")
    _shift(quantities, on_hand=1, reserved=0)
    _tell_search([variant for variant in quantities if before.get(variant) == 0])


def lock_available(variant_ids: Sequence[int]) -> dict[int, int]:
    """Lock the variants in the one order everybody uses; return how many pieces are free."""
    rows = db.session.execute(_locking(variant_ids))
    return {variant: free if active else 0 for variant, free, active in rows}


def _locking(variant_ids: Sequence[int]) -> Select[int, int, bool]:
    # Ordered by id: two carts with the same goods wait for each other instead of deadlocking.
    return (
        select(Variant.id, Variant.on_hand - Variant.reserved, Variant.is_active)
        .where(Variant.id.in_(sorted(variant_ids)))
        .order_by(Variant.id)
        .with_for_update()
    )


def _move(
    reference: str, before: ReservationState, after: ReservationState
) -> tuple[dict[int, int], dict[int, int]]:
    """Return the pieces moved and how many were free before, both per variant."""
    variants = db.session.scalars(
        select(StockReservation.variant_id).where(
            StockReservation.reference == reference, StockReservation.state == before
        )
    ).all()
    if not variants:
        return {}, {}
    free = lock_available(variants)
    moved = db.session.execute(
        update(StockReservation)
        .where(StockReservation.reference == reference, StockReservation.state == before)
        .values(state=after)
        .returning(StockReservation.variant_id, StockReservation.quantity)
    )
    return dict(moved.all()), free


def _shift(quantities: Mapping[int, int], *, on_hand: int, reserved: int) -> None:
    """Change the counts of variants that are already locked."""
    if not quantities:
        return
    table = Variant.__table__
    statement = (
        update(table)  # type: ignore[arg-type]
        .where(table.c.id == bindparam("variant"))
        .values(
            on_hand=table.c.on_hand + on_hand * bindparam("pieces"),
            reserved=table.c.reserved + reserved * bindparam("pieces"),
        )
    )
    db.session.connection().execute(
        statement,
        [{"variant": variant, "pieces": count} for variant, count in sorted(quantities.items())],
    )


def _tell_search(variant_ids: Sequence[int]) -> None:
    """Let lists show that the last piece went, or that one is there again."""
    if variant_ids:
        outbox.enqueue("search.reindex_variants", {"variant_ids": sorted(variant_ids)})


def _names(variant_ids: Sequence[int]) -> str:
    names = db.session.scalars(
        select(func.distinct(Product.name))
        .join(Variant, Variant.product_id == Product.id)
        .where(Variant.id.in_(variant_ids))
    ).all()
    return ", ".join(sorted(names))
