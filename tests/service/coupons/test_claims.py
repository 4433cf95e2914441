"""Claiming a coupon."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text, update

from marketplace.core.db import db, transaction
from marketplace.core.outbox import Job
from marketplace.coupons import campaigns, claims, issuing
from marketplace.coupons.models import (
    Campaign,
    CampaignStatus,
    ClaimSource,
    Coupon,
    CouponState,
    FunderKind,
    Grant,
)
from marketplace.coupons.refusals import (
    AllTaken,
    BudgetExhausted,
    CouponNotFound,
    Ended,
    NotEligible,
    NotStarted,
    Paused,
)
from tests import make
from tests.make import NOW
from tests.make.coupons import rules as make_rules

pytestmark = pytest.mark.usefixtures("isolated")


def _claim(campaign: Campaign, person_id: int) -> claims.ClaimedCoupon:
    with transaction():
        return claims.claim(campaign_id=campaign.id, person_id=person_id, at=NOW)


class TestClaim:
    def test_gives_one_free_coupon_and_leaves_word(self) -> None:
        campaign = make.campaign(cap=3)
        person = make.person()

        taken = _claim(campaign, person.id)

        coupon = db.session.get_one(Coupon, taken.coupon_id)
        assert taken.fresh
        assert (coupon.person_id, coupon.state) == (person.id, CouponState.CLAIMED)
        assert db.session.scalars(select(Job.dedupe_key)).all() == [
            f"coupon_claimed:{coupon.id}:{person.id}"
        ]

    def test_gives_the_same_coupon_when_asked_again(self) -> None:
        campaign = make.campaign(cap=3)
        person = make.person()

        first = _claim(campaign, person.id)
        again = _claim(campaign, person.id)

        assert (again.coupon_id, again.fresh) == (first.coupon_id, False)
        taken = select(func.count()).where(Coupon.person_id == person.id)
        assert db.session.scalar(taken) == 1

    def test_gives_every_coupon_and_then_none(self) -> None:
        campaign = make.campaign(cap=3)

        given = {_claim(campaign, make.person().id).coupon_id for _ in range(3)}

        assert len(given) == 3
        with pytest.raises(AllTaken) as refused:
            _claim(campaign, make.person().id)
        assert refused.value.code == "limit_total"

    def test_finds_a_slot_that_a_failed_claim_left_behind(self) -> None:
        campaign = make.campaign(cap=2)
        for _ in range(2):
            _claim(campaign, make.person().id)
        with transaction():
            db.session.execute(
                update(Coupon)
                .where(Coupon.campaign_id == campaign.id, Coupon.slot_no == 1)
                .values(state=CouponState.ISSUED, person_id=None, claimed_at=None)
            )
        person = make.person()

        taken = _claim(campaign, person.id)

        assert db.session.get_one(Coupon, taken.coupon_id).slot_no == 1

    def test_counts_the_days_of_validity_from_the_claim(self) -> None:
        campaign = make.campaign(valid_days=10)

        taken = _claim(campaign, make.person().id)

        assert taken.expires_at == NOW + timedelta(days=10)

    @pytest.mark.parametrize(
        ("changes", "refusal"),
        [
            ({"starts_at": NOW + timedelta(seconds=1)}, NotStarted),
            ({"ends_at": NOW}, Ended),
            ({"status": CampaignStatus.PAUSED}, Paused),
            ({"status": CampaignStatus.ENDED}, Ended),
            ({"status": CampaignStatus.DRAFT}, CouponNotFound),
        ],
    )
    def test_refuses_outside_the_claim_period(
        self, changes: dict[str, object], refusal: type[Exception]
    ) -> None:
        campaign = make.campaign(**changes)  # type: ignore[arg-type]

        with pytest.raises(refusal):
            _claim(campaign, make.person().id)

    def test_opens_at_the_very_start(self) -> None:
        campaign = make.campaign(starts_at=NOW)

        assert _claim(campaign, make.person().id).fresh

    def test_refuses_a_person_of_another_dong(self) -> None:
        campaign = make.campaign(eligibility={"dong": ["1121571000"]})

        with pytest.raises(NotEligible):
            _claim(campaign, make.person().id)

    def test_refuses_a_campaign_nobody_knows(self) -> None:
        with pytest.raises(CouponNotFound), transaction():
            claims.claim(campaign_id=10**12, person_id=make.person().id, at=NOW)


class TestIssue:
    def test_reserves_the_worst_case_of_every_coupon_per_grant(self) -> None:
        city = make.grant(FunderKind.CITY, ceiling=33_331)
        district = make.grant(FunderKind.DISTRICT, ceiling=100_000)

        make.campaign(amount=3_333, cap=10, grants=[(city, 3_000), (district, 7_000)])

        # 3,333 splits into 999.9 and 2,333.1: the won left over goes to the larger remainder.
        assert make.money_of(city) == (10_000, 0)
        assert make.money_of(district) == (23_330, 0)

    def test_refuses_one_coupon_more_than_a_ceiling_allows(self) -> None:
        city = make.grant(FunderKind.CITY, ceiling=4_999)
        campaign = make.campaign(cap=2, issued=0, grants=[(city, 10_000)])

        with pytest.raises(BudgetExhausted), transaction():
            issuing.issue(campaign_id=campaign.id, count=1)

        assert make.money_of(city) == (0, 0)

    def test_refuses_more_than_was_approved(self) -> None:
        campaign = make.campaign(cap=2)

        with pytest.raises(issuing.OverCap), transaction():
            issuing.issue(campaign_id=campaign.id, count=1)


class TestWhoMay:
    def _last_number(self, campaign: Campaign) -> int:
        sequence = campaigns.slot_sequence(campaign.id)
        return db.session.scalar(text(f"SELECT pg_sequence_last_value('{sequence}')")) or 0

    def test_whom_it_is_not_for_uses_up_no_number(self) -> None:
        home = make.dong("1121581000", "중곡1동")
        campaign = make.campaign(cap=3, eligibility={"dong": [home.code]})

        for _ in range(5):
            with pytest.raises(NotEligible):
                _claim(campaign, make.person().id)
        assert self._last_number(campaign) == 0
        taken = _claim(campaign, make.person(of_dong=home).id)

        assert db.session.get_one(Coupon, taken.coupon_id).slot_no == 1
        assert self._last_number(campaign) == 1

    def test_judges_by_the_rules_the_next_coupon_was_issued_under(self) -> None:
        home, other = make.dong("1121581000", "중곡1동"), make.dong()
        campaign = make.campaign(cap=3, issued=1, eligibility={"dong": [home.code]})
        paying = db.session.scalars(select(Grant)).all()
        with transaction():
            wider = make_rules(
                grants=[(paying[0], 7_000), (paying[1], 3_000)],
                eligibility={"dong": [home.code, other.code]},
            )
            campaigns.add_version(campaign_id=campaign.id, rules=wider, at=NOW)
            campaign.version_number = 2
            db.session.flush()
            issuing.issue(campaign_id=campaign.id, count=1)

        with pytest.raises(NotEligible):
            _claim(campaign, make.person(of_dong=other).id)
        first = _claim(campaign, make.person(of_dong=home).id)
        second = _claim(campaign, make.person(of_dong=other).id)

        slots = [db.session.get_one(Coupon, taken.coupon_id).slot_no for taken in (first, second)]
        assert slots == [1, 2]


class TestWaysIn:
    @pytest.mark.parametrize("source", list(ClaimSource))
    def test_an_open_campaign_gives_openly_by_list_and_to_who_waits(
        self, source: ClaimSource
    ) -> None:
        campaign, person = make.campaign(), make.person()
        ways = {ClaimSource.OPEN_CLAIM, ClaimSource.DIRECT_GRANT, ClaimSource.WAITING_LIST}

        def claim() -> claims.ClaimedCoupon:
            with transaction():
                return claims.claim(
                    campaign_id=campaign.id, person_id=person.id, at=NOW, source=source
                )

        if source in ways:
            taken = db.session.get_one(Coupon, claim().coupon_id)
            assert taken.source is source
        else:
            with pytest.raises(CouponNotFound):
                claim()

    def test_a_campaign_of_codes_gives_nothing_without_one(self) -> None:
        campaign = make.code_campaign(cap=3)
        make.code_batch(campaign)

        with pytest.raises(CouponNotFound):
            _claim(campaign, make.person().id)
