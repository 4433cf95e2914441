"""The properties every price must have, whatever is in the cart."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.checkout import quote
from marketplace.checkout.quote_cart import (
    Budget,
    BudgetType,
    Cart,
    CartLine,
    Combine,
    Coupon,
    Kind,
    Order,
    Scope,
    Shipping,
    Target,
    Voucher,
)
from marketplace.checkout.quote_result import QuoteResult, split_over_funders
from marketplace.core.money import Won, allocate

ENTERPRISES = ("E1", "E2", "E3")


@st.composite
def carts(draw: st.DrawFn) -> Cart:
    lines = tuple(draw(_line(f"S{i}")) for i in range(draw(st.integers(1, 4))))
    coupons = tuple(draw(_coupon(f"C{i}", lines)) for i in range(draw(st.integers(0, 4))))
    vouchers = tuple(
        Voucher(id=f"V{i}", balance=Won(draw(st.integers(0, 60_000))))
        for i in range(draw(st.integers(0, 2)))
    )
    return Cart(
        lines=lines,
        coupons=(*vouchers, *coupons),
        shipping=tuple(draw(_shipping(enterprise)) for enterprise in ENTERPRISES),
        combine=draw(st.sampled_from(Combine)),
        order=draw(st.sampled_from(Order)),
    )


@st.composite
def _line(draw: st.DrawFn, sku: str) -> CartLine:
    price = draw(st.integers(0, 50_000))
    return CartLine(
        sku=sku,
        enterprise=draw(st.sampled_from(ENTERPRISES)),
        unit_price=Won(price),
        quantity=draw(st.integers(1, 7)),
        discountable=draw(st.booleans()),
        min_unit_price=Won(draw(st.integers(0, price))),
    )


@st.composite
def _coupon(draw: st.DrawFn, coupon_id: str, lines: tuple[CartLine, ...]) -> Coupon:
    skus = st.frozensets(st.sampled_from([line.sku for line in lines]), min_size=1)
    target = draw(st.sampled_from(Target))
    counted = target is Target.ITEMS
    return Coupon(
        id=coupon_id,
        kind=draw(st.sampled_from(Kind)),
        amount=Won(draw(st.integers(0, 30_000))),
        rate=Fraction(draw(st.integers(0, 1_200)), 10),
        target=target,
        per_unit=counted and draw(st.booleans()),
        max_units=draw(st.none() | st.integers(1, 5)) if counted else None,
        cheapest_first=draw(st.booleans()),
        round_unit=draw(st.sampled_from((1, 10, 100))),
        max_discount=draw(st.none() | st.integers(0, 20_000).map(Won)),
        scope=Scope(skus=draw(st.none() | skus)),
        priority=draw(st.integers(-1, 1)),
        exclusive=draw(st.booleans()) and draw(st.booleans()),
        budget=draw(st.none() | st.builds(_budget, st.integers(0, 20_000))),
        clip_over_budget=draw(st.booleans()),
        min_order=Won(draw(st.integers(0, 40_000))),
        min_order_after_previous=draw(st.booleans()),
    )


def _budget(limit: int) -> Budget:
    return Budget(type=BudgetType.SPEND, limit=limit, used=0)


@st.composite
def _shipping(draw: st.DrawFn, enterprise: str) -> Shipping:
    return Shipping(
        enterprise=enterprise,
        fee=Won(draw(st.integers(0, 5_000))),
        free_over=draw(st.none() | st.integers(0, 60_000).map(Won)),
        fee_per_units=draw(st.none() | st.integers(1, 3)),
        surcharge=Won(draw(st.sampled_from((0, 3_000)))),
    )


def _applied(result: QuoteResult) -> set[str]:
    return {use.id for use in result.uses}


class TestPrice:
    @given(cart=carts())
    def test_adds_up_to_the_won(self, cart: Cart) -> None:
        result = quote.price(cart)

        for use in result.uses:
            assert use.amount > 0
            assert sum(use.lines) + sum(use.shipping) == use.amount
            assert min((*use.lines, *use.shipping)) >= 0
        coupons = [use for use in result.uses if not use.is_voucher]
        assert result.discount_total == sum(sum(use.lines) for use in coupons)
        assert result.total == result.subtotal - result.discount_total + result.shipping_total
        assert result.amount_due == result.total - result.voucher_total
        assert result.amount_due == (
            result.subtotal + result.shipping_before_coupons - result.coupon_total
        )
        assert result.amount_due >= 0

    @given(cart=carts())
    def test_takes_no_line_and_no_fee_below_zero(self, cart: Cart) -> None:
        result = quote.price(cart)

        for line, price in zip(cart.lines, result.lines, strict=True):
            assert price.coupon_amount <= price.gross
            room = (line.unit_price - line.min_unit_price) * line.quantity
            assert price.discount <= (room if line.discountable else 0)
        for shipping in result.shipping:
            assert shipping.discount <= shipping.fee
            assert shipping.coupon_amount <= shipping.fee + shipping.surcharge

    @given(cart=carts())
    def test_answers_for_every_coupon_exactly_once(self, cart: Cart) -> None:
        result = quote.price(cart)

        answered = [use.id for use in result.uses] + [refusal.id for refusal in result.refusals]
        assert sorted(answered) == sorted(coupon.id for coupon in cart.coupons)

    @given(cart=carts())
    def test_keeps_every_coupon_within_its_own_limits(self, cart: Cart) -> None:
        result = quote.price(cart)

        terms = {coupon.id: coupon for coupon in cart.coupons}
        for use in result.uses:
            coupon = terms[use.id]
            if isinstance(coupon, Voucher):
                assert use.amount + (use.remaining or 0) == coupon.balance
                continue
            assert coupon.max_discount is None or use.amount <= coupon.max_discount
            assert coupon.budget is None or use.amount <= coupon.budget.limit
            for line, share in zip(cart.lines, use.lines, strict=True):
                assert share == 0 or coupon.scope.covers(line)
            if coupon.kind is Kind.FIXED and not coupon.per_unit:
                assert use.amount <= coupon.amount

    @given(cart=carts())
    def test_one_exclusive_coupon_is_alone(self, cart: Cart) -> None:
        result = quote.price(cart)

        terms = {coupon.id: coupon for coupon in cart.coupons}
        used = [terms[use.id] for use in result.uses if not use.is_voucher]
        if any(isinstance(coupon, Coupon) and coupon.exclusive for coupon in used):
            assert len(used) == 1

    @given(cart=carts())
    def test_best_is_no_worse_than_any_coupon_alone(self, cart: Cart) -> None:
        coupons = tuple(
            replace(coupon, exclusive=False)
            for coupon in cart.coupons
            if isinstance(coupon, Coupon)
        )
        cart = replace(cart, combine=Combine.BEST, coupons=coupons)

        best = quote.price(cart).coupon_total

        for coupon in coupons:
            assert best >= quote.price(replace(cart, coupons=(coupon,))).coupon_total

    @given(cart=carts())
    def test_a_refused_coupon_changes_nothing(self, cart: Cart) -> None:
        result = quote.price(cart)
        used = _applied(result)

        again = quote.price(replace(cart, coupons=tuple(c for c in cart.coupons if c.id in used)))

        assert again.uses == result.uses
        assert again.refusals == ()


class TestSplitOverFunders:
    @given(
        amounts=st.lists(st.integers(0, 100_000), min_size=1, max_size=6),
        cuts=st.lists(st.integers(1, 9_999), max_size=3, unique=True),
    )
    def test_is_exact_both_ways(self, amounts: list[int], cuts: list[int]) -> None:
        edges = [0, *sorted(cuts), 10_000]
        weights = [b - a for a, b in pairwise(edges)]

        grid = split_over_funders(amounts, weights)

        assert [sum(row) for row in grid] == amounts
        columns = [sum(column) for column in zip(*grid, strict=True)]
        assert columns == allocate(sum(amounts), weights)

    @pytest.mark.parametrize(("amount", "shares"), [(1, (0, 1)), (2, (1, 1)), (3, (1, 2))])
    def test_of_one_two_three_won(self, amount: int, shares: tuple[int, int]) -> None:
        assert split_over_funders([amount], [3_000, 7_000]) == [shares]

    def test_gives_a_tie_to_the_first_funder(self) -> None:
        assert split_over_funders([1], [5_000, 5_000]) == [(1, 0)]

    @given(cart=carts(), share=st.integers(0, 10_000))
    def test_of_a_use_covers_lines_and_shipping(self, cart: Cart, share: int) -> None:
        for use in quote.price(cart).uses:
            split = use.split_over_funders([share, 10_000 - share])

            assert tuple(map(sum, split.lines)) == use.lines
            assert tuple(map(sum, split.shipping)) == use.shipping
            cells = [*split.lines, *split.shipping]
            assert tuple(map(sum, zip(*cells, strict=True))) == split.totals
