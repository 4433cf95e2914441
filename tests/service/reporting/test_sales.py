"""What reports count as sold."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from marketplace.core.calendar import SEOUL
from marketplace.orders.models import SalesChannel
from marketplace.reporting import funds, sales
from tests import make

pytestmark = pytest.mark.usefixtures("isolated")

YEAR = {
    "start": datetime(2026, 1, 1, tzinfo=SEOUL),
    "end": datetime(2027, 1, 1, tzinfo=SEOUL),
}


class TestSales:
    def test_counts_what_is_paid_and_nothing_else(self) -> None:
        make.paid_order({make.sellable(price=10_000): 2})
        make.placed_order({make.sellable(price=10_000): 5})

        total = sales.total(**YEAR)

        assert (total.amount, total.orders) == (20_000, 1)

    def test_sums_by_month_and_channel(self) -> None:
        make.paid_order({make.sellable(price=10_000): 2})
        make.paid_order({make.sellable(price=7_000): 1})

        (row,) = sales.by_month_and_channel(**YEAR)

        assert (row.month, row.channel) == (date(2026, 11, 1), SalesChannel.OWN_MALL)
        assert (row.amount, row.orders) == (27_000, 2)

    def test_every_way_of_cutting_it_gives_the_same_sum(self) -> None:
        for price in (3_000, 5_000, 9_000):
            make.paid_order({make.sellable(make.enterprise(), price=price): 1})

        whole = sales.total(**YEAR).amount

        assert whole == 17_000
        assert sum(row.amount for row in sales.by_enterprise(**YEAR)) == whole
        assert sum(row.amount for row in sales.by_dong(**YEAR)) == whole
        assert sum(row.amount for row in sales.by_kind(**YEAR)) == whole

    def test_counts_coupons_less_what_a_cancel_gave_back(self) -> None:
        buyer, seller = make.person(), make.enterprise()
        wanted = make.sellable(seller, price=10_000, ships=make.shipping(seller, fee=0))
        coupon = make.claimed_coupon(make.campaign(amount=3_000), by=buyer)
        placed = make.paid_order({wanted: 3}, by=buyer, coupons=[coupon])
        make.cancel(placed)

        total = sales.total(**YEAR)
        assert (total.amount, total.coupon_amount) == (20_000, 2_000)

    def test_leaves_other_years_out(self) -> None:
        make.paid_order({make.sellable(): 1})

        last_year = {
            "start": datetime(2025, 1, 1, tzinfo=SEOUL),
            "end": datetime(2026, 1, 1, tzinfo=SEOUL),
        }
        assert sales.total(**last_year).amount == 0


class TestFunds:
    def test_shows_a_grant_against_its_ceiling(self) -> None:
        paying = make.grant(ceiling=50_000)
        make.campaign(amount=5_000, cap=4, grants=[(paying, 10_000)])

        (shown,) = funds.list_grants()

        assert (shown.ceiling, shown.reserved, shown.spent, shown.left) == (
            50_000,
            20_000,
            0,
            30_000,
        )

    def test_counts_coupons_by_what_became_of_them(self) -> None:
        drive = make.campaign(cap=3)
        make.claimed_coupon(drive)

        (shown,) = funds.list_campaign_counts()

        assert (shown.issued, shown.unclaimed, shown.claimed, shown.redeemed) == (3, 2, 1, 0)
