"""What tills took without network: believed or not, paid by the coupon or by the named account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from marketplace.audit.models import AuditEvent
from marketplace.checkout import counter_offline
from marketplace.checkout.counter_offline import Report, ReportUnreadable
from marketplace.core.db import db, transaction
from marketplace.core.money import Won
from marketplace.coupons import devices, offline, receipts, tokens
from marketplace.coupons.counter_models import CounterUse, OfflineUse
from marketplace.coupons.models import Campaign, CampaignStatus, CouponKind
from marketplace.coupons.offline import KeptUse, OfflineOutcome
from marketplace.ledger import posting
from tests import make
from tests.make import NOW
from tests.service.checkout.tills import Till, assert_books_hold, entries, shop

pytestmark = pytest.mark.usefixtures("isolated")

HOUR = timedelta(hours=1)
CAP = 20_000


class Phone:
    """A registered device of a till that lost the network at NOW."""

    def __init__(self, till: Till, *, cap: int = CAP) -> None:
        self.till = till
        with transaction():
            self.id, self.secret = devices.register(
                enterprise_id=till.enterprise.id,
                name="계산대 1",
                person_id=till.cashier.id,
                at=make.LONG_AGO,
            )
            devices.set_cap(device_id=self.id, cap=Won(cap), actor_id=till.cashier.id)

    def take(
        self,
        key: str = "1",
        *,
        amount: int = 5_000,
        purchase: int | None = 9_000,
        at: datetime = NOW,
        qr: str | None = None,
    ) -> Report:
        """Take what the resident's phone shows, without network."""
        return Report(
            key=key,
            qr=qr or self.till.show(at=at).qr,
            amount=Won(amount),
            purchase_amount=None if purchase is None else Won(purchase),
            accepted_at=at,
        )

    def send(self, report: Report, *, at: datetime = NOW + HOUR) -> KeptUse:
        """Report one use when the network is back."""
        with transaction():
            return counter_offline.take_in(
                device_id=self.id, cashier_id=self.till.cashier.id, report=report, at=at
            )


def replace_coupon(till: Till) -> Callable[[datetime], str]:
    """Give somebody else a coupon of the campaign and return how their phone shows it."""
    other = make.person(name="박주민")
    coupon_id = make.claimed_coupon(till.campaign, by=other).id

    def show(at: datetime) -> str:
        with transaction():
            return tokens.issue(coupon_id=coupon_id, person_id=other.id, at=at).qr

    return show


def shortage() -> int:
    """Return what the named account has paid."""
    return posting.balance("shortage:offline")


