from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core import money
from marketplace.orders import refund_shares
from marketplace.orders.frozen_order import (
    AmountNotPositive,
    FrozenLine,
    FrozenOrder,
    FrozenOrderWrong,
    MoreThanPaid,
    MoreUnitsThanLeft,
    NothingLeft,
    PreviousRefundsWrong,
    RefundRefused,
    Refunds,
    UnknownEnterprise,
    UnknownLine,
)
from marketplace.orders.refund_shares import (
    OfAmounts,
    OfEachUnit,
    OfEverything,
    OfShipping,
    OfUnits,
)


@st.composite
def lines(draw: st.DrawFn, sku: str = "A") -> FrozenLine:
    price = draw(st.integers(0, 100_000))
    quantity = draw(st.integers(1, 12))
    discount = draw(st.integers(0, price * quantity))
    return FrozenLine(sku=sku, unit_price=price, quantity=quantity, discount=discount)


@st.composite
def orders(draw: st.DrawFn) -> FrozenOrder:
    count = draw(st.integers(1, 4))
    fee = draw(st.integers(0, 10_000))
    return FrozenOrder(
        lines=tuple(draw(lines(sku=f"S{i}")) for i in range(count)),
        has_shipping=True,
        shipping_fee=fee,
        shipping_discount=draw(st.integers(0, fee)),
    )


class TestFrozenLine:
    @given(line=lines(), cuts=st.lists(st.integers(1, 5), max_size=12))
    def test_parts_make_the_whole(self, line: FrozenLine, cuts: list[int]) -> None:
        returned, refunds, discounts = 0, 0, 0
        for cut in [*cuts, line.quantity]:
            units = min(cut, line.quantity - returned)
            refund = line.refund_of(returned=returned, units=units)
            discount = line.discount_of(returned=returned, units=units)
            assert refund >= 0
            assert refund + discount == line.unit_price * units
            refunds, discounts, returned = refunds + refund, discounts + discount, returned + units

        assert refunds == line.paid
        assert discounts == line.discount

    def test_refuses_a_discount_above_the_price(self) -> None:
        with pytest.raises(FrozenOrderWrong):
            FrozenLine(sku="A", unit_price=10, quantity=1, discount=11)


class TestRefund:
    @given(order=orders(), data=st.data())
    def test_never_pays_back_more_than_was_paid(
        self, order: FrozenOrder, data: st.DataObject
    ) -> None:
        done, paid_back = Refunds(), 0
        for _ in range(data.draw(st.integers(1, 12))):
            sku = data.draw(st.sampled_from([line.sku for line in order.lines]))
            request = data.draw(
                st.one_of(
                    st.builds(OfUnits, st.tuples(st.tuples(st.just(sku), st.integers(1, 6)))),
                    st.builds(
                        OfAmounts, st.tuples(st.tuples(st.just(sku), st.integers(1, 90_000)))
                    ),
                    st.builds(OfShipping, st.one_of(st.none(), st.integers(1, 9_000))),
                    st.builds(OfEachUnit, st.just(sku)),
                )
            )
            try:
                refunded = refund_shares.refund(order, request, done)
            except RefundRefused:
                continue
            paid_back += refunded.total
            for part, amount in refunded.parts.lines.items():
                done.add(part, amount)
            done.shipping += refunded.parts.shipping
            assert refunded.total == refunded.parts.total
            assert refunded.remaining == order.paid - paid_back
            assert all(done.of(line.sku) <= line.paid for line in order.lines)
            assert done.shipping <= order.shipping_paid

        if paid_back < order.paid:
            rest = refund_shares.refund(order, OfEverything(), done)
            assert rest.total == order.paid - paid_back
            assert rest.remaining == 0

    @given(line=lines(), first=st.integers(1, 12))
    def test_continues_with_the_next_unit(self, line: FrozenLine, first: int) -> None:
        order = FrozenOrder(lines=(line,))
        units = min(first, line.quantity)
        begun = refund_shares.refund(order, OfUnits((("A", units),)), Refunds())

        rest = refund_shares.refund(order, OfEachUnit("A"), begun.parts)

        assert begun.total + rest.total == line.paid

    def test_names_what_it_refuses(self) -> None:
        line = FrozenLine(sku="A", unit_price=1_000, quantity=2, discount=0)
        order = FrozenOrder(lines=(line,))
        all_back = Refunds({"A": 2_000})
        for request, previous, refusal in (
            (OfUnits((("Z", 1),)), Refunds(), UnknownLine),
            (OfUnits((("A", 3),)), Refunds(), MoreUnitsThanLeft),
            (OfUnits((("A", 1),)), all_back, MoreUnitsThanLeft),
            (OfAmounts((("A", 0),)), Refunds(), AmountNotPositive),
            (OfAmounts((("A", 2_001),)), Refunds(), MoreThanPaid),
            (OfShipping(1), Refunds(), MoreThanPaid),
            (OfEverything(), all_back, NothingLeft),
            (OfEverything(), Refunds({"A": 2_001}), PreviousRefundsWrong),
            (OfEverything(), Refunds(shipping=1), PreviousRefundsWrong),
        ):
            with pytest.raises(refusal):
                refund_shares.refund(order, request, previous)

    def test_leaves_the_record_of_earlier_refunds_alone(self) -> None:
        order = FrozenOrder(lines=(FrozenLine(sku="A", unit_price=9, quantity=2, discount=1),))
        previous = Refunds({"A": 8})

        refund_shares.refund(order, OfUnits((("A", 1),)), previous)

        assert previous == Refunds({"A": 8})


