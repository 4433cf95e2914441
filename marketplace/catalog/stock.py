"""Set pieces aside, take them out of stock and put them back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    DateTime,
    Integer,
    String,
    Update,
    bindparam,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from marketplace.catalog.models import Product, ReservationState, StockReservation, Variant
from marketplace.core import outbox
from marketplace.core.db import db, table_of
from marketplace.core.errors import Conflict


class SoldOut(Conflict):
    """Somebody else was faster, or there never were that many."""

    message = "재고가 부족합니다: {names}. 수량을 줄이거나 다른 상품을 골라 주세요."

    def __init__(self, *, names: str, variant_ids: Sequence[int]) -> None:
        super().__init__(names=names)
        self.variant_ids = tuple(variant_ids)


_VARIANT: Final = table_of(Variant)
_HOLDING: Final = table_of(StockReservation)
_PIECES: Final = (
    func.unnest(
        bindparam("variants", type_=ARRAY(BigInteger)), bindparam("pieces", type_=ARRAY(Integer))
    )
    .table_valued("variant_id", "pieces")
    .render_derived()
)

_FREE: Final = (
    select(Variant.id, Variant.on_hand - Variant.reserved, Variant.is_active)
    .where(Variant.id == func.any(bindparam("variants", type_=ARRAY(BigInteger))))
    .order_by(Variant.id)
)
# Ordered by id: two carts with the same goods wait for each other instead of deadlocking.
_LOCK: Final = _FREE.with_for_update()
_LOCK_HELD: Final = (
    select(Variant.id, Variant.on_hand - Variant.reserved, Variant.is_active)
    .join(StockReservation, StockReservation.variant_id == Variant.id)
    .where(
        StockReservation.reference == bindparam("of_reference"),
        StockReservation.state == ReservationState.HELD,
    )
    .order_by(Variant.id)
    .with_for_update(of=Variant)
)
_TAKEN: Final = select(StockReservation.variant_id).where(
    StockReservation.reference == bindparam("of_reference"),
    StockReservation.state.in_([ReservationState.HELD, ReservationState.DEDUCTED]),
)


def _holding() -> Update:
    reserving = insert(_HOLDING).from_select(
        ["reference", "variant_id", "quantity", "returned", "expires_at", "state"],
        select(
            bindparam("of_reference", type_=String),
            _PIECES.c.variant_id,
            _PIECES.c.pieces,
            literal(0),
            bindparam("until", type_=DateTime(timezone=True)),
            literal(ReservationState.HELD, StockReservation.state.type),
        ).order_by(_PIECES.c.variant_id),
        include_defaults=False,
    )
    # A released reservation is revived when a payment arrives after its order expired.
    held = (
        reserving.on_conflict_do_update(
            index_elements=["reference", "variant_id"],
            set_={
                "quantity": reserving.excluded.quantity,
                "expires_at": reserving.excluded.expires_at,
                "state": ReservationState.HELD,
            },
        )
        .returning(StockReservation.variant_id, StockReservation.quantity)
        .cte("held")
    )
    return (
        update(_VARIANT)
        .where(Variant.id == held.c.variant_id)
        .values(reserved=Variant.reserved + held.c.quantity)
    )


def _ending() -> Update:
    ended = (
        update(_HOLDING)
        .where(
            StockReservation.reference == bindparam("of_reference"),
            StockReservation.state == ReservationState.HELD,
        )
        .values(state=bindparam("to_state", type_=StockReservation.state.type))
        .returning(StockReservation.variant_id, StockReservation.quantity)
        .cte("ended")
    )
    return (
        update(_VARIANT)
        .where(Variant.id == ended.c.variant_id)
        .values(
            reserved=Variant.reserved - ended.c.quantity,
            on_hand=Variant.on_hand + ended.c.quantity * bindparam("to_shelf", type_=Integer),
        )
    )


# One statement each, for variants that are already locked.
_HOLD: Final = _holding()
_END_HOLD: Final = _ending()
_SHELVE: Final = (
    update(_VARIANT)
    .where(Variant.id == _PIECES.c.variant_id)
    .values(on_hand=Variant.on_hand + _PIECES.c.pieces)
)


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
    held = set(db.session.scalars(_TAKEN, {"of_reference": reference}))
    wanted = {variant: count for variant, count in quantities.items() if variant not in held}
    short = [variant for variant, count in wanted.items() if available.get(variant, 0) < count]
    if short:
        raise SoldOut(names=_names(short), variant_ids=short)
    if not wanted:
        return
    db.session.execute(
        _HOLD,
        {
            "of_reference": reference,
            "variants": list(wanted),
            "pieces": list(wanted.values()),
            "until": expires_at,
        },
    )
    _tell_search([variant for variant, count in wanted.items() if available[variant] == count])


def deduct(*, reference: str) -> None:
    """Take the held pieces of a reference out of stock."""
    _end_hold(reference, ReservationState.DEDUCTED, on_hand=-1)


def release(*, reference: str) -> None:
    """Let go of the held pieces of a reference."""
    before = _end_hold(reference, ReservationState.RELEASED, on_hand=0)
    _tell_search([variant for variant, free in before.items() if free == 0])


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
    db.session.execute(_SHELVE, {"variants": list(quantities), "pieces": list(quantities.values())})
    _tell_search([variant for variant in quantities if before.get(variant) == 0])


def lock_available(variant_ids: Sequence[int]) -> dict[int, int]:
    """Lock the variants in the one order everybody uses; return how many pieces are free."""
    rows = db.session.execute(_LOCK, {"variants": list(variant_ids)})
    return {variant: free if active else 0 for variant, free, active in rows}


def _end_hold(reference: str, state: ReservationState, *, on_hand: int) -> dict[int, int]:
    """End what a reference holds; return how many pieces of each variant were free before."""
    free = {
        variant: count if active else 0
        for variant, count, active in db.session.execute(_LOCK_HELD, {"of_reference": reference})
    }
    if free:
        db.session.execute(
            _END_HOLD, {"of_reference": reference, "to_state": state, "to_shelf": on_hand}
        )
    return free


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
