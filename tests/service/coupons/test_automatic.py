"""Coupons that come by themselves."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from marketplace.core.db import db, transaction
from marketplace.core.outbox import Job
from marketplace.coupons import automatic
from marketplace.coupons.automatic import AutomaticTrigger
from marketplace.coupons.models import CampaignStatus, ClaimSource, Coupon
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("isolated")


def _give(trigger: AutomaticTrigger, person_id: int) -> int:
    with transaction():
        return automatic.give(trigger=trigger, person_id=person_id, at=NOW)


class TestGive:
    def test_gives_one_of_each_open_campaign_however_often_it_runs(self) -> None:
        welcome = make.automatic_campaign(AutomaticTrigger.SIGN_UP, cap=2)
        make.automatic_campaign(AutomaticTrigger.SIGN_UP, cap=2)
        make.automatic_campaign(AutomaticTrigger.BIRTHDAY, cap=2)
        make.automatic_campaign(AutomaticTrigger.SIGN_UP, status=CampaignStatus.PAUSED)
        person = make.person()

        assert [_give(AutomaticTrigger.SIGN_UP, person.id) for _ in range(2)] == [2, 0]

        given = db.session.scalars(select(Coupon).where(Coupon.person_id == person.id)).all()
        assert {coupon.source for coupon in given} == {ClaimSource.AUTOMATIC}
        assert welcome.id in {coupon.campaign_id for coupon in given}

    def test_passes_over_what_is_taken_or_not_for_the_person(self) -> None:
        full = make.automatic_campaign(AutomaticTrigger.SIGN_UP, cap=1)
        make.automatic_campaign(AutomaticTrigger.SIGN_UP, eligibility={"dong": ["1121599999"]})
        make.automatic_campaign(AutomaticTrigger.SIGN_UP, cap=5)
        with transaction():
            automatic.give(trigger=AutomaticTrigger.SIGN_UP, person_id=make.person().id, at=NOW)

        assert _give(AutomaticTrigger.SIGN_UP, make.person().id) == 1
        assert full.issued == 1


class TestBirthdays:
    def _asked(self, at: datetime) -> list[object]:
        with transaction():
            automatic.greet_birthdays(at=at)
        jobs = db.session.scalars(
            select(Job).where(Job.kind == "coupons.give_automatic").order_by(Job.id)
        )
        return [job.payload["person_id"] for job in jobs]

    def _born(self, day: date, **of_person: bool) -> int:
        person = make.person(**of_person)  # type: ignore[arg-type]
        with transaction():
            person.birth_on = day
        return person.id

    def test_asks_once_a_day_for_who_was_born_on_it(self) -> None:
        make.automatic_campaign(AutomaticTrigger.BIRTHDAY)
        today = self._born(date(1990, 11, 24))
        self._born(date(1990, 11, 23))
        self._born(date(1990, 11, 24), confirmed=False)

        assert self._asked(NOW) == [today]
        assert self._asked(NOW) == [today]

    def test_counts_the_day_in_seoul(self) -> None:
        make.automatic_campaign(AutomaticTrigger.BIRTHDAY)
        tomorrow = self._born(date(1990, 11, 25))

        assert self._asked(datetime(2026, 11, 24, 15, 0, tzinfo=UTC)) == [tomorrow]

    def test_greets_leap_day_children_on_the_28th(self) -> None:
        make.automatic_campaign(AutomaticTrigger.BIRTHDAY)
        leap = self._born(date(2000, 2, 29))

        assert self._asked(datetime(2028, 2, 28, 3, 0, tzinfo=UTC)) == []
        assert self._asked(datetime(2027, 2, 28, 3, 0, tzinfo=UTC)) == [leap]

    def test_asks_for_nobody_without_a_campaign(self) -> None:
        self._born(date(1990, 11, 24))

        assert self._asked(NOW) == []


def test_a_first_order_asks_once() -> None:
    buyer, goods = make.person(), make.sellable(price=30_000)
    for _ in range(2):
        make.paid_order({goods: 1}, by=buyer)

    keys = db.session.scalars(
        select(Job.dedupe_key).where(Job.kind == "coupons.give_automatic")
    ).all()
    assert keys == [f"first_order_coupon:{buyer.id}"]
