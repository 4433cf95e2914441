"""What the rules of a campaign allow on a cart and in an order, and what each refusal says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from marketplace.accounts.models import Person
from marketplace.checkout import cart, confirming, expiring, pricing
from marketplace.checkout.cart import CartView, Owner
from marketplace.checkout.confirming import Result
from marketplace.core.db import db, transaction
from marketplace.core.money import Won
from marketplace.coupons import holds, refusals, use_limits
from marketplace.coupons.models import (
    Campaign,
    CampaignStatus,
    Coupon,
    CouponChannel,
    CouponKind,
    CouponState,
    Grant,
)
from marketplace.coupons.refusals import LimitDay, LimitPerson
from tests import make
from tests.make import NOW
from tests.service.checkout import books

pytestmark = pytest.mark.usefixtures("isolated")

# The last moment of a day in Seoul, and of a month.
LATE_IN_THE_DAY = datetime(2026, 11, 24, 14, 59, 59, tzinfo=UTC)
LATE_IN_THE_MONTH = datetime(2026, 11, 30, 14, 59, 59, tzinfo=UTC)


def another(drive: Campaign, person: Person) -> Coupon:
    """Give somebody one more coupon of a campaign than an open claim does."""
    with transaction():
        slot = db.session.scalars(
            select(Coupon)
            .where(Coupon.campaign_id == drive.id, Coupon.state == CouponState.ISSUED)
            .order_by(Coupon.id.desc())
            .limit(1)
        ).one()
        slot.person_id, slot.claim_no = person.id, slot.slot_no
        slot.claimed_at, slot.state, slot.expires_at = NOW, CouponState.CLAIMED, make.FAR_AHEAD
    return slot


def look(person: Person, *, at: datetime = NOW) -> CartView:
    return cart.view(owner=Owner(person_id=person.id), at=at)


def refusal_of(view: CartView, coupon: Coupon) -> str | None:
    return next(
        (one.code for one in view.priced.refused if one.coupon_id == coupon.id),
        None,
    )


class TestUseLimits:
    def test_a_second_use_on_a_day_waits_for_the_next(self) -> None:
        buyer, goods = make.person(), make.sellable(price=20_000)
        drive = make.campaign(per_day_limit=1)
        first, second = make.claimed_coupon(drive, by=buyer), another(drive, buyer)
        make.placed_order({goods: 1}, by=buyer, coupons=[first], at=LATE_IN_THE_DAY)
        make.cart({goods: 1}, of=buyer, coupons=[second])

        today = look(buyer, at=LATE_IN_THE_DAY)
        tomorrow = look(buyer, at=LATE_IN_THE_DAY + timedelta(seconds=1))

        assert refusal_of(today, second) == "limit_day"
        assert tomorrow.priced.coupon_total == 5_000

    def test_a_month_counts_as_the_person(self) -> None:
        buyer, goods = make.person(), make.sellable(price=20_000)
        drive = make.campaign(per_month_limit=1)
        first, second = make.claimed_coupon(drive, by=buyer), another(drive, buyer)
        make.paid_order({goods: 1}, by=buyer, coupons=[first], at=NOW)
        make.cart({goods: 1}, of=buyer, coupons=[second])

        assert refusal_of(look(buyer, at=LATE_IN_THE_MONTH), second) == "limit_person"
        next_month = look(buyer, at=LATE_IN_THE_MONTH + timedelta(seconds=1))
        assert next_month.priced.coupon_total == 5_000

    def test_two_coupons_of_one_cart_count_together(self) -> None:
        buyer = make.person()
        drive = make.campaign(per_day_limit=1)
        both = [make.claimed_coupon(drive, by=buyer), another(drive, buyer)]
        make.cart({make.sellable(price=20_000): 1}, of=buyer, coupons=both)

        view = look(buyer)

        assert view.priced.coupon_total == 5_000
        assert [one.code for one in view.priced.refused] == ["limit_day"]

    def test_an_ended_or_canceled_order_gives_the_use_back(self) -> None:
        buyer, goods = make.person(), make.sellable(price=20_000)
        drive = make.campaign(per_day_limit=1)
        coupon = make.claimed_coupon(drive, by=buyer)
        unpaid = make.placed_order({goods: 1}, by=buyer, coupons=[coupon])
        with transaction():
            expiring.expire_unpaid(order_id=unpaid.order_id, at=NOW + timedelta(minutes=31))
        paid = make.paid_order({goods: 1}, by=buyer, coupons=[coupon])
        make.cancel(paid)
        make.cart({goods: 1}, of=buyer, coupons=[coupon])

        assert look(buyer).priced.coupon_total == 5_000

    def test_holds_for_each_campaign_and_person_alone(self) -> None:
        buyer, goods = make.person(), make.sellable(price=20_000)
        drive = make.campaign(per_day_limit=1)
        make.placed_order({goods: 1}, by=buyer, coupons=[make.claimed_coupon(drive, by=buyer)])
        elsewhere = make.claimed_coupon(make.campaign(per_day_limit=1), by=buyer)
        make.cart({goods: 1}, of=buyer, coupons=[elsewhere])
        other = make.person()
        make.cart({goods: 1}, of=other, coupons=[make.claimed_coupon(drive, by=other)])

        assert look(buyer).priced.coupon_total == look(other).priced.coupon_total == 5_000

    @pytest.mark.parametrize(
        ("limits", "refusal"),
        [({"per_day_limit": 1}, LimitDay), ({"per_month_limit": 1}, LimitPerson)],
    )
    def test_a_hold_refuses_what_a_price_did_not_see(
        self, limits: dict[str, Any], refusal: type[refusals.CouponRefused]
    ) -> None:
        buyer = make.person()
        drive = make.campaign(name="두레 쿠폰", **limits)
        coupons = [make.claimed_coupon(drive, by=buyer), another(drive, buyer)]

        def hold(coupon: Coupon) -> None:
            with transaction():
                holds.hold(
                    coupon_id=coupon.id,
                    person_id=buyer.id,
                    reference=f"order:{coupon.id}",
                    amount=Won(5_000),
                    expires_at=NOW + timedelta(minutes=30),
                    at=NOW,
                )

        hold(coupons[0])
        with pytest.raises(refusal, match=r"두레 쿠폰은 한 사람이 .* 1번까지"):
            hold(coupons[1])

    def test_a_late_payment_over_the_limit_goes_back(self) -> None:
        buyer, goods = make.person(), make.sellable(price=20_000)
        drive = make.campaign(per_day_limit=1)
        first, second = make.claimed_coupon(drive, by=buyer), another(drive, buyer)
        late = make.placed_order({goods: 1}, by=buyer, coupons=[first])
        after = NOW + timedelta(minutes=31)
        with transaction():
            expiring.expire_unpaid(order_id=late.order_id, at=after)
        make.paid_order({goods: 1}, by=buyer, coupons=[second], at=after)

        with transaction():
            confirmation = confirming.confirm_payment(
                payment_id=late.payment_id,
                snapshot=make.report_of(late),
                source="webhook",
                at=after,
            )

        assert confirmation.result is Result.REFUNDED_LATE
        books.check()

    def test_paper_of_nobody_known_has_no_limit(self) -> None:
        drive = make.campaign(per_day_limit=1)

        use_limits.refuse_unless_within(
            version_id=0,
            campaign_id=drive.id,
            person_id=None,
            per_day=1,
            per_month=1,
            at=NOW,
        )

    def test_months_and_days_are_of_seoul(self) -> None:
        assert use_limits.day_of(LATE_IN_THE_DAY)[1] == LATE_IN_THE_DAY + timedelta(seconds=1)
        assert use_limits.month_of(LATE_IN_THE_MONTH) == (
            datetime(2026, 10, 31, 15, tzinfo=UTC),
            LATE_IN_THE_MONTH + timedelta(seconds=1),
        )
        leap_day = datetime(2028, 2, 29, 14, 59, tzinfo=UTC)
        assert use_limits.month_of(leap_day)[1] == datetime(2028, 2, 29, 15, tzinfo=UTC)


class TestRules:
    def test_a_minimum_may_be_counted_after_the_coupons_before_it(self) -> None:
        buyer = make.person()
        first = make.claimed_coupon(make.campaign(amount=5_000, priority=1), by=buyer)
        second = make.claimed_coupon(
            make.campaign(amount=1_000, min_order=16_000, min_order_after_previous=True), by=buyer
        )
        make.cart({make.sellable(price=20_000): 1}, of=buyer, coupons=[first, second])

        view = look(buyer)

        assert refusal_of(view, second) == "below_minimum"
        assert view.priced.coupon_total == 5_000
        with transaction():
            cart.take_coupon_off(owner=Owner(person_id=buyer.id), coupon_id=first.id)
        assert look(buyer).priced.coupon_total == 1_000

    @pytest.mark.parametrize(
        ("hours", "usable"),
        [
            # NOW is a Tuesday at noon in Seoul.
            ({"weekdays": [1]}, True),
            ({"weekdays": [0, 2, 3]}, False),
            ({"from": "12:00", "until": "12:01"}, True),
            ({"from": "12:01"}, False),
            ({"until": "12:00"}, False),
        ],
    )
    def test_weekdays_and_hours_are_of_seoul(self, hours: dict[str, object], usable: bool) -> None:
        buyer = make.person()
        coupon = make.claimed_coupon(make.campaign(hours=hours), by=buyer)
        make.cart({make.sellable(price=20_000): 1}, of=buyer, coupons=[coupon])

        assert refusal_of(look(buyer), coupon) == (None if usable else "not_started")

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"channel": CouponChannel.COUNTER}, "wrong_channel"),
            ({"scope": {"enterprises": [10**9]}}, "out_of_scope"),
            ({"min_order": 20_001}, "below_minimum"),
        ],
    )
    def test_refusals_are_named(self, changes: dict[str, object], code: str) -> None:
        buyer = make.person()
        coupon = make.claimed_coupon(make.campaign(**changes), by=buyer)  # type: ignore[arg-type]
        make.cart({make.sellable(price=20_000): 1}, of=buyer, coupons=[coupon])

        assert refusal_of(look(buyer), coupon) == code

    @pytest.mark.parametrize(
        ("state", "code"),
        [
            (CouponState.HELD, "already_used"),
            (CouponState.REDEEMED, "already_used"),
            (CouponState.EXPIRED, "expired"),
            (CouponState.REVOKED, "reversed"),
        ],
    )
    def test_states_are_named(self, state: CouponState, code: str) -> None:
        buyer = make.person()
        coupon = make.claimed_coupon(by=buyer)
        make.cart({make.sellable(price=20_000): 1}, of=buyer, coupons=[coupon])
        with transaction():
            db.session.execute(update(Coupon).where(Coupon.id == coupon.id).values(state=state))

        assert refusal_of(look(buyer), coupon) == code

    def test_a_paused_campaign_and_a_lost_coupon_are_named(self) -> None:
        buyer = make.person()
        drive = make.campaign()
        paused, lost = make.claimed_coupon(drive, by=buyer), make.claimed_coupon(by=buyer)
        make.cart({make.sellable(price=20_000): 1}, of=buyer, coupons=[paused, lost])
        with transaction():
            drive.status = CampaignStatus.PAUSED
            db.session.merge(drive)
            values = {"person_id": make.person().id}
            db.session.execute(update(Coupon).where(Coupon.id == lost.id).values(values))

        view = look(buyer)

        assert refusal_of(view, paused) == "paused"
        assert refusal_of(view, lost) == "not_yours"

    def test_a_first_order_is_one_whose_goods_were_not_given_back(self) -> None:
        buyer, goods = make.person(), make.sellable(price=20_000)
        coupon = make.claimed_coupon(make.campaign(eligibility={"first_order": True}), by=buyer)
        bought = make.paid_order({goods: 1}, by=buyer)
        make.cart({goods: 1}, of=buyer, coupons=[coupon])

        assert refusal_of(look(buyer), coupon) == "not_eligible"
        make.cancel(bought)
        assert look(buyer).priced.coupon_total == 5_000


class TestOverBudget:
    @pytest.mark.parametrize("clips", [False, True])
    def test_a_coupon_with_less_behind_it_is_refused_unless_it_may_be_clipped(
        self, clips: bool
    ) -> None:
        buyer, goods = make.person(), make.sellable(price=20_000)
        drive = make.campaign(
            kind=CouponKind.PERCENT, rate_bps=2_500, max_discount=5_000, clip_over_budget=clips
        )
        coupon = make.claimed_coupon(drive, by=buyer)
        placed = make.paid_order({make.sellable(price=8_000): 1}, by=buyer, coupons=[coupon])
        with transaction():
            # Others took all that its small use had freed.
            for grant in db.session.scalars(select(Grant)):
                grant.ceiling = Won(grant.spent + grant.reserved)
        make.cancel(placed)
        make.cart({goods: 1}, of=buyer, coupons=[coupon])

        view = look(buyer)

        if clips:
            assert view.priced.coupon_total == 2_000
        else:
            assert refusal_of(view, coupon) == "budget_exhausted"
            assert "5,000원이 필요한데 남은 예산은 2,000원" in view.priced.refused[0].text
        books.check()


class TestStacking:
    def test_one_of_a_group_and_an_exclusive_one_alone(self) -> None:
        buyer = make.person()
        first, second = (
            make.claimed_coupon(make.campaign(amount=won, stack_group="구"), by=buyer)
            for won in (3_000, 2_000)
        )
        alone = make.claimed_coupon(make.campaign(amount=4_000, exclusive=True), by=buyer)
        make.cart({make.sellable(price=20_000): 1}, of=buyer, coupons=[first, second])

        grouped = look(buyer)
        assert grouped.priced.coupon_total == 3_000
        assert refusal_of(grouped, second) == "not_stackable"
        assert grouped.suggested_coupon_ids == (alone.id,)
        why = {one.coupon.coupon_id: one.left_out_text for one in grouped.coupons}
        assert why == {
            first.id: refusals.text_of("not_stackable"),
            second.id: refusals.text_of("not_stackable"),
            alone.id: "",
        }

    def test_many_coupons_are_tried_by_what_each_gives(self) -> None:
        buyer = make.person()
        make.cart({make.sellable(price=100_000): 1}, of=buyer)
        for won in range(1_000, 15_000, 1_000):
            make.claimed_coupon(make.campaign(amount=won, stack_group="구"), by=buyer)

        view = look(buyer)

        assert view.suggested_total == 14_000
        assert len(view.suggested_coupon_ids) == 1

    def test_says_of_a_coupon_that_adds_nothing_that_it_adds_nothing(self) -> None:
        buyer = make.person()
        big = make.claimed_coupon(make.campaign(amount=20_000, priority=1), by=buyer)
        small = make.claimed_coupon(make.campaign(amount=1_000), by=buyer)
        make.cart({make.sellable(price=20_000): 1}, of=buyer)

        view = look(buyer)

        assert view.suggested_coupon_ids == (big.id,)
        why = {one.coupon.coupon_id: one.left_out_text for one in view.coupons}
        assert why[small.id] == refusals.text_of("no_effect")


def test_a_combination_of_nothing_is_empty() -> None:
    combination = pricing.best_combination(goods=[], offered=[], person_id=1, zone=None, at=NOW)

    assert (combination.coupon_ids, combination.total) == ((), 0)
