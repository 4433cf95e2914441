"""A stored value that is spent in parts, by grants that each pay no more than they reserved."""

from __future__ import annotations

from datetime import timedelta

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
    RedemptionReversal,
    RedemptionShare,
)
from tests import make
from tests.make import NOW
from tests.service.coupons import judge

pytestmark = pytest.mark.usefixtures("isolated")

ENDS = NOW + timedelta(days=10)


class Purse:
    """One stored value of 1,000 won, 50 : 50, in somebody's hands."""

    def __init__(self) -> None:
        self.city = make.grant(FunderKind.CITY, ceiling=500)
        self.district = make.grant(FunderKind.DISTRICT, ceiling=500)
        self.person = make.person()
        self.drive = make.campaign(
            kind=CouponKind.STORED_VALUE,
            amount=1_000,
            cap=1,
            grants=[(self.city, 5_000), (self.district, 5_000)],
            valid_days=10,
        )
        self.coupon_id = make.claimed_coupon(self.drive, by=self.person).id
        self.uses = 0

    def spend(self, amount: int) -> int:
        self.uses += 1
        reference = f"order:{self.uses}"
        with transaction():
            use = holds.hold(
                coupon_id=self.coupon_id,
                person_id=self.person.id,
                reference=reference,
                amount=Won(amount),
                expires_at=NOW + timedelta(minutes=30),
                at=NOW,
            )
            redemption.redeem(reference=reference, at=NOW)
        return use

    def reverse(self, use: int, amount: int) -> None:
        """Take money back from the first funder first, as lines' shares may have it."""
        shares, left = {}, amount
        for share in db.session.scalars(
            select(RedemptionShare)
            .where(RedemptionShare.redemption_id == use)
            .order_by(RedemptionShare.grant_id)
            .execution_options(populate_existing=True)
        ):
            shares[share.grant_id] = Won(min(left, share.amount - share.reversed_amount))
            left -= shares[share.grant_id]
        with transaction():
            reversal.reverse(
                redemption_id=use, shares=shares, restore=False, at=ENDS + timedelta(days=1)
            )

    @property
    def coupon(self) -> Coupon:
        return db.session.get_one(Coupon, self.coupon_id, populate_existing=True)


class TestSpendInParts:
    def test_odd_won_never_take_more_than_a_grant_reserved(self) -> None:
        purse = Purse()

        # Of every odd won the first funder pays one more, until it has nothing left to pay with.
        for _ in range(333):
            purse.spend(3)
        purse.spend(1)

        assert purse.coupon.state is CouponState.REDEEMED
        assert make.money_of(purse.city) == make.money_of(purse.district) == (0, 500)
        judge.check()

    def test_what_comes_back_can_be_spent_again_to_the_last_won(self) -> None:
        purse = Purse()
        uses = [purse.spend(333) for _ in range(3)]
        purse.reverse(uses[0], 200)
        purse.reverse(uses[1], 1)

        assert purse.coupon.balance == 202
        purse.spend(101)
        purse.spend(101)

        assert purse.coupon.state is CouponState.REDEEMED
        assert make.money_of(purse.city) == make.money_of(purse.district) == (0, 500)
        judge.check()


class TestReverseAfterExpiry:
    def test_only_what_comes_back_is_good_again_and_for_seven_days(self) -> None:
        purse = Purse()
        use = purse.spend(400)
        with transaction():
            assert expiry.expire_claimed(at=ENDS) == 1

        purse.reverse(use, 300)

        coupon = purse.coupon
        assert (coupon.state, coupon.balance, coupon.worst_case) == (CouponState.CLAIMED, 300, 400)
        assert coupon.expires_at == ENDS + timedelta(days=1 + 7)
        judge.check()
        with transaction():
            assert expiry.expire_claimed(at=coupon.expires_at) == 1
        judge.check()
        spent = db.session.scalars(select(Grant.spent).order_by(Grant.id)).all()
        assert sum(spent) == 100

    def test_a_coupon_still_good_keeps_its_day(self) -> None:
        purse = Purse()
        use = purse.spend(400)
        with transaction():
            reversal.reverse(
                redemption_id=use,
                shares={purse.city.id: Won(200), purse.district.id: Won(200)},
                restore=False,
                at=ENDS - timedelta(seconds=1),
            )

        assert purse.coupon.expires_at == ENDS

    def test_a_revoked_one_stays_revoked_and_its_grants_get_the_money(self) -> None:
        purse = Purse()
        use = purse.spend(400)
        with transaction():
            expiry.end([purse.coupon_id], to=CouponState.REVOKED, at=NOW)

        purse.reverse(use, 400)

        assert purse.coupon.state is CouponState.REVOKED
        assert make.money_of(purse.city) == make.money_of(purse.district) == (0, 0)


class TestReversalIsWrittenDown:
    def test_with_amount_reason_and_who_did_it(self) -> None:
        purse, cashier = Purse(), make.person()
        use = purse.spend(400)

        for amount in (100, 300):
            with transaction():
                reversal.reverse(
                    redemption_id=use,
                    shares={purse.city.id: Won(amount // 2), purse.district.id: Won(amount // 2)},
                    restore=True,
                    at=NOW,
                    reason="counter_reversed",
                    actor_id=cashier.id,
                )

        rows = db.session.scalars(select(RedemptionReversal).order_by(RedemptionReversal.id)).all()
        assert [(row.amount, row.reason, row.actor_id) for row in rows] == [
            (100, "counter_reversed", cashier.id),
            (300, "counter_reversed", cashier.id),
        ]
        assert db.session.get_one(Redemption, use).reversed_amount == 400

    def test_paper_of_nobody_known_is_free_again(self) -> None:
        city = make.grant(FunderKind.CITY)
        drive = make.campaign(amount=5_000, cap=1, grants=[(city, 10_000)])
        paper = db.session.scalars(select(Coupon.id).where(Coupon.campaign_id == drive.id)).one()
        with transaction():
            use = holds.hold(
                coupon_id=paper,
                person_id=None,
                reference="counter:1",
                amount=Won(5_000),
                expires_at=NOW + timedelta(minutes=1),
                at=NOW,
            )
            redemption.redeem(reference="counter:1", at=NOW)
        with transaction():
            reversal.reverse(redemption_id=use, shares={city.id: Won(5_000)}, restore=True, at=NOW)

        coupon = db.session.get_one(Coupon, paper, populate_existing=True)
        assert (coupon.state, coupon.person_id) == (CouponState.ISSUED, None)
        assert make.money_of(city) == (5_000, 0)
        judge.check()
