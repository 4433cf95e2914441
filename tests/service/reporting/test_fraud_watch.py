"""Each kind of suspicion is raised by its own pattern, once, and by nothing less than it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import pytest
from sqlalchemy import select

from marketplace.accounts.models import Person
from marketplace.audit.models import AuditEvent
from marketplace.core.db import db, transaction
from marketplace.core.money import Won
from marketplace.coupons import fraud, holds, redemption
from marketplace.coupons.counter_models import FraudFlag
from marketplace.coupons.fraud import FraudKind
from marketplace.coupons.models import CouponChannel, CouponKind
from marketplace.coupons.receipts import Receipt
from marketplace.enterprises.models import Enterprise
from marketplace.reporting import fraud_watch
from tests import make
from tests.make import NOW
from tests.service.checkout.tills import Till, shop

pytestmark = pytest.mark.usefixtures("isolated")

MINUTE: Final = timedelta(minutes=1)
NIGHT: Final = NOW + timedelta(hours=11, minutes=30)  # 23:30 in Seoul


def watch(at: datetime = NOW + timedelta(hours=1)) -> int:
    with transaction():
        return fraud_watch.watch(at=at)


def flags() -> list[FraudFlag]:
    return list(db.session.scalars(select(FraudFlag).order_by(FraudFlag.id)))


def kinds() -> set[FraudKind]:
    return {flag.kind for flag in flags()}


class Purse(Till):
    """A till, and a resident with a stored value of 10,000 won."""

    def __init__(self, **rules: object) -> None:
        super().__init__(kind=CouponKind.STORED_VALUE, amount=10_000, rules=rules)

    def spend(self, *, minutes: int = 0, at_shop: Enterprise | None = None) -> None:
        at = NOW + minutes * MINUTE
        self.use(
            self.show(at=at).qr,
            amount=1_000,
            key=f"tap-{minutes:08}",
            at=at,
            enterprise=at_shop,
        )

    def employ(self, *, until: datetime | None = None) -> None:
        """Let the resident work for the till's shop."""
        employ(self.enterprise, self.resident, until=until)


def employ(by: Enterprise, person: Person, *, until: datetime | None = None) -> None:
    made = make.member(by, person)
    with transaction():
        made.created_at, made.revoked_at = make.LONG_AGO, until
        db.session.add(made)


def use_each(till: Till, count: int, *, purchase: int) -> list[Receipt]:
    """Let as many people come one after the other, each with a coupon of 5,000 won."""
    drive = make.campaign(amount=5_000, cap=count)
    receipts = []
    for number in range(count):
        till.resident = make.person()
        till.coupon_id = make.claimed_coupon(drive, by=till.resident).id
        at = NOW + number * MINUTE
        receipts.append(
            till.use(till.show(at=at).qr, purchase=purchase, key=f"tap-{number:08}", at=at)
        )
    return receipts


class TestManyShops:
    def test_flags_three_shops_within_ten_minutes(self) -> None:
        purse = Purse()
        for minutes in (0, 4, 9):
            purse.spend(minutes=minutes, at_shop=shop())

        assert watch() == 1
        (flag,) = flags()
        assert (flag.kind, flag.person_id) == (FraudKind.MANY_SHOPS, purse.resident.id)
        assert flag.details == {"day": "2026-11-24", "count": 3, "won": 3_000}

    @pytest.mark.parametrize("third", [10, 25])
    def test_leaves_a_walk_through_the_market_alone(self, third: int) -> None:
        purse = Purse()
        for minutes in (0, 4, third):
            purse.spend(minutes=minutes, at_shop=shop())

        assert watch() == 0

    def test_leaves_three_purchases_in_one_shop_alone(self) -> None:
        purse = Purse()
        for minutes in (0, 4, 9):
            purse.spend(minutes=minutes)

        assert watch() == 0


class TestOwnMember:
    def test_flags_a_member_at_the_own_counter(self) -> None:
        purse = Purse()
        purse.employ()
        purse.spend()

        watch()

        (flag,) = flags()
        assert (flag.kind, flag.enterprise_id, flag.person_id, flag.campaign_id) == (
            FraudKind.OWN_MEMBER,
            purse.enterprise.id,
            purse.resident.id,
            purse.campaign.id,
        )

    def test_flags_a_member_who_orders_from_the_own_shop(self) -> None:
        seller, owner = make.enterprise(), make.person()
        employ(seller, owner)
        coupon = make.claimed_coupon(by=owner)
        make.paid_order({make.sellable(seller): 1}, by=owner, coupons=[coupon])

        watch()

        assert kinds() == {FraudKind.OWN_MEMBER}

    def test_leaves_members_of_other_shops_and_former_ones_alone(self) -> None:
        purse = Purse()
        purse.employ(until=NOW - MINUTE)
        employ(shop(), purse.resident)
        purse.spend()

        assert watch() == 0


class TestFaceValue:
    @pytest.mark.parametrize(("uses", "raised"), [(4, 0), (5, 1)])
    def test_flags_purchases_of_exactly_the_coupons_worth(self, uses: int, raised: int) -> None:
        till = Till()
        use_each(till, uses, purchase=5_000)

        assert watch() == raised

    def test_leaves_larger_purchases_alone(self) -> None:
        till = Till()
        use_each(till, 6, purchase=5_100)

        assert watch() == 0


