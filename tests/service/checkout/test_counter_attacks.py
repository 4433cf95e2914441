"""What somebody tries who wants more than their coupon is worth."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from marketplace.accounts.models import Person
from marketplace.checkout import counter
from marketplace.checkout.counter_offline import ReportUnreadable
from marketplace.core.db import db, transaction
from marketplace.core.errors import InvalidInput
from marketplace.coupons import claims, receipts, returns
from marketplace.coupons.models import Coupon, CouponKind, CouponState, FunderKind
from marketplace.coupons.offline import OfflineOutcome
from marketplace.coupons.refusals import CouponRefused
from marketplace.coupons.tokens import TokenExpired
from tests import make
from tests.make import NOW
from tests.service.checkout.test_counter_offline import HOUR, Phone, shortage
from tests.service.checkout.tills import SOON, Till, assert_books_hold

pytestmark = pytest.mark.usefixtures("isolated")

LATER = NOW + timedelta(seconds=10)


def give_back(till: Till, *, at: datetime = LATER) -> None:
    """Give the resident's coupon back."""
    with transaction():
        returns.give_back(coupon_id=till.coupon_id, person_id=till.resident.id, at=at)


def pass_on(till: Till) -> Person:
    """Give the coupon back, and let a neighbour have the very same one."""
    give_back(till)
    neighbour = make.person()
    with transaction():
        db.session.get_one(Coupon, till.coupon_id).person_id = neighbour.id
        coupon = db.session.get_one(Coupon, till.coupon_id)
        coupon.state, coupon.claimed_at = CouponState.CLAIMED, LATER
        coupon.expires_at, coupon.source = make.FAR_AHEAD, claims.ClaimSource.OPEN_CLAIM
    return neighbour


class TestCouponsGivenBack:
    """A QR shown before is the QR of whoever had the coupon then."""

    def test_are_not_spent_by_who_had_them(self) -> None:
        till = Till()
        shown = till.show().qr
        give_back(till)

        with pytest.raises(TokenExpired):
            till.use(shown, purchase=9_000, at=SOON)

        assert till.coupon.state is CouponState.ISSUED
        assert_books_hold()

    @pytest.mark.parametrize("how", ["qr", "handle", "code"])
    def test_are_not_taken_from_the_next(self, how: str) -> None:
        till = Till()
        token = till.show()
        shown = {"qr": token.qr, "code": token.code}.get(how)
        if shown is None:
            seen = counter.preview(enterprise_id=till.enterprise.id, shown=token.qr, at=NOW)
            shown = seen.handle
        pass_on(till)

        with pytest.raises(TokenExpired):
            counter.preview(enterprise_id=till.enterprise.id, shown=shown, at=SOON)
        with pytest.raises(TokenExpired):
            till.use(shown, purchase=9_000, at=SOON)

        assert till.coupon.state is CouponState.CLAIMED
        assert till.owed == 0

    @pytest.mark.parametrize("has_next", [True, False])
    def test_pay_nothing_that_a_till_without_network_took(self, *, has_next: bool) -> None:
        """The shop acted in good faith: the named account pays it, and staff see it."""
        till = Till()
        phone = Phone(till)
        report = phone.take()
        if has_next:
            pass_on(till)
        else:
            give_back(till)

        kept = phone.send(report)

        assert (kept.outcome, kept.refusal) == (OfflineOutcome.SHORT, "token_expired")
        assert (till.owed, shortage()) == (5_000, 5_000)
        assert till.coupon.state is (CouponState.CLAIMED if has_next else CouponState.ISSUED)
        assert_books_hold()

    def test_work_for_the_next_with_a_qr_of_their_own(self) -> None:
        till = Till()
        till.show()
        till.resident = pass_on(till)

        assert till.use(till.show(at=SOON).qr, purchase=9_000, at=SOON).amount == 5_000


