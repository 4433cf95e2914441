"""Each rule of docs/pricing.md that the casebook's JSON cannot reach."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import permutations

import pytest

from marketplace.checkout import quote
from marketplace.checkout.quote_cart import (
    Budget,
    BudgetType,
    Cart,
    CartLine,
    Coupon,
    Customer,
    Kind,
    Order,
    Scope,
    Shipping,
    Target,
    Voucher,
)
from marketplace.checkout.quote_refusals import Reason
from marketplace.checkout.quote_result import QuoteResult
from marketplace.core.money import Won


def _budget(limit: int) -> Budget:
    return Budget(type=BudgetType.SPEND, limit=limit, used=0)


def _applied(result: QuoteResult) -> set[str]:
    return {use.id for use in result.uses}


class TestWorkingOrder:
    LINE = CartLine(
        sku="A", enterprise="E1", unit_price=Won(9_999), quantity=1, categories=frozenset({"food"})
    )
    COUPONS = (
        Coupon(id="order-fixed", kind=Kind.FIXED, amount=Won(501)),
        Coupon(id="order-percent", kind=Kind.PERCENT, rate=Fraction(7)),
        Coupon(
            id="bundle-fixed",
            kind=Kind.FIXED,
            amount=Won(333),
            scope=Scope(enterprises=frozenset({"E1"})),
        ),
        Coupon(
            id="line-fixed",
            kind=Kind.FIXED,
            amount=Won(777),
            scope=Scope(categories=frozenset({"food"})),
        ),
        Coupon(
            id="line-percent",
            kind=Kind.PERCENT,
            rate=Fraction(13),
            scope=Scope(skus=frozenset({"A"})),
        ),
    )

    def test_is_line_bundle_order_and_percent_before_fixed(self) -> None:
        cart = Cart(lines=(self.LINE,), coupons=self.COUPONS)

        assert [use.id for use in quote.price(cart).uses] == [
            "line-percent",
            "line-fixed",
            "bundle-fixed",
            "order-percent",
            "order-fixed",
        ]

    def test_does_not_depend_on_the_order_of_entry(self) -> None:
        totals = {
            quote.price(Cart(lines=(self.LINE,), coupons=coupons)).total
            for coupons in permutations(self.COUPONS)
        }
        assert len(totals) == 1

    def test_priority_comes_first(self) -> None:
        first = replace(self.COUPONS[0], priority=1)
        cart = Cart(lines=(self.LINE,), coupons=(*self.COUPONS[1:], first))

        assert quote.price(cart).uses[0].id == "order-fixed"

    def test_can_be_the_order_of_entry(self) -> None:
        cart = Cart(lines=(self.LINE,), coupons=self.COUPONS, order=Order.ENTERED)

        assert [use.id for use in quote.price(cart).uses] == [c.id for c in self.COUPONS]


class TestReasons:
    LINE = CartLine(sku="A", enterprise="E1", unit_price=Won(10_000), quantity=1)
    FIXED = Coupon(id="F", kind=Kind.FIXED, amount=Won(1_000))

    @pytest.mark.parametrize(
        ("coupon", "reason"),
        [
            (replace(FIXED, min_order=Won(10_001)), Reason.BELOW_MINIMUM),
            (replace(FIXED, min_quantity=2), Reason.BELOW_MINIMUM),
            (replace(FIXED, scope=Scope(skus=frozenset({"Z"}))), Reason.OUT_OF_SCOPE),
            (replace(FIXED, requires_in_cart=Scope(skus=frozenset({"Z"}))), Reason.OUT_OF_SCOPE),
            (replace(FIXED, channels=frozenset({"counter"})), Reason.WRONG_CHANNEL),
            (replace(FIXED, customer_groups=frozenset({"x"})), Reason.NOT_ELIGIBLE),
            (replace(FIXED, nth_order=1), Reason.NOT_ELIGIBLE),
            (replace(FIXED, usage_limit=3, used=3), Reason.LIMIT_TOTAL),
            (replace(FIXED, per_customer_limit=1, used_by_customer=1), Reason.LIMIT_PERSON),
            (replace(FIXED, budget=_budget(999)), Reason.BUDGET_EXHAUSTED),
            (replace(FIXED, amount=Won(0)), Reason.NO_EFFECT),
            (replace(FIXED, refused=Reason.PAUSED), Reason.PAUSED),
        ],
    )
    def test_are_named(self, coupon: Coupon, reason: Reason) -> None:
        result = quote.price(Cart(lines=(self.LINE,), coupons=(coupon,), channel="own_mall"))

        refusal = result.find_refusal("F")
        assert refusal is not None
        assert refusal.reason is reason
        assert refusal.text.endswith((".", "다."))

    def test_say_how_much_is_missing(self) -> None:
        coupon = replace(self.FIXED, min_order=Won(12_000))

        refusal = quote.price(Cart(lines=(self.LINE,), coupons=(coupon,))).find_refusal("F")

        assert refusal is not None
        assert "12,000원" in refusal.text
        assert "10,000원" in refusal.text

    def test_one_of_a_stacking_group(self) -> None:
        coupons = (
            replace(self.FIXED, id="F0", stack_group="g", amount=Won(0)),
            replace(self.FIXED, id="F1", stack_group="g"),
            replace(self.FIXED, id="F2", stack_group="g"),
            replace(self.FIXED, id="F3"),
        )

        result = quote.price(Cart(lines=(self.LINE,), coupons=coupons))

        assert _applied(result) == {"F1", "F3"}
        assert result.find_refusal("F0").reason is Reason.NO_EFFECT  # type: ignore[union-attr]
        assert result.find_refusal("F2").reason is Reason.NOT_STACKABLE  # type: ignore[union-attr]

    def test_a_visitor_uses_no_coupon(self) -> None:
        cart = Cart(lines=(self.LINE,), coupons=(self.FIXED,), customer=Customer(id=None))

        assert quote.price(cart).refusals[0].reason is Reason.NOT_ELIGIBLE


class TestShipping:
    LINES = (
        CartLine(sku="A", enterprise="E1", unit_price=Won(9_000), quantity=2, bundle="cold"),
        CartLine(sku="B", enterprise="E1", unit_price=Won(9_000), quantity=3, bundle="dry"),
    )

    def test_is_per_bundle_of_an_enterprise(self) -> None:
        policies = (
            Shipping(enterprise="E1", bundle="cold", fee=Won(5_000), free_over=Won(20_000)),
            Shipping(enterprise="E1", bundle="dry", fee=Won(3_000), free_over=Won(20_000)),
        )

        result = quote.price(Cart(lines=self.LINES, shipping=policies))

        assert [shipping.fee for shipping in result.shipping] == [5_000, 0]

    def test_asks_the_surcharge_even_when_free(self) -> None:
        policy = Shipping(enterprise="E1", fee=Won(3_000), free_over=Won(0), surcharge=Won(4_000))

        result = quote.price(Cart(lines=self.LINES, shipping=(policy,)))

        assert result.shipping[0].fee == 0
        assert result.shipping_total == 4_000

    def test_a_shipping_coupon_does_not_pay_the_surcharge(self) -> None:
        policy = Shipping(enterprise="E1", fee=Won(3_000), surcharge=Won(4_000))
        free = Coupon(id="S", kind=Kind.PERCENT, rate=Fraction(100), target=Target.SHIPPING)

        result = quote.price(Cart(lines=self.LINES, shipping=(policy,), coupons=(free,)))

        assert result.shipping_total == 4_000

    def test_asks_once_for_every_started_pack(self) -> None:
        policy = Shipping(enterprise="E1", fee=Won(2_500), fee_per_units=2)

        assert quote.price(Cart(lines=self.LINES, shipping=(policy,))).shipping_total == 7_500


class TestVoucher:
    LINES = (
        CartLine(sku="A", enterprise="E1", unit_price=Won(6_000), quantity=1),
        CartLine(sku="B", enterprise="E2", unit_price=Won(3_000), quantity=1, discountable=False),
    )
    POLICIES = (
        Shipping(enterprise="E1", fee=Won(3_000)),
        Shipping(enterprise="E2", fee=Won(3_000)),
    )

    def test_pays_each_part_by_what_is_owed(self) -> None:
        voucher = Voucher(id="V", balance=Won(5_000))

        use = quote.price(Cart(lines=self.LINES, shipping=self.POLICIES, coupons=(voucher,))).uses[
            0
        ]

        assert use.lines == (2_000, 1_000)
        assert use.shipping == (1_000, 1_000)
        assert use.remaining == 0

    def test_pays_only_in_its_scope(self) -> None:
        voucher = Voucher(id="V", balance=Won(50_000), scope=Scope(enterprises=frozenset({"E1"})))

        use = quote.price(Cart(lines=self.LINES, shipping=self.POLICIES, coupons=(voucher,))).uses[
            0
        ]

        assert use.lines == (6_000, 0)
        assert use.shipping == (3_000, 0)
        assert use.remaining == 41_000

    def test_of_public_money_leaves_excluded_goods_alone(self) -> None:
        voucher = Voucher(id="V", balance=Won(50_000), only_discountable=True)

        use = quote.price(Cart(lines=self.LINES, coupons=(voucher,))).uses[0]

        assert use.lines == (6_000, 0)

    def test_minimum_after_coupons(self) -> None:
        coupon = Coupon(id="F", kind=Kind.FIXED, amount=Won(2_000))
        voucher = Voucher(
            id="V", balance=Won(500), min_order=Won(8_000), min_order_after_previous=True
        )

        result = quote.price(Cart(lines=self.LINES, coupons=(voucher, coupon)))

        assert _applied(result) == {"F"}
        assert result.refusals[0].reason is Reason.BELOW_MINIMUM