class TestOutsideHours:
    def test_flags_a_counter_at_night(self) -> None:
        purse = Purse()
        purse.use(purse.show(at=NIGHT).qr, amount=1_000, at=NIGHT)

        watch(NIGHT + MINUTE)

        (flag,) = flags()
        assert (flag.kind, flag.enterprise_id) == (FraudKind.OUTSIDE_HOURS, purse.enterprise.id)

    def test_leaves_an_order_at_night_alone(self) -> None:
        buyer = make.person()
        make.paid_order(
            {make.sellable(): 1}, by=buyer, coupons=[make.claimed_coupon(by=buyer)], at=NIGHT
        )

        assert watch(NIGHT + MINUTE) == 0

    @pytest.mark.parametrize(
        ("hours", "raised"),
        [
            ({"from": "09:00", "until": "18:00"}, 0),
            ({"from": "13:00"}, 1),
            ({"until": "12:00"}, 1),
            # NOW is a Tuesday.
            ({"weekdays": [1]}, 0),
            ({"weekdays": [5, 6]}, 1),
            ({"weekdays": []}, 0),
        ],
    )
    def test_goes_by_the_campaigns_hours(self, hours: dict[str, object], raised: int) -> None:
        """A counter asks them itself; what came in by another way is looked at afterwards."""
        purse = Purse(hours=hours)
        with transaction():
            holds.hold(
                coupon_id=purse.coupon_id,
                person_id=purse.resident.id,
                reference="counter:test",
                amount=Won(1_000),
                expires_at=NOW + MINUTE,
                at=NOW,
                channel=CouponChannel.COUNTER,
                enterprise_id=purse.enterprise.id,
            )
            redemption.redeem(reference="counter:test", at=NOW)

        assert watch() == raised


class TestHighReversal:
    @pytest.mark.parametrize(
        ("reversed_uses", "raised"), [(2, set()), (3, {FraudKind.HIGH_REVERSAL})]
    )
    def test_flags_three_of_ten(self, reversed_uses: int, raised: set[FraudKind]) -> None:
        till = Till()
        receipts = use_each(till, 10, purchase=9_000)
        for receipt in receipts[:reversed_uses]:
            till.reverse(receipt, at=NOW + 30 * MINUTE)

        watch()

        assert kinds() == raised

    def test_leaves_a_small_shop_alone(self) -> None:
        till = Till()
        for receipt in use_each(till, 9, purchase=9_000):
            till.reverse(receipt, at=NOW + 30 * MINUTE)

        assert watch() == 0


class TestWatch:
    def test_twice_raises_nothing_twice(self) -> None:
        purse = Purse()
        for minutes in (0, 4, 9):
            purse.spend(minutes=minutes, at_shop=shop())

        assert (watch(), watch(), watch(NOW + timedelta(hours=5))) == (1, 0, 0)
        assert len(flags()) == 1

    def test_does_not_look_at_what_is_long_past(self) -> None:
        purse = Purse()
        for minutes in (0, 4, 9):
            purse.spend(minutes=minutes, at_shop=shop())

        assert watch(NOW + timedelta(days=3)) == 0


class TestFlags:
    def _raise(self) -> int:
        person = make.person("홍길동")
        with transaction():
            fraud.raise_flag(FraudKind.CODE_GUESSING, "test", person_id=person.id, at=NOW)
        return flags()[-1].id

    def test_code_guessing_is_raised_once_a_day(self) -> None:
        person = make.person()
        with transaction():
            first = fraud.note_code_guessing(source="x", person_id=person.id, at=NOW)
            again = fraud.note_code_guessing(source="y", person_id=person.id, at=NOW + MINUTE)
            tomorrow = fraud.note_code_guessing(
                source="x", person_id=person.id, at=NOW + timedelta(days=1)
            )
            stranger = fraud.note_code_guessing(source="x", person_id=None, at=NOW)

        assert (first, again, tomorrow, stranger) == (True, False, True, True)

    def test_are_listed_with_people_hidden_until_they_are_cleared(self) -> None:
        flag_id = self._raise()
        by = make.person("나다인")

        (open_one,) = fraud.list_flags(is_open=True)
        assert (open_one.person, open_one.cleared_at) == ("홍*동", None)
        assert fraud.count_open() == 1
        with transaction():
            fraud.clear(flag_id=flag_id, note=" 잘못 적음 ", by=by.id, at=NOW)

        assert fraud.list_flags(is_open=True) == []
        (closed,) = fraud.list_flags(is_open=False)
        assert (closed.note, closed.cleared_by) == ("잘못 적음", "나다인")
        event = db.session.scalars(
            select(AuditEvent).where(AuditEvent.action == "fraud_flag_cleared")
        ).one()
        assert (event.subject_id, event.actor_id) == (flag_id, by.id)

    @pytest.mark.parametrize("note", ["", "   ", "가" * 501])
    def test_are_not_cleared_without_a_note(self, note: str) -> None:
        flag_id = self._raise()

        with pytest.raises(fraud.NoteMissing), transaction():
            fraud.clear(flag_id=flag_id, note=note, by=1, at=NOW)

    def test_are_cleared_once(self) -> None:
        flag_id, by = self._raise(), make.person()
        with transaction():
            fraud.clear(flag_id=flag_id, note="확인", by=by.id, at=NOW)

        with pytest.raises(fraud.AlreadyCleared), transaction():
            fraud.clear(flag_id=flag_id, note="확인", by=by.id, at=NOW)
        with pytest.raises(fraud.FlagUnknown), transaction():
            fraud.clear(flag_id=10**9, note="확인", by=by.id, at=NOW)