class TestManyQrsOfOneCoupon:
    """Without network a shop takes of one coupon what it was worth, however many QRs it shows."""

    def test_of_a_coupon_for_one_use_are_one_use(self) -> None:
        phone = Phone(Till())
        first = phone.take("1")
        second = phone.take("2", at=NOW + timedelta(seconds=20))
        phone.send(first)

        kept = phone.send(second)

        assert (kept.outcome, kept.refusal) == (OfflineOutcome.REFUSED, "coupon_taken")
        assert (phone.till.owed, shortage()) == (5_000, 0)

    def test_of_a_stored_value_are_its_value(self) -> None:
        phone = Phone(Till(CouponKind.STORED_VALUE, 10_000))
        first = phone.take("1", amount=6_000, purchase=None)
        second = phone.take("2", amount=6_000, purchase=None, at=NOW + timedelta(seconds=20))
        third = phone.take("3", amount=4_000, purchase=None, at=NOW + timedelta(seconds=40))

        outcomes = [phone.send(each).outcome for each in (first, second, third)]

        assert outcomes == [
            OfflineOutcome.REDEEMED,
            OfflineOutcome.REFUSED,
            OfflineOutcome.REDEEMED,
        ]
        assert (phone.till.owed, shortage()) == (10_000, 0)

    def test_count_no_more_once_the_use_was_taken_back(self) -> None:
        phone = Phone(Till())
        kept = phone.send(phone.take("1"), at=NOW)
        assert kept.outcome is OfflineOutcome.REDEEMED
        (receipt,) = receipts.list_newest(enterprise_id=phone.till.enterprise.id)
        phone.till.reverse(receipt)

        again = phone.send(phone.take("2", at=NOW + HOUR), at=NOW + 2 * HOUR)

        assert again.outcome is OfflineOutcome.REDEEMED


class TestShortages:
    def test_pay_a_shop_no_more_than_the_coupon_would_have(self) -> None:
        """What the shop gives away itself is owed to it neither way."""
        own, district = make.grant(FunderKind.ENTERPRISE), make.grant(FunderKind.DISTRICT)
        till = Till(rules={"grants": [(own, 4_000), (district, 6_000)]})
        phone = Phone(till)
        report = phone.take()
        give_back(till)

        kept = phone.send(report)

        assert (kept.outcome, kept.shortage) == (OfflineOutcome.SHORT, 3_000)
        assert (till.owed, shortage()) == (3_000, 3_000)
        assert_books_hold()


class TestReports:
    @pytest.mark.parametrize("year", [1, 1969, 9999])
    def test_of_no_possible_moment_are_not_kept(self, year: int) -> None:
        phone = Phone(Till())

        with pytest.raises(ReportUnreadable):
            phone.take(qr="SNR1:T:x:y:z", at=datetime(year, 6, 1, tzinfo=UTC))

    @pytest.mark.parametrize("qr", ["SNR1:T:\ud800:1:z", "SNR1:T:세나루:1:z"])
    def test_with_letters_no_qr_of_ours_has_are_not_kept(self, qr: str) -> None:
        phone = Phone(Till())

        with pytest.raises(ReportUnreadable):
            phone.take(qr=qr)

    def test_cannot_be_blocked_by_a_use_under_their_number(self) -> None:
        phone = Phone(Till(CouponKind.STORED_VALUE, 10_000))
        report = phone.take(amount=1_000, purchase=None)
        with pytest.raises(counter.KeyMissing):
            phone.till.use(
                phone.till.show(at=SOON).qr,
                amount=1,
                key=f"offline:{phone.id}:{report.own_key}",
                at=SOON,
            )

        assert phone.send(report).outcome is OfflineOutcome.REDEEMED


def test_amounts_are_whole_won_within_the_balance() -> None:
    till = Till(CouponKind.STORED_VALUE, 10_000)
    for amount in (-1, 0, 10_001, 2**63):
        with pytest.raises((CouponRefused, InvalidInput)):
            till.use(till.show().qr, amount=amount)

    assert till.coupon.balance == 10_000
    assert till.owed == 0