class TestTakeIn:
    def test_spends_the_coupon_as_if_it_had_been_online(self) -> None:
        phone = Phone(Till())

        kept = phone.send(phone.take())

        assert (kept.outcome, kept.shortage) == (OfflineOutcome.REDEEMED, 0)
        assert phone.till.owed == 5_000
        assert db.session.query(CounterUse).one().used_at == NOW
        assert_books_hold()

    def test_sent_twice_changes_nothing(self) -> None:
        phone = Phone(Till())
        report = phone.take()

        first, second = (phone.send(report, at=NOW + HOUR * n) for n in (1, 2))

        assert first == second
        assert (make.count_of(OfflineUse), entries("counter_redeemed")) == (1, 1)

    def test_takes_two_qrs_of_one_minute(self) -> None:
        phone = Phone(Till(CouponKind.STORED_VALUE, 10_000))
        first = phone.take("1", amount=2_000, purchase=None)
        second = phone.take("2", amount=3_000, purchase=None, at=NOW + timedelta(seconds=20))

        assert {phone.send(each).outcome for each in (first, second)} == {OfflineOutcome.REDEEMED}

    def test_takes_uses_in_any_order(self) -> None:
        phone = Phone(Till(CouponKind.STORED_VALUE, 10_000))
        early = phone.take("1", amount=2_000, purchase=None)
        late = phone.take("2", amount=3_000, purchase=None, at=NOW + HOUR)

        outcomes = [phone.send(each, at=NOW + 2 * HOUR).outcome for each in (late, early)]

        assert outcomes == [OfflineOutcome.REDEEMED] * 2
        assert phone.till.coupon.balance == 5_000

    def test_books_what_the_coupon_cannot_pay_any_more(self) -> None:
        till = Till()
        phone = Phone(till)
        report = phone.take()
        till.use(till.show(at=NOW + HOUR / 2).qr, purchase=9_000, at=NOW + HOUR / 2)

        kept = phone.send(report)

        assert (kept.outcome, kept.refusal, kept.shortage) == (
            OfflineOutcome.SHORT,
            "already_used",
            5_000,
        )
        assert (till.owed, shortage()) == (10_000, 5_000)
        assert [each.id for each in offline.list_troubled()] == [kept.id]
        assert_books_hold()

    def test_books_the_part_a_stored_value_lacks_and_takes_it_back_with_the_use(self) -> None:
        till = Till(CouponKind.STORED_VALUE, 10_000)
        phone = Phone(till)
        report = phone.take(amount=8_000, purchase=None)
        till.use(till.show(at=NOW + HOUR / 2).qr, amount=4_000, at=NOW + HOUR / 2)

        kept = phone.send(report)

        assert (kept.outcome, kept.refusal, kept.shortage) == (
            OfflineOutcome.SHORT,
            "over_balance",
            2_000,
        )
        assert (till.coupon.balance, till.owed, shortage()) == (0, 12_000, 2_000)
        # Noon and an hour: the same day in Seoul.
        till.reverse(receipts.list_newest()[-1], at=NOW + 2 * HOUR)
        assert (till.coupon.balance, till.owed, shortage()) == (6_000, 4_000, 0)
        assert_books_hold()

    def test_owes_a_use_whose_campaign_was_paused_meanwhile(self) -> None:
        phone = Phone(Till())
        report = phone.take()
        with transaction():
            db.session.get_one(Campaign, phone.till.campaign.id).status = CampaignStatus.PAUSED

        kept = phone.send(report)

        assert (kept.outcome, kept.refusal) == (OfflineOutcome.SHORT, "paused")
        assert (phone.till.owed, shortage()) == (5_000, 5_000)


