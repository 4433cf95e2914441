from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.checkout import splits
from marketplace.core.money import Won, allocate

ENTERPRISES = st.sampled_from(("E1", "E2", "E3"))


@st.composite
def _lines(draw: st.DrawFn) -> list[splits.SplitLine]:
    lines = []
    for i in range(draw(st.integers(1, 6))):
        amount = draw(st.integers(0, 100_000))
        lines.append(
            splits.SplitLine(
                sku=f"S{i}",
                enterprise=draw(ENTERPRISES),
                amount=Won(amount),
                line_discount=Won(draw(st.integers(0, amount))),
            )
        )
    return lines


class TestSplitOrder:
    @given(lines=_lines(), fee=st.integers(0, 10_000), cuts=st.lists(st.integers(1, 9), min_size=1))
    def test_parts_make_the_whole(
        self, lines: list[splits.SplitLine], fee: int, cuts: list[int]
    ) -> None:
        total = sum(line.amount - line.line_discount for line in lines) + fee
        payments = {f"P{i}": part for i, part in enumerate(allocate(total, cuts))}

        orders = splits.split_order(lines, delivery_fee=fee, payments=payments)

        assert sum(order.total for order in orders) == total
        assert sum(order.delivery for order in orders) == fee
        assert [sku for order in orders for sku in order.skus] == [
            line.sku for order in orders for line in lines if line.enterprise == order.enterprise
        ]
        for order in orders:
            assert sum(order.payments.values()) == order.total
        for name, amount in payments.items():
            assert sum(order.payments[name] for order in orders) == amount

    def test_shares_delivery_equally_when_all_goods_are_free(self) -> None:
        lines = [
            splits.SplitLine(sku=name, enterprise=name, amount=Won(0), line_discount=Won(0))
            for name in ("A", "B")
        ]
        orders = splits.split_order(lines, delivery_fee=3_001, payments={})

        assert [order.delivery for order in orders] == [1_501, 1_500]

    def test_refuses_a_discount_above_the_line(self) -> None:
        line = splits.SplitLine(sku="A", enterprise="E", amount=Won(5), line_discount=Won(6))
        with pytest.raises(splits.DiscountAboveAmount):
            splits.split_order([line], delivery_fee=0, payments={})


class TestAllocatePayments:
    def test_refuses_more_than_is_owed(self) -> None:
        with pytest.raises(splits.PaymentsAboveOrders):
            splits.allocate_payments(orders=[10], payments=[6, 5])


class TestCaptureSharedPayment:
    @given(captures=st.lists(st.tuples(ENTERPRISES, st.integers(0, 7_000)), max_size=10))
    def test_pays_nobody_from_anothers_share(self, captures: list[tuple[str, int]]) -> None:
        shares = {"E1": 6_000, "E2": 4_000}

        outcome = splits.capture_shared_payment(shares, captures)

        assert all(outcome.captured[name] <= share for name, share in shares.items())
        taken = [amount for i, (_, amount) in enumerate(captures) if i not in outcome.refused]
        assert sum(outcome.captured.values()) == sum(taken)

    def test_names_the_refused_ones(self) -> None:
        outcome = splits.capture_shared_payment({"E1": 5}, [("E1", 6), ("E9", 1), ("E1", 5)])

        assert outcome.refused == (0, 1)
        assert outcome.captured == {"E1": 5}
