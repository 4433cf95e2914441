"""What a campaign would cost, against figures worked out by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import event

from marketplace.catalog.models import ShippingKind, Variant
from marketplace.checkout import simulation
from marketplace.checkout.simulation import Simulation
from marketplace.core.db import db
from marketplace.coupons import expiry
from marketplace.coupons.campaigns import Rules
from marketplace.coupons.models import (
    Campaign,
    CampaignStatus,
    CouponChannel,
    CouponKind,
    FunderKind,
)
from tests import make
from tests.make.common import NOW, writing

pytestmark = pytest.mark.usefixtures("isolated")

DAY = timedelta(days=1)


def rules(**of_coupon: object) -> Rules:
    """Return rules paid 70 to 30 by the city and the district."""
    grants = [(make.grant(FunderKind.CITY), 7_000), (make.grant(FunderKind.DISTRICT), 3_000)]
    return make.rules(grants=grants, **of_coupon)  # type: ignore[arg-type]


def simulated(
    wanted: Rules, *, campaign: Campaign | None = None, cap: int = 100, days: int = 3
) -> Simulation:
    """Replay the days around now."""
    return simulation.simulate(
        campaign_id=(campaign or make.campaign(status=CampaignStatus.DRAFT, issued=0)).id,
        rules=wanted,
        cap=cap,
        start=NOW - days * DAY,
        end=NOW + DAY,
        at=NOW + DAY,
    )


def bread(price: int = 12_000) -> Variant:
    """Make goods that ship for nothing."""
    shop = make.enterprise()
    return make.sellable(shop, price=price, ships=make.shipping(shop, ShippingKind.FREE, fee=0))


class TestReplay:
    def test_gives_each_person_what_the_rules_give(self) -> None:
        goods = bread()
        buyer, other = make.person(), make.person()
        make.paid_order({goods: 2}, by=buyer, at=NOW - DAY)
        make.paid_order({goods: 2}, by=buyer, at=NOW)
        make.paid_order({goods: 1}, by=other, at=NOW)
        make.paid_order({goods: 2}, is_guest=True, at=NOW)

        result = simulated(rules(amount=5_001, min_order=20_000))

        # The first order of the buyer takes the one coupon; the other buys for too little.
        assert (result.replay.used, result.replay.given, result.replay.total) == (1, 5_001, 4)
        assert [(order.old, order.new) for order in result.replay.changed] == [(0, 5_001)]
        # 5,001 at 70:30 is 3,500.7 and 1,500.3.
        assert [one.replayed for one in result.forecasts] == [3_501, 1_500]
        assert sorted(count for _, count in result.replay.reasons) == [1, 1, 1]

    def test_takes_the_better_of_two_coupons_that_do_not_stack(self) -> None:
        goods, buyer = bread(), make.person()
        small = make.claimed_coupon(make.campaign(amount=2_000, stack_group="가"), by=buyer)
        large = make.claimed_coupon(make.campaign(amount=6_000, stack_group="가"), by=buyer)
        make.paid_order({goods: 1}, by=buyer, coupons=[small], at=NOW - DAY)
        make.paid_order({goods: 1}, by=buyer, coupons=[large], at=NOW)

        result = simulated(rules(amount=3_000, stack_group="가", priority=1))

        # Against 2,000 it wins by 1,000; whoever had 6,000 off keeps them.
        assert [(order.old, order.new) for order in result.replay.changed] == [(2_000, 3_000)]

    def test_prices_orders_of_the_campaign_itself_with_the_new_rules(self) -> None:
        goods, buyer = bread(), make.person()
        campaign = make.campaign(amount=5_000)
        coupon = make.claimed_coupon(campaign, by=buyer)
        make.paid_order({goods: 1}, by=buyer, coupons=[coupon], at=NOW)

        fewer = simulated(rules(amount=1_000), campaign=campaign)
        none = simulated(rules(amount=1_000, min_order=50_000), campaign=campaign)

        assert [(order.old, order.new) for order in fewer.replay.changed] == [(5_000, 1_000)]
        assert [(order.old, order.new) for order in none.replay.changed] == [(5_000, 0)]

    def test_changes_nothing_with_the_rules_that_were_in_force(self) -> None:
        goods, buyer = bread(), make.person()
        campaign = make.campaign(amount=5_000, cap=1)
        coupon = make.claimed_coupon(campaign, by=buyer)
        make.paid_order({goods: 1}, by=buyer, at=NOW - DAY)
        make.paid_order({goods: 1}, by=buyer, coupons=[coupon], at=NOW)
        make.paid_order({goods: 1}, by=make.person(), at=NOW - DAY)

        result = simulated(rules(amount=5_000), campaign=campaign, cap=1)

        # The one coupon stays with the order it paid, whoever bought before.
        assert (result.replay.changed, result.replay.used) == ([], 1)

    def test_spends_a_stored_value_in_parts(self) -> None:
        goods, buyer = bread(price=4_000), make.person()
        for back in (2, 1, 0):
            make.paid_order({goods: 1}, by=buyer, at=NOW - back * DAY)

        result = simulated(rules(kind=CouponKind.STORED_VALUE, amount=10_000))

        assert [order.new for order in result.replay.changed] == [2_000, 4_000, 4_000]
        assert result.replay.given == 10_000

    def test_pays_shipping_with_a_free_shipping_coupon(self) -> None:
        shop = make.enterprise()
        goods = make.sellable(shop, price=9_000, ships=make.shipping(shop, fee=3_000))
        make.paid_order({goods: 1}, by=make.person(), at=NOW)

        result = simulated(rules(kind=CouponKind.FREE_SHIPPING, amount=2_500))

        assert [(order.old, order.new) for order in result.replay.changed] == [(0, 2_500)]

    def test_heeds_who_it_is_for_and_how_often(self) -> None:
        goods, dong = bread(), make.dong("1121599999", "먼 동")
        neighbour, stranger = make.person(of_dong=dong), make.person()
        for buyer in (neighbour, stranger):
            for back in (1, 0):
                make.paid_order({goods: 1}, by=buyer, at=NOW - back * DAY)

        here = simulated(rules(eligibility={"dong": [dong.code]}, per_person_limit=5))
        first = simulated(rules(eligibility={"first_order": True}, per_person_limit=5))
        monthly = simulated(rules(per_month_limit=1, per_person_limit=5))
        capped = simulated(rules(per_person_limit=5), cap=3)

        assert here.replay.used == 2
        assert first.replay.used == 2
        assert monthly.replay.used == 2
        assert capped.replay.used == 3

    def test_leaves_orders_alone_for_a_coupon_of_the_counter(self) -> None:
        make.paid_order({bread(): 1}, by=make.person(), at=NOW)

        result = simulated(rules(channel=CouponChannel.COUNTER))

        assert (result.replay.used, result.replay.changed) == (0, [])

    def test_looks_at_the_newest_and_says_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        goods = bread()
        for back in (2, 1, 0):
            make.paid_order({goods: 1}, by=make.person(), at=NOW - back * DAY)
        monkeypatch.setattr(simulation, "MOST_ORDERS", 2)

        replay = simulated(rules()).replay

        assert (replay.total, replay.looked_at, replay.is_cut) == (3, 2, True)
        assert [order.ordered_at for order in replay.changed] == [NOW, NOW - DAY]

    def test_asks_as_few_questions_for_many_orders_as_for_one(self) -> None:
        goods = bread()
        wanted, campaign = rules(), make.campaign(status=CampaignStatus.DRAFT, issued=0)
        old = make.campaign(amount=1_000)
        counts = []
        for orders in (1, 5):
            for _ in range(orders):
                buyer = make.person()
                coupon = make.claimed_coupon(old, by=buyer)
                make.paid_order({goods: 1}, by=buyer, coupons=[coupon], at=NOW)
            counts.append(_questions(wanted, campaign))

        assert counts[1] <= counts[0] <= 12


def _questions(wanted: Rules, campaign: Campaign) -> int:
    asked: list[str] = []

    def hear(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    campaign_id = campaign.id
    db.session.expire_all()
    event.listen(db.engine, "before_cursor_execute", hear)
    try:
        simulation.simulate(
            campaign_id=campaign_id,
            rules=wanted,
            cap=10,
            start=NOW - DAY,
            end=NOW + DAY,
            at=NOW + DAY,
        )
    finally:
        event.remove(db.engine, "before_cursor_execute", hear)
    return len(asked)


class TestForecast:
    def test_expects_the_worst_without_experience(self) -> None:
        result = simulated(rules(amount=5_001), cap=10)

        # 5,001 splits into 3,501 and 1,500 for each of ten coupons.
        assert [one.worst for one in result.forecasts] == [35_010, 15_000]
        assert (result.worst, result.expected) == (50_010, 50_010)
        assert not result.has_experience

    def test_expects_what_coupons_of_the_past_were_used(self) -> None:
        goods, past = bread(), make.campaign(amount=1_000, cap=4, valid_until=NOW + 10 * DAY)
        buyer = make.person()
        coupon = make.claimed_coupon(past, by=buyer)
        make.paid_order({goods: 1}, by=buyer, coupons=[coupon], at=NOW)
        for _ in range(3):
            make.claimed_coupon(past)
        with writing():
            expiry.expire_claimed(at=NOW + 11 * DAY)

        result = simulated(
            rules(kind=CouponKind.PERCENT, rate_bps=1_000, max_discount=3_000), cap=100
        )

        # One of four was used; 10 % of the order's 12,000 won.
        assert (result.spent, result.ended, result.per_use) == (1, 4, 1_200)
        assert result.expected == 30_000
        assert [one.expected for one in result.forecasts] == [21_000, 9_000]
        assert result.worst == 300_000