class TestRefuses:
    def refused(self, phone: Phone, report: Report, *, at: datetime = NOW + HOUR) -> str:
        owed = phone.till.owed
        kept = phone.send(report, at=at)
        assert kept.outcome is OfflineOutcome.REFUSED
        assert (phone.till.owed, shortage()) == (owed, 0)
        assert kept in offline.list_troubled()
        return kept.refusal

    def test_what_arrives_too_late(self) -> None:
        phone = Phone(Till())

        code = self.refused(phone, phone.take(), at=NOW + timedelta(hours=72, seconds=1))

        assert code == "late"

    def test_what_passes_the_cap_until_the_till_was_heard_of(self) -> None:
        phone = Phone(Till(CouponKind.STORED_VALUE, 10_000), cap=5_000)
        first = phone.take("1", amount=3_000, purchase=None)
        second = phone.take("2", amount=2_001, purchase=None, at=NOW + timedelta(minutes=5))
        phone.send(first)

        assert self.refused(phone, second) == "over_cap"

        again = phone.take("3", amount=5_000, purchase=None, at=NOW + 2 * HOUR)
        assert phone.send(again, at=NOW + 3 * HOUR).outcome is OfflineOutcome.REDEEMED

    def test_more_than_the_cap_with_what_was_lately_owed_for_it(self) -> None:
        till = Till()
        phone = Phone(till, cap=8_000)
        lost = phone.take("1")
        till.use(till.show(at=NOW + HOUR / 2).qr, purchase=9_000, at=NOW + HOUR / 2)
        assert phone.send(lost).shortage == 5_000

        other = replace_coupon(till)
        later = phone.take("2", at=NOW + 3 * HOUR, qr=other(NOW + 3 * HOUR))
        assert phone.send(later, at=NOW + 4 * HOUR).refusal == "over_cap"

        days_later = NOW + timedelta(hours=74)
        report = phone.take("3", at=days_later, qr=other(days_later))
        assert phone.send(report, at=days_later + HOUR).outcome is OfflineOutcome.REDEEMED

    def test_a_clone_that_uses_the_same_numbers(self) -> None:
        till = Till(CouponKind.STORED_VALUE, 10_000)
        phone = Phone(till)
        own = phone.take("7", amount=1_000, purchase=None)
        cloned = phone.take("7", amount=2_000, purchase=None, at=NOW + HOUR / 2)
        phone.send(own)

        assert self.refused(phone, cloned) == "device_cloned"
        assert self.refused(phone, cloned) == "device_cloned"
        assert make.count_of(OfflineUse) == 2

    def test_a_qr_nobody_signed(self) -> None:
        phone = Phone(Till())
        report = phone.take()
        head, _, signature = report.qr.rpartition(":")
        dearer = head.replace(".5000.", ".9000.")

        assert dearer != head
        assert self.refused(phone, replace(report, qr=f"{dearer}:{signature}")) == "forged"

    def test_a_time_when_the_qr_was_not_shown(self) -> None:
        phone = Phone(Till())
        report = phone.take()
        later = replace(report, key="2", accepted_at=NOW + timedelta(minutes=10))

        assert self.refused(phone, later) == "not_shown_then"

    def test_a_clock_that_is_ahead(self) -> None:
        phone = Phone(Till())

        assert self.refused(phone, phone.take(at=NOW + HOUR), at=NOW) == "clock_ahead"

    def test_one_qr_twice_in_one_shop(self) -> None:
        phone = Phone(Till(CouponKind.STORED_VALUE, 10_000))
        report = phone.take(amount=1_000, purchase=None)
        phone.send(report)

        again = replace(report, key="2", accepted_at=NOW + timedelta(seconds=9))

        assert self.refused(phone, again) == "token_reused"

    def test_one_qr_that_the_shop_took_with_network_before(self) -> None:
        till = Till(CouponKind.STORED_VALUE, 10_000)
        phone = Phone(till)
        report = phone.take(amount=1_000, purchase=None)
        till.use(report.qr, amount=1_000)

        assert self.refused(phone, report) == "token_reused"

    def test_a_device_out_of_use(self) -> None:
        phone = Phone(Till())
        report = phone.take()
        with transaction():
            devices.revoke(device_id=phone.id, actor_id=phone.till.cashier.id, at=NOW)

        assert self.refused(phone, report) == "device_revoked"

    def test_another_shops_campaign(self) -> None:
        till = Till(rules={"scope": {"enterprises": [make.enterprise().id]}})
        phone = Phone(till)

        assert self.refused(phone, phone.take()) == "enterprise_not_joined"

    @pytest.mark.parametrize(("amount", "purchase"), [(5_001, 9_000), (4_000, 3_000)])
    def test_more_than_the_rules_give(self, amount: int, purchase: int) -> None:
        phone = Phone(Till())

        assert self.refused(phone, phone.take(amount=amount, purchase=purchase)) == "over_balance"

    @pytest.mark.parametrize("wrong", [{"key": ""}, {"key": "a b"}, {"amount": 0}])
    def test_reports_nobody_can_mean(self, wrong: dict[str, object]) -> None:
        phone = Phone(Till())

        with pytest.raises(ReportUnreadable):
            phone.take(**wrong)  # type: ignore[arg-type]


class TestDevices:
    def test_are_known_by_their_secret_and_shop(self) -> None:
        phone = Phone(Till())
        here = phone.till.enterprise.id

        found = devices.find(phone.secret, enterprise_id=here)

        assert found is not None
        assert (found.name, found.offline_cap) == ("계산대 1", CAP)
        assert devices.find("x", enterprise_id=here) is None
        assert devices.find(phone.secret, enterprise_id=shop().id) is None

    def test_caps_are_bounded_and_leave_a_trail(self) -> None:
        phone = Phone(Till())

        with pytest.raises(devices.CapOutOfRange):
            devices.set_cap(device_id=phone.id, cap=Won(2_000_001), actor_id=1)

        events = db.session.query(AuditEvent).filter_by(subject_kind="counter_device").all()
        assert [event.action for event in events] == [
            "counter_device.registered",
            "counter_device.cap_set",
        ]
        assert events[1].details == {"before": 0, "after": CAP}
