"""
Options of a product as combinations, each with its stock, code and price difference.

A combination is never deleted: orders, carts and alerts point at it. One that is no longer offered
is switched off, and found again when the same values come back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product as every
from typing import Final

from sqlalchemy import select

from marketplace.catalog import stock_edits
from marketplace.catalog.editing import lock_seen, touch
from marketplace.catalog.models import Product, Variant
from marketplace.catalog.prices import HIGHEST
from marketplace.core.db import db
from marketplace.core.errors import InvalidInput
from marketplace.core.money import Won

MOST_GROUPS: Final = 3
MOST_COMBINATIONS: Final = 100
LONGEST_WORD: Final = 40
LONGEST_CODE: Final = 60


class OptionsWrong(InvalidInput):
    message = "옵션을 확인해 주세요. {why}"
    field = "options"


class DifferenceWrong(InvalidInput):
    message = "{label}: 옵션 추가금을 더한 가격은 1원부터 99,999,999원까지여야 합니다."
    field = "difference"


class NoneLeft(InvalidInput):
    message = "적어도 한 가지 옵션은 판매해야 합니다."


@dataclass(frozen=True, kw_only=True)
class CombinationEdit:
    """What somebody typed for one combination; `seen` pieces were free when they looked."""

    variant_id: int
    price_difference: Won
    seen: int
    free: int
    code: str
    low_stock_at: int
    is_active: bool


def combine(
    *,
    product_id: int,
    enterprise_id: int,
    groups: Sequence[tuple[str, Sequence[str]]],
    seen: str,
    at: datetime,
) -> None:
    """
    Offer a product in every combination of some option values; without groups, as it is.

    :raises ProductMissing, ChangedMeanwhile, OptionsWrong:
    """
    check_groups(groups)
    product = lock_seen(product_id, enterprise_id, seen)
    product.option_names = [name for name, _ in groups]
    offer(product, [list(values) for values in every(*(values for _, values in groups))])
    touch(product, at)


def offer(product: Product, combinations: Sequence[Sequence[str]]) -> None:
    """Switch these combinations on, write those that are new, and switch the others off."""
    known = {tuple(each.option_values): each for each in _list(product.id)}
    wanted = {tuple(values): place for place, values in enumerate(combinations)}
    # A code that stands for the whole product goes with its new combinations.
    codes = {each.code for each in known.values() if each.code}
    common = codes.pop() if len(codes) == 1 else None
    for values, variant in known.items():
        variant.is_active = values in wanted
        if values in wanted:
            variant.position = wanted[values]
    for values, place in wanted.items():
        if values not in known:
            db.session.add(
                Variant(
                    product_id=product.id,
                    option_values=list(values),
                    position=place,
                    code=common,
                )
            )
    db.session.flush()


def save(
    *,
    product_id: int,
    enterprise_id: int,
    edits: Sequence[CombinationEdit],
    seen: str,
    at: datetime,
) -> None:
    """
    Write what somebody typed for the combinations of a product.

    :raises ProductMissing, ChangedMeanwhile, DifferenceWrong, NoneLeft, StockOutOfRange:
    :raises SoldMeanwhile:
    """
    product = lock_seen(product_id, enterprise_id, seen)
    stock_edits.correct(
        {
            edit.variant_id: (edit.seen, edit.free)
            for edit in edits
            if edit.variant_id in {each.id for each in _list(product_id)}
        }
    )
    known = {each.id: each for each in _list(product_id)}
    for edit in edits:
        variant = known.get(edit.variant_id)
        if variant is None:
            continue
        if not 1 <= product.price + edit.price_difference <= HIGHEST:
            raise DifferenceWrong(label=" / ".join(variant.option_values) or product.name)
        if edit.low_stock_at < 0 or edit.low_stock_at > stock_edits.MOST:
            raise stock_edits.StockOutOfRange
        variant.price_difference = edit.price_difference
        variant.code = edit.code[:LONGEST_CODE] or None
        variant.low_stock_at = edit.low_stock_at
        variant.is_active = edit.is_active
    if not any(each.is_active for each in known.values()):
        raise NoneLeft
    touch(product, at)


def check_groups(groups: Sequence[tuple[str, Sequence[str]]]) -> None:
    """
    Refuse options that cannot be offered.

    :raises OptionsWrong:
    """
    if len(groups) > MOST_GROUPS:
        raise OptionsWrong(why=f"{MOST_GROUPS}가지까지 나눌 수 있습니다.")
    names = [name for name, _ in groups]
    if len(set(names)) != len(names):
        raise OptionsWrong(why="옵션 이름이 겹칩니다.")
    count = 1
    for name, values in groups:
        if not name or not values or not all(values):
            raise OptionsWrong(why="이름과 값을 모두 적어 주세요.")
        if len(set(values)) != len(values):
            raise OptionsWrong(why=f"{name}에 같은 값이 두 번 있습니다.")
        if max(map(len, (name, *values))) > LONGEST_WORD:
            raise OptionsWrong(why=f"{LONGEST_WORD}자보다 긴 말이 있습니다.")
        count *= len(values)
    if count > MOST_COMBINATIONS:
        raise OptionsWrong(
            why=f"조합이 {count}개입니다. {MOST_COMBINATIONS}개까지 만들 수 있습니다."
        )


def _list(product_id: int) -> Sequence[Variant]:
    return db.session.scalars(
        select(Variant)
        .where(Variant.product_id == product_id)
        .order_by(Variant.id)
        .execution_options(populate_existing=True)
    ).all()
