from __future__ import annotations

import copy
import json
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from marketplace.checkout import quote_input
from marketplace.checkout.quote_cart import (
    Coupon,
    Kind,
    Order,
    Scope,
    Target,
    Voucher,
    VoucherStatus,
)
from marketplace.core.json_fields import WrongField
from marketplace.core.money import NotAPercentage

FULL: dict[str, Any] = {
    "lines": [
        {
            "sku": "A",
            "enterprise": "E1",
            "unit_price": 1000,
            "quantity": 2,
            "category": "food",
            "discountable": False,
            "already_discounted": True,
            "min_unit_price": 900,
        }
    ],
    "coupons": [
        {
            "id": "P",
            "kind": "percent",
            "value": 12.5,
            "max_discount": 5000,
            "round_unit": 100,
            "scope": {"skus": ["A"], "exclude_discounted": True},
            "min_order": 1,
            "min_order_when": "after_previous",
            "budget": {"type": "spend", "limit": 10, "used": 1},
            "budget_on_exceed": "clip",
            "unit_order": "cheapest",
            "starts_at": "2026-03-01T00:00:00Z",
        },
        {"id": "F", "kind": "fixed", "value": 500, "target": "shipping"},
        {"id": "V", "kind": "voucher", "balance": 9, "expires_on": "2026-03-01"},
    ],
    "shipping": [
        {"enterprise": "*", "fee": 3000, "per_unit": True, "tiers": [{"from": 5, "fee": 1}]}
    ],
    "combine": "best",
    "now": "2026-03-01T09:00:00+09:00",
    "channel": "own_mall",
    "customer": {"id": "c", "groups": ["resident"], "completed_orders": 3},
}

Change = Callable[[dict[str, Any]], object]


class TestRead:
    def test_reads_every_field(self) -> None:
        cart = quote_input.read(json.dumps(FULL))

        line, policy = cart.lines[0], cart.shipping[0]
        percent, fixed, voucher = cart.coupons
        assert (line.gross, line.categories) == (2_000, frozenset({"food"}))
        assert not line.discountable
        assert line.already_discounted
        assert line.min_unit_price == 900
        assert isinstance(percent, Coupon)
        assert (percent.kind, percent.rate) == (Kind.PERCENT, Fraction(25, 2))
        assert percent.scope == Scope(skus=frozenset({"A"}), exclude_discounted=True)
        assert percent.min_order_after_previous
        assert percent.clip_over_budget
        assert percent.cheapest_first
        assert percent.round_unit == 100
        assert isinstance(fixed, Coupon)
        assert (fixed.amount, fixed.target) == (500, Target.SHIPPING)
        assert isinstance(voucher, Voucher)
        assert voucher.status is VoucherStatus.ACTIVE
        assert (policy.fee_per_units, policy.tiers[0].reached_from) == (1, 5)
        assert cart.order is Order.ENTERED
        assert cart.customer is not None
        assert cart.customer.completed_orders == 3
        assert cart.at is not None
        assert percent.starts_at == cart.at

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            (lambda cart: cart.pop("lines"), "lines"),
            (lambda cart: cart.update(extra=1), "extra"),
            (lambda cart: cart.update(lines={}), "lines"),
            (lambda cart: cart["lines"][0].update(quantity=0), "lines[0].quantity"),
            (lambda cart: cart["lines"][0].update(quantity=True), "lines[0].quantity"),
            (lambda cart: cart["lines"][0].update(quantity="2"), "lines[0].quantity"),
            (lambda cart: cart["lines"][0].update(unit_price=-1), "lines[0].unit_price"),
            (lambda cart: cart["lines"][0].update(unit_price=10.5), "lines[0].unit_price"),
            (lambda cart: cart["lines"][0].update(sku=""), "lines[0].sku"),
            (lambda cart: cart["lines"][0].update(discountable=1), "lines[0].discountable"),
            (lambda cart: cart["lines"].append(cart["lines"][0]), "lines"),
            (lambda cart: cart["coupons"][0].update(kind="bogus"), "coupons[0].kind"),
            (lambda cart: cart["coupons"][0].pop("kind"), "coupons[0].kind"),
            (lambda cart: cart["coupons"][0].update(apply="order"), "coupons[0].apply"),
            (lambda cart: cart["coupons"][0].update(scope=[]), "coupons[0].scope"),
            (lambda cart: cart["coupons"][0]["scope"].update(skus=[1]), "coupons[0].scope.skus"),
            (lambda cart: cart["coupons"][0].update(starts_at="2026-03-01"), "starts_at"),
            (lambda cart: cart["coupons"][0].update(starts_at="2026-13-01T00:00:00Z"), "starts_at"),
            (lambda cart: cart["coupons"][1].update(value="500"), "coupons[1].value"),
            (lambda cart: cart["coupons"][1].update(apply="per_unit"), "coupons[1].target"),
            (lambda cart: cart["coupons"][1].update(max_units=1), "coupons[1].target"),
            (lambda cart: cart["coupons"][1].update(id="P"), "coupons"),
            (lambda cart: cart["coupons"][2].update(value=5), "coupons[2].value"),
            (lambda cart: cart["coupons"][2].update(expires_on="2026-02-30"), "expires_on"),
            (lambda cart: cart["shipping"][0].pop("fee"), "shipping[0].fee"),
            (lambda cart: cart.update(now="yesterday"), "now"),
            (lambda cart: cart.update(customer={}), "customer.id"),
            (lambda cart: cart.update(combine="all"), "combine"),
        ],
    )
    def test_refuses_by_name(self, change: Change, field: str) -> None:
        given = copy.deepcopy(FULL)
        change(given)

        with pytest.raises(WrongField) as refused:
            quote_input.read(json.dumps(given))
        assert field in str(refused.value)

    @pytest.mark.parametrize("value", ["12,5", "1e2", "-3", "", "NaN"])
    def test_refuses_what_is_no_percentage(self, value: str) -> None:
        given = copy.deepcopy(FULL)
        given["coupons"][0]["value"] = value

        with pytest.raises(NotAPercentage):
            quote_input.read(json.dumps(given))

    @pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"lines": NaN}', "[" * 100_000])
    def test_refuses_what_is_no_cart(self, text: str) -> None:
        with pytest.raises(WrongField):
            quote_input.read(text)

    def test_takes_the_same_coupon_twice_for_one(self) -> None:
        given = copy.deepcopy(FULL)
        given["coupons"].append(given["coupons"][1])

        assert len(quote_input.read(json.dumps(given)).coupons) == 3
