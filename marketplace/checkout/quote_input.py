"""Read the JSON of op `quote` (docs/pricing.md) into a cart."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

from marketplace.checkout.quote_cart import (
    EVERYTHING,
    NO_RATE,
    NO_WON,
    Budget,
    BudgetType,
    Cart,
    CartLine,
    Combine,
    Coupon,
    Customer,
    Kind,
    Order,
    Scope,
    Shipping,
    Target,
    Tier,
    Voucher,
    VoucherStatus,
)
from marketplace.core import json_fields
from marketplace.core.json_fields import Fields
from marketplace.core.money import Won, percent

_CART: Final = ("lines", "coupons", "shipping", "combine", "order", "now", "channel", "customer")
_LINE: Final = (
    "sku", "enterprise", "unit_price", "quantity", "category", "bundle", "discountable",
    "already_discounted", "min_unit_price",
)  # fmt: skip
_SCOPE: Final = ("skus", "categories", "enterprises", "exclude_skus", "exclude_discounted")
_TERMS: Final = (
    "id", "kind", "priority", "starts_at", "ends_at", "expires_at", "expires_on", "scope",
    "min_order", "min_order_scope", "min_order_when", "min_quantity", "requires_in_cart",
    "customer_groups", "nth_order", "channels", "usage_limit", "used", "per_customer_limit",
    "used_by_customer",
)  # fmt: skip
_COUPON: Final = (
    *_TERMS, "value", "target", "apply", "max_discount", "round_unit", "max_units", "unit_order",
    "exclusive", "stack_group", "budget", "budget_on_exceed",
)  # fmt: skip
_VOUCHER: Final = (*_TERMS, "balance", "status")
_SHIPPING: Final = (
    "enterprise", "bundle", "fee", "free_over", "tiers", "per_unit", "fee_per_units", "surcharge",
)  # fmt: skip


class Apply(StrEnum):
    """How often a fixed amount is given."""

    ORDER = "order"
    PER_UNIT = "per_unit"


class UnitOrder(StrEnum):
    """Which units come first when only some get the discount."""

    DEAREST = "dearest"
    CHEAPEST = "cheapest"


class OnExceed(StrEnum):
    """What happens to a discount the budget cannot pay."""

    REJECT = "reject"
    CLIP = "clip"


class MinimumWhen(StrEnum):
    """Whether the minimum order is tested before any coupon or after the earlier ones."""

    BEFORE = "before"
    AFTER_PREVIOUS = "after_previous"


def read(text: str) -> Cart:
    """
    Read a cart from JSON text.

    :raises WrongField, NotAPercentage:
    """
    return cart(json_fields.loads(text))


def cart(given: object) -> Cart:
    """
    Read a cart from parsed JSON.

    :raises WrongField, NotAPercentage:
    """
    fields = Fields(given, "", _CART)
    lines = fields.each("lines", _line)
    _refuse_twice(fields, "lines", [line.sku for line in lines])
    coupons = tuple(dict.fromkeys(fields.each("coupons", _coupon_or_voucher)))
    _refuse_twice(fields, "coupons", [coupon.id for coupon in coupons])
    return Cart(
        lines=lines,
        coupons=coupons,
        shipping=fields.each("shipping", _shipping),
        combine=fields.choice("combine", Combine, Combine.SEQUENTIAL),
        order=fields.choice("order", Order, Order.ENTERED),
        at=fields.optional("now", fields.instant),
        channel=fields.optional("channel", fields.text),
        customer=_customer(fields.raw("customer")) if "customer" in fields else None,
    )


def _line(given: object, where: str) -> CartLine:
    fields = Fields(given, where, _LINE)
    category = fields.optional("category", fields.text)
    return CartLine(
        sku=fields.text("sku"),
        enterprise=fields.text("enterprise"),
        unit_price=Won(fields.whole("unit_price")),
        quantity=fields.whole("quantity", minimum=1),
        categories=frozenset() if category is None else frozenset({category}),
        bundle=fields.optional("bundle", fields.text) or "",
        discountable=fields.flag("discountable") if "discountable" in fields else True,
        already_discounted=fields.flag("already_discounted"),
        min_unit_price=Won(fields.optional("min_unit_price", fields.whole) or 0),
    )


def _coupon_or_voucher(given: object, where: str) -> Coupon | Voucher:
    kind = given.get("kind") if isinstance(given, dict) else None
    return _voucher(given, where) if kind == "voucher" else _coupon(given, where)


def _voucher(given: object, where: str) -> Voucher:
    fields = Fields(given, where, _VOUCHER)
    return Voucher(
        **_terms(fields, where),
        balance=Won(fields.whole("balance")),
        status=fields.choice("status", VoucherStatus, VoucherStatus.ACTIVE),
    )


def _coupon(given: object, where: str) -> Coupon:
    fields = Fields(given, where, _COUPON)
    fields.raw("kind")
    kind = fields.choice("kind", Kind, Kind.FIXED)
    apply = fields.choice("apply", Apply, Apply.ORDER)
    target = fields.choice("target", Target, Target.ITEMS)
    fixed = kind is Kind.FIXED
    if "apply" in fields and not fixed:
        raise fields.refuse("apply", "fixed 쿠폰에만 쓸 수 있습니다")
    if target is Target.SHIPPING and (apply is Apply.PER_UNIT or "max_units" in fields):
        raise fields.refuse("target", "배송비 쿠폰은 개수로 셀 수 없습니다")
    max_discount = fields.optional("max_discount", fields.whole)
    return Coupon(
        **_terms(fields, where),
        kind=kind,
        amount=Won(fields.whole("value")) if fixed else NO_WON,
        rate=NO_RATE if fixed else percent(fields.number_or_text("value")),
        target=target,
        per_unit=apply is Apply.PER_UNIT,
        max_discount=None if max_discount is None else Won(max_discount),
        round_unit=_at_least_one(fields, "round_unit") or 1,
        max_units=_at_least_one(fields, "max_units"),
        cheapest_first=fields.choice("unit_order", UnitOrder, UnitOrder.DEAREST)
        is UnitOrder.CHEAPEST,
        exclusive=fields.flag("exclusive"),
        stack_group=fields.optional("stack_group", fields.text) or "",
        budget=_budget(fields.raw("budget"), f"{where}.budget") if "budget" in fields else None,
        clip_over_budget=fields.choice("budget_on_exceed", OnExceed, OnExceed.REJECT)
        is OnExceed.CLIP,
    )


def _terms(fields: Fields, where: str) -> dict[str, Any]:
    def scope(name: str) -> Scope | None:
        return _scope(fields.raw(name), f"{where}.{name}") if name in fields else None

    when = fields.choice("min_order_when", MinimumWhen, MinimumWhen.BEFORE)
    return {
        "id": fields.text("id"),
        "priority": fields.whole("priority", minimum=None) if "priority" in fields else 0,
        "starts_at": fields.optional("starts_at", fields.instant),
        "ends_at": fields.optional("ends_at", fields.instant),
        "expires_at": fields.optional("expires_at", fields.instant),
        "expires_on": fields.optional("expires_on", fields.day),
        "scope": scope("scope") or EVERYTHING,
        "min_order": Won(fields.optional("min_order", fields.whole) or 0),
        "min_order_scope": scope("min_order_scope") or EVERYTHING,
        "min_order_after_previous": when is MinimumWhen.AFTER_PREVIOUS,
        "min_quantity": _at_least_one(fields, "min_quantity") or 0,
        "requires_in_cart": scope("requires_in_cart"),
        "customer_groups": fields.optional("customer_groups", fields.texts),
        "nth_order": _at_least_one(fields, "nth_order"),
        "channels": fields.optional("channels", fields.texts),
        "usage_limit": fields.optional("usage_limit", fields.whole),
        "used": fields.optional("used", fields.whole) or 0,
        "per_customer_limit": fields.optional("per_customer_limit", fields.whole),
        "used_by_customer": fields.optional("used_by_customer", fields.whole) or 0,
    }


def _scope(given: object, where: str) -> Scope:
    fields = Fields(given, where, _SCOPE)
    return Scope(
        skus=fields.optional("skus", fields.texts),
        categories=fields.optional("categories", fields.texts),
        enterprises=fields.optional("enterprises", fields.texts),
        exclude_skus=fields.optional("exclude_skus", fields.texts) or frozenset(),
        exclude_discounted=fields.flag("exclude_discounted"),
    )


def _budget(given: object, where: str) -> Budget:
    fields = Fields(given, where, ("type", "limit", "used"))
    fields.raw("type")
    return Budget(
        type=fields.choice("type", BudgetType, BudgetType.SPEND),
        limit=fields.whole("limit"),
        used=fields.whole("used"),
    )


def _shipping(given: object, where: str) -> Shipping:
    fields = Fields(given, where, _SHIPPING)
    free_over = fields.optional("free_over", fields.whole)
    return Shipping(
        enterprise=fields.text("enterprise"),
        bundle=fields.optional("bundle", fields.text),
        fee=Won(fields.whole("fee")),
        free_over=None if free_over is None else Won(free_over),
        tiers=fields.each("tiers", _tier) if "tiers" in fields else (),
        fee_per_units=_at_least_one(fields, "fee_per_units")
        or (1 if fields.flag("per_unit") else None),
        surcharge=Won(fields.optional("surcharge", fields.whole) or 0),
    )


def _tier(given: object, where: str) -> Tier:
    fields = Fields(given, where, ("from", "fee"))
    return Tier(reached_from=Won(fields.whole("from")), fee=Won(fields.whole("fee")))


def _customer(given: object) -> Customer:
    if given is None:
        return Customer(id=None)
    fields = Fields(given, "customer", ("id", "groups", "completed_orders"))
    return Customer(
        id=fields.text("id"),
        groups=fields.optional("groups", fields.texts) or frozenset(),
        completed_orders=fields.optional("completed_orders", fields.whole) or 0,
    )


def _at_least_one(fields: Fields, name: str) -> int | None:
    return fields.optional(name, lambda field: fields.whole(field, minimum=1))


def _refuse_twice(fields: Fields, name: str, keys: list[str]) -> None:
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            raise fields.refuse(name, f"{key}이(가) 두 번 있습니다")
        seen.add(key)
