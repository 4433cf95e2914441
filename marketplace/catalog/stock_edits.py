"""Stock as the enterprise counts it: corrected under the same locks that orders take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import ARRAY, BigInteger, Integer, bindparam, func, select, update

from marketplace.catalog.models import Variant
from marketplace.core import outbox
from marketplace.core.db import db, table_of
from marketplace.core.errors import Conflict, InvalidInput

MOST: Final = 9_999_999


class StockOutOfRange(InvalidInput):
    message = "재고는 0개부터 9,999,999개까지 적을 수 있습니다."
    field = "stock"


class SoldMeanwhile(Conflict):
    """Pieces were sold while somebody counted, and fewer are left than would be taken away."""

    message = (
        "그사이 주문이 들어와 재고가 {free}개 남았습니다. 새 수량을 확인하고 다시 저장해 주세요."
    )
    field = "stock"


_LOCK: Final = (
    select(Variant.id, Variant.on_hand - Variant.reserved, Variant.is_active)
    .where(Variant.id == func.any(bindparam("variants", type_=ARRAY(BigInteger))))
    .order_by(Variant.id)
    .with_for_update()
)
_PIECES: Final = (
    func.unnest(
        bindparam("variants", type_=ARRAY(BigInteger)), bindparam("pieces", type_=ARRAY(Integer))
    )
    .table_valued("variant_id", "pieces")
    .render_derived()
)
_ADD: Final = (
    update(table_of(Variant))
    .where(Variant.id == _PIECES.c.variant_id)
    .values(on_hand=Variant.on_hand + _PIECES.c.pieces)
)


def correct(counted: Mapping[int, tuple[int, int]]) -> None:
    """
    Correct what is free to sell, from what somebody saw to what they counted.

    What was sold since they looked stays sold: the difference is what is applied.

    :raises StockOutOfRange, SoldMeanwhile:
    """
    if any(not 0 <= wanted <= MOST for _, wanted in counted.values()):
        raise StockOutOfRange
    changes = {variant: wanted - seen for variant, (seen, wanted) in counted.items()}
    changes = {variant: pieces for variant, pieces in changes.items() if pieces}
    free = _lock(changes)
    for variant, pieces in changes.items():
        if free.get(variant, 0) + pieces < 0:
            raise SoldMeanwhile(free=free.get(variant, 0))
    _add(changes, free)


def put(wanted: Mapping[int, int]) -> int:
    """
    Make this many pieces free to sell, beside those set aside; return how many variants changed.

    :raises StockOutOfRange:
    """
    if any(not 0 <= pieces <= MOST for pieces in wanted.values()):
        raise StockOutOfRange
    free = _lock(wanted)
    changes = {variant: wanted[variant] - pieces for variant, pieces in free.items()}
    changes = {variant: pieces for variant, pieces in changes.items() if pieces}
    _add(changes, free)
    return len(changes)


def _lock(variants: Mapping[int, object]) -> dict[int, int]:
    if not variants:
        return {}
    rows = db.session.execute(_LOCK, {"variants": sorted(variants)})
    return {variant: free for variant, free, _ in rows}


def _add(changes: Mapping[int, int], free: Mapping[int, int]) -> None:
    if not changes:
        return
    variants = sorted(changes)
    pieces = [changes[variant] for variant in variants]
    db.session.execute(_ADD, {"variants": variants, "pieces": pieces})
    db.session.expire_all()
    turned = [each for each in variants if (free[each] == 0) != (free[each] + changes[each] == 0)]
    if turned:
        outbox.enqueue("search.reindex_variants", {"variant_ids": turned})