class TestRefundSequence:
    @given(order=orders())
    def test_ends_where_everything_at_once_ends(self, order: FrozenOrder) -> None:
        sequence = refund_shares.refund_sequence(order)

        assert sum(sequence.steps) == sequence.refund_all == sequence.paid == order.paid
        assert sequence.remaining == 0
        assert len(sequence.steps) == sum(line.quantity for line in order.lines) + 1
        assert sequence.steps[-1] == order.shipping_paid


class TestRefundSharedPayment:
    @given(
        shares=st.dictionaries(
            st.sampled_from("ABCD"), st.integers(0, 10_000), min_size=1, max_size=4
        ),
        amounts=st.lists(st.integers(1, 8_000), max_size=6),
    )
    def test_never_empties_a_share_below_zero(
        self, shares: dict[str, int], amounts: list[int]
    ) -> None:
        paid, refunded = sum(shares.values()), dict.fromkeys(shares, 0)
        for amount in amounts:
            left = paid - sum(refunded.values())
            if amount > left:
                with pytest.raises(MoreThanPaid):
                    refund_shares.refund_shared_payment(
                        amount=amount, shares=shares, refunded=refunded, paid=paid
                    )
                continue
            outcome = refund_shares.refund_shared_payment(
                amount=amount, shares=shares, refunded=refunded, paid=paid
            )
            assert sum(outcome.by_enterprise.values()) == amount
            assert all(share >= 0 for share in outcome.share_left.values())
            refunded = {name: refunded[name] + outcome.by_enterprise[name] for name in shares}

    def test_refuses_an_enterprise_that_was_not_paid(self) -> None:
        with pytest.raises(UnknownEnterprise):
            refund_shares.refund_shared_payment(
                amount=1, shares={"A": 10}, refunded={}, paid=10, enterprise="B"
            )


class TestSplitRefund:
    @given(
        earning=st.integers(0, 100_000),
        net=st.integers(-20_000, 100_000),
        cuts=st.lists(st.integers(1, 30_000), max_size=8),
    )
    def test_partial_refunds_add_up_to_the_sale(
        self, earning: int, net: int, cuts: list[int]
    ) -> None:
        paid = earning + net
        if paid < 0:
            return
        before, enterprise, platform = 0, 0, 0
        for cut in [*cuts, paid]:
            amount = min(cut, paid - before)
            clawback = refund_shares.split_refund(
                amount,
                paid=paid,
                enterprise_earning=earning,
                platform_net=net,
                refunded_before=before,
            )
            assert clawback.enterprise + clawback.platform == amount
            before += amount
            enterprise += clawback.enterprise
            platform += clawback.platform
        if paid:
            assert (enterprise, platform) == (earning, net)

    def test_refuses_more_than_was_paid(self) -> None:
        with pytest.raises(MoreThanPaid):
            refund_shares.split_refund(
                11, paid=20, enterprise_earning=18, platform_net=2, refunded_before=10
            )


class TestReturnShares:
    @given(line=lines(), weights=st.lists(st.integers(1, 10_000), min_size=1, max_size=4))
    def test_empties_every_share_with_the_last_unit(
        self, line: FrozenLine, weights: list[int]
    ) -> None:
        left: list[int] = [*money.allocate(line.discount, weights)]
        for unit in range(line.quantity):
            discount = line.discount_of(returned=unit, units=1)
            returned = refund_shares.return_shares(discount, left)
            assert sum(returned) == discount
            left = [share - back for share, back in zip(left, returned, strict=True)]
            assert all(share >= 0 for share in left)
        assert not any(left)
