"""Holding, redeeming, reversing and expiring coupons; the grants' money is the judge."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from marketplace.core.db import db, transaction
from marketplace.core.money import Won
from marketplace.coupons import expiry, holds, redemption, reversal
from marketplace.coupons.models import (
    Coupon,
    CouponKind,
    CouponState,
    FunderKind,
    Grant,
    Redemption,
    RedemptionState,
)
from marketplace.coupons.refusals import AlreadyUsed, CouponNotFound, Expired
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("isolated")

SOON = NOW + timedelta(minutes=30)


class Purse:
    """One claimed coupon with its two grants, 시비 30 : 구비 70."""

    def __init__(self, *, kind: CouponKind = CouponKind.FIXED, amount: int = 5_000) -> None:
        self.city: Grant = make.grant(FunderKind.CITY, ceiling=100_000)
        self.district: Grant = make.grant(FunderKind.DISTRICT, ceiling=100_000)
        self.person = make.person()
        drive = make.campaign(
            kind=kind, amount=amount, cap=1, grants=[(self.city, 3_000), (self.district, 7_000)]
        )
        self.coupon_id = make.claimed_coupon(drive, by=self.person).id

    def hold(self, city: int, district: int, *, at: datetime = NOW, by: int | None = None) -> int:
        with transaction():
            return holds.hold(
                coupon_id=self.coupon_id,
                person_id=by or self.person.id,
                reference="order:1",
                amount=Won(city + district),
                shares={self.city.id: Won(city), self.district.id: Won(district)},
                expires_at=at + timedelta(minutes=30),
                at=at,
            )

    def redeem(self) -> None:
        with transaction():
            redemption.redeem(reference="order:1", at=NOW)

    def reverse(self, use: int, city: int, district: int, *, restore: bool) -> None:
        with transaction():
            reversal.reverse(
                redemption_id=use,
                shares={self.city.id: Won(city), self.district.id: Won(district)},
                restore=restore,
                at=NOW,
            )

    @property
    def money(self) -> tuple[tuple[int, int], tuple[int, int]]:
        return make.money_of(self.city), make.money_of(self.district)

    @property
    def state(self) -> CouponState:
        db.session.expire_all()
        return db.session.get_one(Coupon, self.coupon_id).state


class TestHold:
    def test_keeps_the_coupon_from_a_second_order(self) -> None:
        purse = Purse()
        purse.hold(1_500, 3_500)

        with pytest.raises(AlreadyUsed):
            purse.hold(1_500, 3_500)

        assert purse.state is CouponState.HELD
        assert purse.money == ((1_500, 0), (3_500, 0))

    def test_refuses_somebody_elses_coupon_as_unknown(self) -> None:
        purse = Purse()

        with pytest.raises(CouponNotFound):
            purse.hold(1_500, 3_500, by=make.person().id)

    def test_refuses_at_the_very_end(self) -> None:
        purse = Purse()
        end = db.session.get_one(Coupon, purse.coupon_id).expires_at
        assert end is not None

        with pytest.raises(Expired):
            purse.hold(1_500, 3_500, at=end)

    def test_is_let_go_and_taken_up_again_by_the_same_order(self) -> None:
        purse = Purse()
        use = purse.hold(1_500, 3_500)

        with transaction():
            holds.release(reference="order:1", at=SOON)
        assert purse.state is CouponState.CLAIMED

        assert purse.hold(1_500, 3_500) == use

    def test_release_twice_changes_nothing(self) -> None:
        purse = Purse()
        purse.hold(1_500, 3_500)

        for _ in range(2):
            with transaction():
                holds.release(reference="order:1", at=SOON)

        assert db.session.get_one(Coupon, purse.coupon_id).balance == 5_000


class TestRedeem:
    def test_spends_the_shares_and_frees_the_rest_of_the_worst_case(self) -> None:
        purse = Purse()
        purse.hold(900, 2_100)

        purse.redeem()

        assert purse.state is CouponState.REDEEMED
        assert purse.money == ((0, 900), (0, 2_100))

    def test_twice_spends_once(self) -> None:
        purse = Purse()
        purse.hold(1_500, 3_500)

        purse.redeem()
        purse.redeem()

        assert purse.money == ((0, 1_500), (0, 3_500))

    def test_keeps_the_balance_of_a_stored_value(self) -> None:
        purse = Purse(kind=CouponKind.STORED_VALUE, amount=10_000)
        purse.hold(900, 2_100)

        purse.redeem()

        coupon = db.session.get_one(Coupon, purse.coupon_id)
        assert (coupon.state, coupon.balance) == (CouponState.CLAIMED, 7_000)
        assert purse.money == ((2_100, 900), (4_900, 2_100))


class TestReverse:
    def test_returns_part_to_the_grants_and_keeps_the_coupon_used(self) -> None:
        purse = Purse()
        use = purse.hold(1_500, 3_500)
        purse.redeem()

        purse.reverse(use, 500, 1_167, restore=False)

        assert purse.state is CouponState.REDEEMED
        assert purse.money == ((0, 1_000), (0, 2_333))
        assert db.session.get_one(Redemption, use).reversed_amount == 1_667

    def test_restores_the_coupon_with_the_last_part(self) -> None:
        purse = Purse()
        use = purse.hold(1_500, 3_500)
        purse.redeem()

        purse.reverse(use, 1_500, 3_500, restore=True)

        assert purse.state is CouponState.CLAIMED
        assert db.session.get_one(Redemption, use).state is RedemptionState.REVERSED
        assert purse.money == ((1_500, 0), (3_500, 0))

    def test_gives_an_expired_coupon_seven_more_days(self) -> None:
        purse = Purse()
        use = purse.hold(1_500, 3_500)
        purse.redeem()
        with transaction():
            db.session.get_one(Coupon, purse.coupon_id).expires_at = NOW - timedelta(days=1)

        purse.reverse(use, 1_500, 3_500, restore=True)

        assert db.session.get_one(Coupon, purse.coupon_id).expires_at == NOW + timedelta(days=7)

    def test_restores_what_the_grants_can_still_pay(self) -> None:
        purse = Purse()
        use = purse.hold(900, 2_100)
        purse.redeem()
        with transaction():
            # Others reserved all that this coupon's small use had freed.
            for grant, spent in ((purse.city, 900), (purse.district, 2_100)):
                db.session.get_one(Grant, grant.id).ceiling = Won(spent)

        purse.reverse(use, 900, 2_100, restore=True)

        coupon = db.session.get_one(Coupon, purse.coupon_id)
        assert (coupon.worst_case, coupon.balance) == (3_000, 3_000)
        assert purse.money == ((900, 0), (2_100, 0))

    def test_puts_a_stored_value_back_on_its_balance(self) -> None:
        purse = Purse(kind=CouponKind.STORED_VALUE, amount=10_000)
        use = purse.hold(3_000, 7_000)
        purse.redeem()

        purse.reverse(use, 300, 700, restore=False)

        coupon = db.session.get_one(Coupon, purse.coupon_id)
        assert (coupon.state, coupon.balance) == (CouponState.CLAIMED, 1_000)
        assert purse.money == ((300, 2_700), (700, 6_300))

    def test_never_returns_more_than_was_spent(self) -> None:
        purse = Purse()
        use = purse.hold(1_500, 3_500)
        purse.redeem()
        purse.reverse(use, 1_500, 3_500, restore=True)

        with pytest.raises(ValueError, match="not redeemed"):
            purse.reverse(use, 1_500, 3_500, restore=True)


class TestExpire:
    def test_frees_what_claimed_coupons_had_reserved(self) -> None:
        purse = Purse()
        end = db.session.get_one(Coupon, purse.coupon_id).expires_at
        assert end is not None

        with transaction():
            assert expiry.expire_claimed(at=end - timedelta(microseconds=1)) == 0
        with transaction():
            assert expiry.expire_claimed(at=end) == 1

        assert purse.state is CouponState.EXPIRED
        assert purse.money == ((0, 0), (0, 0))

    def test_leaves_a_coupon_that_an_order_holds(self) -> None:
        purse = Purse()
        purse.hold(1_500, 3_500)

        with transaction():
            assert expiry.expire_claimed(at=make.FAR_AHEAD) == 0

        assert purse.state is CouponState.HELD

    def test_frees_the_rest_of_a_stored_value(self) -> None:
        purse = Purse(kind=CouponKind.STORED_VALUE, amount=10_000)
        purse.hold(900, 2_100)
        purse.redeem()

        with transaction():
            assert expiry.expire_claimed(at=make.FAR_AHEAD) == 1

        assert purse.money == ((0, 900), (0, 2_100))

    def test_ends_what_nobody_claimed_when_the_campaign_is_over(self) -> None:
        city = make.grant(FunderKind.CITY)
        make.campaign(cap=4, ends_at=NOW, grants=[(city, 10_000)])

        with transaction():
            assert expiry.expire_unclaimed(at=NOW - timedelta(seconds=1)) == 0
        with transaction():
            assert expiry.expire_unclaimed(at=NOW) == 4

        assert make.money_of(city) == (0, 0)
        assert set(db.session.scalars(select(Coupon.state))) == {CouponState.EXPIRED}
