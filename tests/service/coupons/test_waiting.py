"""Coupons given back, and those who wait for them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace.audit.models import AuditEvent
from marketplace.core.db import db, transaction
from marketplace.core.outbox import Job
from marketplace.coupons import claims, returns, waiting
from marketplace.coupons.models import (
    Campaign,
    CampaignStatus,
    ClaimSource,
    Coupon,
    CouponState,
    FunderKind,
)
from marketplace.coupons.refusals import AlreadyUsed, CouponNotFound, Ended
from marketplace.coupons.waiting import HasItAlready, NoWaitingList, StillLeft
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("isolated")


def _join(drive: Campaign, person_id: int, *, minutes: int = 0) -> None:
    with transaction():
        waiting.join(slug=drive.slug, person_id=person_id, at=NOW + timedelta(minutes=minutes))


def _give_back(coupon: Coupon, person_id: int) -> None:
    with transaction():
        returns.give_back(coupon_id=coupon.id, person_id=person_id, at=NOW)


def _fresh(coupon: Coupon) -> Coupon:
    return db.session.get_one(Coupon, coupon.id, populate_existing=True)


class TestJoin:
    def test_queues_once(self) -> None:
        drive = make.waited_campaign(cap=1)
        make.claimed_coupon(drive)
        first, second = make.person(), make.person()

        _join(drive, first.id)
        _join(drive, second.id, minutes=1)
        _join(drive, first.id, minutes=2)

        assert waiting.count_before(campaign_id=drive.id, person_id=first.id) == 0
        assert waiting.count_before(campaign_id=drive.id, person_id=second.id) == 1

    def test_refuses_while_coupons_are_left(self) -> None:
        with pytest.raises(StillLeft):
            _join(make.waited_campaign(cap=1), make.person().id)

    def test_refuses_who_has_one(self) -> None:
        drive = make.waited_campaign(cap=1)
        coupon = make.claimed_coupon(drive)

        with pytest.raises(HasItAlready):
            _join(drive, coupon.person_id or 0)

    def test_refuses_where_nobody_queues(self) -> None:
        drive = make.campaign(cap=1)
        make.claimed_coupon(drive)

        with pytest.raises(NoWaitingList):
            _join(drive, make.person().id)

    def test_refuses_when_it_is_over(self) -> None:
        with pytest.raises(Ended):
            _join(make.waited_campaign(cap=1, ends_at=NOW), make.person().id)

    def test_leave_takes_the_place_away(self) -> None:
        drive = make.waited_campaign(cap=1)
        make.claimed_coupon(drive)
        person = make.person()
        _join(drive, person.id)

        with transaction():
            waiting.leave(slug=drive.slug, person_id=person.id)

        assert waiting.count_before(campaign_id=drive.id, person_id=person.id) is None


class TestGiveBack:
    def test_hands_the_coupon_to_who_waits_longest(self) -> None:
        drive = make.waited_campaign(cap=1)
        owner, first, second = make.person(), make.person(), make.person()
        coupon = make.claimed_coupon(drive, by=owner)
        _join(drive, second.id, minutes=1)
        _join(drive, first.id)

        _give_back(coupon, owner.id)

        now_of = _fresh(coupon)
        assert (now_of.person_id, now_of.state) == (first.id, CouponState.CLAIMED)
        assert now_of.source is ClaimSource.WAITING_LIST
        assert waiting.count_before(campaign_id=drive.id, person_id=first.id) is None
        assert waiting.count_before(campaign_id=drive.id, person_id=second.id) == 0
        keys = db.session.scalars(select(Job.dedupe_key)).all()
        assert f"coupon_claimed:{coupon.id}:{first.id}" in keys
        acts = db.session.scalars(select(AuditEvent.action)).all()
        assert "coupon_given_back" in acts

    def test_passes_over_whom_the_rules_exclude(self) -> None:
        dong = make.dong("1121581000", "중곡1동")
        drive = make.waited_campaign(cap=1, eligibility={"dong": [dong.code]})
        owner, right = make.person(of_dong=dong), make.person(of_dong=dong)
        wrong = make.person()
        coupon = make.claimed_coupon(drive, by=owner)
        _join(drive, wrong.id)
        _join(drive, right.id, minutes=1)

        _give_back(coupon, owner.id)

        assert _fresh(coupon).person_id == right.id

    def test_leaves_it_to_the_next_when_nobody_waits(self) -> None:
        city = make.grant(FunderKind.CITY, ceiling=5_000)
        drive = make.campaign(cap=1, amount=5_000, grants=[(city, 10_000)])
        owner = make.person()
        coupon = make.claimed_coupon(drive, by=owner)

        _give_back(coupon, owner.id)

        assert (_fresh(coupon).state, _fresh(coupon).person_id) == (CouponState.ISSUED, None)
        assert make.money_of(city) == (5_000, 0)
        assert make.claimed_coupon(drive, by=owner).id == coupon.id

    def test_frees_the_money_when_the_campaign_is_over(self) -> None:
        city = make.grant(FunderKind.CITY, ceiling=5_000)
        drive = make.campaign(cap=1, amount=5_000, grants=[(city, 10_000)])
        owner = make.person()
        coupon = make.claimed_coupon(drive, by=owner)
        with transaction():
            drive.status = CampaignStatus.ENDED

        _give_back(coupon, owner.id)

        assert (_fresh(coupon).state, _fresh(coupon).ended_at) == (CouponState.REVOKED, NOW)
        assert make.money_of(city) == (0, 0)

    def test_refuses_another_persons_coupon(self) -> None:
        coupon = make.claimed_coupon()

        with pytest.raises(CouponNotFound):
            _give_back(coupon, make.person().id)

    def test_refuses_a_used_one(self) -> None:
        person = make.person()
        coupon = make.claimed_coupon(by=person)
        make.paid_order({make.sellable(price=30_000): 1}, by=person, coupons=[coupon])

        with pytest.raises(AlreadyUsed):
            _give_back(coupon, person.id)


class TestRevoke:
    def test_frees_the_money_and_says_why(self) -> None:
        city = make.grant(FunderKind.CITY, ceiling=5_000)
        drive = make.campaign(cap=1, amount=5_000, grants=[(city, 10_000)])
        person, staff = make.person(), make.person()
        coupon = make.claimed_coupon(drive, by=person)

        with transaction():
            returns.revoke(coupon_id=coupon.id, by=staff.id, reason="중복 가입", at=NOW)

        assert make.money_of(city) == (0, 0)
        assert _fresh(coupon).state is CouponState.REVOKED
        with pytest.raises(claims.TakenBack), transaction():
            claims.claim(campaign_id=drive.id, person_id=person.id, at=NOW)

    def test_asks_for_a_reason(self) -> None:
        coupon = make.claimed_coupon()

        with pytest.raises(returns.NoReason), transaction():
            returns.revoke(coupon_id=coupon.id, by=make.person().id, reason=" ", at=NOW)


class TestServe:
    def test_gives_what_became_free_to_as_many_as_wait(self) -> None:
        drive = make.waited_campaign(cap=3)
        given = [make.claimed_coupon(drive) for _ in range(3)]
        people = [make.person() for _ in range(2)]
        for place, person in enumerate(people):
            _join(drive, person.id, minutes=place)
        with transaction():
            for coupon in given:
                coupon.state = CouponState.ISSUED
                coupon.person_id = coupon.claimed_at = coupon.expires_at = None
            db.session.flush()

        assert waiting.list_to_serve(at=NOW) == [drive.id]
        with transaction():
            assert waiting.serve(campaign_id=drive.id, at=NOW) == 2

        assert waiting.list_to_serve(at=NOW) == []
        with transaction():
            assert waiting.serve(campaign_id=drive.id, at=NOW) == 0
