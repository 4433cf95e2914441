"""How an enterprise ships: its policies, one of them the default for new products."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select, update

from marketplace.catalog.models import Product, ShippingKind, ShippingPolicy
from marketplace.core import outbox
from marketplace.core.db import db
from marketplace.core.errors import InvalidInput, NotFound
from marketplace.core.money import Won

__all__ = ["KIND_NAMES", "Policy", "ShippingKind", "Terms", "add", "change", "get", "list_own"]

HIGHEST: Final = 1_000_000
KIND_NAMES: Final = {
    ShippingKind.FREE: "무료배송",
    ShippingKind.CONDITIONAL_FREE: "얼마 이상 무료",
    ShippingKind.PAID: "유료(한 번)",
    ShippingKind.PER_QUANTITY: "수량마다",
}


class PolicyUnknown(NotFound):
    message = "배송 정책을 찾을 수 없습니다."


class FeeWrong(InvalidInput):
    message = "배송비와 추가금은 0원부터 1,000,000원까지 적을 수 있습니다."
    field = "fee"


class FreeOverMissing(InvalidInput):
    message = "얼마부터 무료인지 적어 주세요."
    field = "free_over"


class UnitsMissing(InvalidInput):
    message = "몇 개마다 배송비를 받는지 1개부터 1,000개 사이로 적어 주세요."
    field = "fee_per_units"


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a policy asks for, in won; what its kind does not use is None."""

    name: str
    kind: ShippingKind
    fee: Won
    free_over: Won | None
    fee_per_units: int | None
    jeju_surcharge: Won
    island_surcharge: Won
    return_fee: Won
    is_default: bool


@dataclass(frozen=True, kw_only=True)
class Policy(Terms):
    """One policy with how many products use it."""

    id: int
    products: int


def add(*, enterprise_id: int, terms: Terms) -> int:
    """
    Write a policy and return its id; the first one is the default.

    :raises FeeWrong, FreeOverMissing, UnitsMissing:
    """
    checked = _checked(terms)
    is_first = not db.session.scalar(
        select(func.count()).where(ShippingPolicy.enterprise_id == enterprise_id)
    )
    policy = ShippingPolicy(enterprise_id=enterprise_id, **checked)
    db.session.add(policy)
    db.session.flush()
    if terms.is_default or is_first:
        _make_default(policy)
    return policy.id


def change(*, policy_id: int, enterprise_id: int, terms: Terms) -> None:
    """
    Change a policy; carts and pages follow at once, orders keep what they were told.

    :raises PolicyUnknown, FeeWrong, FreeOverMissing, UnitsMissing:
    """
    checked = _checked(terms)
    policy = db.session.scalars(
        select(ShippingPolicy)
        .where(ShippingPolicy.id == policy_id, ShippingPolicy.enterprise_id == enterprise_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if policy is None:
        raise PolicyUnknown
    for name, value in checked.items():
        setattr(policy, name, value)
    db.session.flush()
    if terms.is_default:
        _make_default(policy)
    outbox.enqueue("search.reindex_enterprise", {"enterprise_id": enterprise_id})


def get(*, policy_id: int, enterprise_id: int) -> Policy:
    """
    Return a policy of an enterprise.

    :raises PolicyUnknown:
    """
    for policy in list_own(enterprise_id):
        if policy.id == policy_id:
            return policy
    raise PolicyUnknown


def list_own(enterprise_id: int) -> Sequence[Policy]:
    """Return the policies of an enterprise, the default first, in one query."""
    products = (
        select(func.count())
        .where(Product.shipping_policy_id == ShippingPolicy.id)
        .correlate(ShippingPolicy)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(ShippingPolicy, products)
        .where(ShippingPolicy.enterprise_id == enterprise_id)
        .order_by(ShippingPolicy.is_default.desc(), ShippingPolicy.id)
        .execution_options(populate_existing=True)
    )
    return [
        Policy(
            id=policy.id,
            products=count,
            name=policy.name,
            kind=policy.kind,
            fee=policy.fee,
            free_over=policy.free_over,
            fee_per_units=policy.fee_per_units,
            jeju_surcharge=policy.jeju_surcharge,
            island_surcharge=policy.island_surcharge,
            return_fee=policy.return_fee,
            is_default=policy.is_default,
        )
        for policy, count in rows
    ]


def _checked(terms: Terms) -> dict[str, object]:
    fees = (terms.fee, terms.jeju_surcharge, terms.island_surcharge, terms.return_fee)
    if any(not 0 <= fee <= HIGHEST for fee in fees):
        raise FeeWrong
    asks_free = terms.kind is ShippingKind.CONDITIONAL_FREE
    if asks_free and not 1 <= (terms.free_over or 0) <= 99_999_999:
        raise FreeOverMissing
    asks_units = terms.kind is ShippingKind.PER_QUANTITY
    if asks_units and not 1 <= (terms.fee_per_units or 0) <= 1_000:
        raise UnitsMissing
    return {
        "name": terms.name,
        "kind": terms.kind,
        "fee": Won(0) if terms.kind is ShippingKind.FREE else terms.fee,
        "free_over": terms.free_over if asks_free else None,
        "fee_per_units": terms.fee_per_units if asks_units else None,
        "jeju_surcharge": terms.jeju_surcharge,
        "island_surcharge": terms.island_surcharge,
        "return_fee": terms.return_fee,
    }


def _make_default(policy: ShippingPolicy) -> None:
    db.session.execute(
        update(ShippingPolicy)
        .where(ShippingPolicy.enterprise_id == policy.enterprise_id)
        .values(is_default=ShippingPolicy.id == policy.id)
        .execution_options(synchronize_session=False)
    )
    db.session.expire(policy)
