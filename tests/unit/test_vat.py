from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core import vat
from marketplace.core.money import Won

TOTALS = st.integers(min_value=0, max_value=10**12)


class TestSplitIncluded:
    @given(total=TOTALS)
    def test_is_the_total_divided_by_one_point_one_rounded_half_up(self, total: int) -> None:
        parts = vat.split_included(total)

        expected = (Decimal(total) / Decimal("1.1")).quantize(Decimal(1), ROUND_HALF_UP)
        assert parts.supply == expected
        assert parts.supply + parts.vat == total

    @given(total=TOTALS)
    def test_finds_no_tax_in_tax_free_goods(self, total: int) -> None:
        assert vat.split_included(total, vat.TAX_FREE) == vat.Supply(Won(total), Won(0))


class TestOfOrder:
    @given(totals=st.lists(TOTALS, max_size=8))
    def test_taxes_the_sum_of_one_rate_once(self, totals: list[int]) -> None:
        tax = vat.of_order(
            vat.TaxedLine(total=Won(total), discount=Won(0), rate=vat.STANDARD) for total in totals
        )
        assert tax.total == sum(totals)
        assert tax.vat == vat.split_included(sum(totals)).vat

    def test_keeps_rates_apart(self) -> None:
        tax = vat.of_order(
            [
                vat.TaxedLine(total=Won(11_000), discount=Won(0), rate=Fraction(10)),
                vat.TaxedLine(total=Won(11_000), discount=Won(0), rate=Fraction(0)),
            ]
        )
        assert tax == vat.OrderTax(total=Won(22_000), vat=Won(1_000))

    def test_refuses_a_discount_above_the_price(self) -> None:
        with pytest.raises(vat.DiscountAboveTotal):
            vat.of_order([vat.TaxedLine(total=Won(10), discount=Won(11), rate=vat.STANDARD)])


class TestInsideVoucher:
    @given(total=st.integers(1, 10**9), voucher=st.integers(0, 2 * 10**9))
    def test_never_exceeds_the_order(self, total: int, voucher: int) -> None:
        tax = vat.split_included(total).vat

        inside = vat.inside_voucher(order_total=total, order_vat=tax, voucher=voucher)

        assert 0 <= inside <= tax
        if voucher >= total:
            assert inside == tax


class TestBase:
    def test_is_lowered_by_the_enterprise_alone(self) -> None:
        assert vat.base(11_000, enterprise_funded=0) == 11_000
        assert vat.base(11_000, enterprise_funded=1_100) == 9_900
        assert vat.base(1_000, enterprise_funded=1_100) == 0
