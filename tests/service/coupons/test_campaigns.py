"""A campaign's way from draft to end: rules, versions, four eyes, moves, money."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from marketplace.accounts.models import Role
from marketplace.audit.models import AuditEvent
from marketplace.core.db import db
from marketplace.core.money import Won
from marketplace.coupons import campaigns, claims, drafts, grants, proposals, running
from marketplace.coupons.campaigns import Plan, Rules
from marketplace.coupons.models import (
    Campaign,
    CampaignStatus,
    CampaignVersion,
    Coupon,
    Grant,
    IssueMode,
    VersionProposal,
)
from marketplace.coupons.refusals import BudgetExhausted
from marketplace.coupons.status import CAMPAIGN_MOVES
from tests import make
from tests.make.common import FAR_AHEAD, LONG_AGO, NOW, writing

pytestmark = pytest.mark.usefixtures("isolated")


def planned(**changes: object) -> Plan:
    """Return a plan of a hundred coupons everybody claims."""
    plan = Plan(name="마중물", cap=100, starts_at=LONG_AGO, ends_at=FAR_AHEAD)
    return replace(plan, **changes)  # type: ignore[arg-type]


def written(rules: Rules | None = None, *, by: int, **changes: object) -> Campaign:
    """Write a draft."""
    with writing():
        campaign_id = drafts.create(
            plan=planned(**changes),
            rules=rules or make.rules(grants=[(make.grant(), 10_000)]),
            by=by,
            at=NOW,
        )
        return db.session.get_one(Campaign, campaign_id)


def approver() -> int:
    """Return somebody who approves."""
    return make.person(roles=[Role.APPROVER]).id


def approved(rules: Rules | None = None, **changes: object) -> Campaign:
    """Write a campaign and let a second person approve it."""
    by = make.person().id
    campaign = written(rules, by=by, **changes)
    with writing():
        campaigns.submit(campaign_id=campaign.id, by=by, at=NOW)
        campaigns.approve(campaign_id=campaign.id, version=1, by=approver(), at=NOW)
    return campaign


class TestDrafts:
    def test_write_a_version_for_every_change_of_rules_and_none_for_a_name(self) -> None:
        by = make.person().id
        rules = make.rules(grants=[(make.grant(), 10_000)])
        campaign = written(rules, by=by)

        def edit(seen: int, name: str, changed: Rules) -> int:
            with writing():
                return drafts.edit(
                    campaign_id=campaign.id,
                    plan=planned(name=name),
                    rules=changed,
                    seen_version=seen,
                    by=by,
                    at=NOW,
                )

        assert edit(1, "새 이름", rules) == 1
        assert edit(1, "새 이름", replace(rules, min_order=Won(10_000))) == 2
        with pytest.raises(drafts.DraftMoved):
            edit(1, "늦은 이름", rules)

        assert campaign.name == "새 이름"
        assert [row.number for row in db.session.scalars(select(CampaignVersion))] == [1, 2]
        assert drafts.rules_in_force(campaign.id).min_order == 10_000

    def test_are_not_changed_once_submitted(self) -> None:
        by = make.person().id
        rules = make.rules(grants=[(make.grant(), 10_000)])
        campaign = written(rules, by=by)
        with writing():
            campaigns.submit(campaign_id=campaign.id, by=by, at=NOW)

        with pytest.raises(drafts.NotADraft), writing():
            drafts.edit(
                campaign_id=campaign.id, plan=planned(), rules=rules, seen_version=1, by=by, at=NOW
            )


class TestApprove:
    def test_takes_an_approver_who_is_somebody_else(self) -> None:
        by = make.person(roles=[Role.APPROVER]).id
        campaign = written(by=by)
        with writing():
            campaigns.submit(campaign_id=campaign.id, by=make.person().id, at=NOW)

        for person, refusal in (
            (by, campaigns.SamePerson),
            (make.person(roles=[Role.OPERATOR]).id, campaigns.NotAnApprover),
        ):
            with pytest.raises(refusal), writing():
                campaigns.approve(campaign_id=campaign.id, version=1, by=person, at=NOW)
        assert campaign.status is CampaignStatus.SUBMITTED

    def test_is_refused_by_the_database_for_one_person(self) -> None:
        campaign = written(by=make.person().id)
        person = make.person().id

        with pytest.raises(IntegrityError, match="four_eyes"), writing():
            db.session.execute(
                update(Campaign)
                .where(Campaign.id == campaign.id)
                .values(submitted_by=person, approved_by=person)
            )

    def test_leaves_who_when_and_which_version_in_the_trail(self) -> None:
        campaign = approved()

        events = db.session.scalars(
            select(AuditEvent).where(AuditEvent.subject_id == campaign.id).order_by(AuditEvent.id)
        ).all()
        assert [event.action for event in events] == [
            "campaign_drafted",
            "campaign_submitted",
            "campaign_approved",
        ]
        assert {event.details["at"] for event in events} == {NOW.isoformat()}
        assert events[-1].actor_id == campaign.approved_by


@pytest.mark.parametrize("start", CampaignStatus)
@pytest.mark.parametrize("to", CampaignStatus)
def test_steps_are_those_of_the_table_and_no_others(
    start: CampaignStatus, to: CampaignStatus
) -> None:
    campaign = make.campaign(status=start, issued=0)
    by = make.person().id
    acts: dict[CampaignStatus, Callable[[], object]] = {
        CampaignStatus.DRAFT: lambda: campaigns.send_back(
            campaign_id=campaign.id, reason="다시", by=by, at=NOW
        ),
        CampaignStatus.SUBMITTED: lambda: campaigns.submit(campaign_id=campaign.id, by=by, at=NOW),
        CampaignStatus.APPROVED: lambda: campaigns.approve(
            campaign_id=campaign.id, version=1, by=approver(), at=NOW
        ),
        CampaignStatus.RUNNING: lambda: running.run(campaign_id=campaign.id, by=by, at=NOW),
        CampaignStatus.PAUSED: lambda: running.pause(campaign_id=campaign.id, by=by, at=NOW),
        CampaignStatus.ENDED: lambda: running.end(campaign_id=campaign.id, by=by, at=NOW),
    }
    act = acts[to]

    if to in CAMPAIGN_MOVES[start]:
        with writing():
            act()
        assert campaign.status is to
    else:
        with pytest.raises(campaigns.WrongStep), writing():
            act()


class TestRun:
    def test_issues_what_was_approved_and_reserves_its_worst_case(self) -> None:
        grant = make.grant(ceiling=500_000)
        campaign = approved(make.rules(grants=[(grant, 10_000)]))

        with writing():
            assert running.run(campaign_id=campaign.id, by=make.person().id, at=NOW) == 100

        assert (campaign.issued, make.money_of(grant)) == (100, (500_000, 0))

    def test_refuses_what_no_grant_can_pay(self) -> None:
        grant = make.grant(ceiling=499_999)
        campaign = approved(make.rules(grants=[(grant, 10_000)]))
        campaign_id, by = campaign.id, make.person().id

        with pytest.raises(BudgetExhausted), db.session.begin_nested(), writing():
            running.run(campaign_id=campaign_id, by=by, at=NOW)

        assert make.money_of(grant) == (0, 0)
        assert make.count_of(Coupon) == 0

    def test_leaves_unique_codes_to_their_batches(self) -> None:
        campaign = approved(issue_mode=IssueMode.UNIQUE_CODES)

        with writing():
            running.run(campaign_id=campaign.id, by=make.person().id, at=NOW)

        assert make.count_of(Coupon) == 0
        with pytest.raises(running.MadeInBatches), writing():
            running.issue_more(campaign_id=campaign.id, count=1, by=make.person().id, at=NOW)

    def test_does_not_start_when_the_time_is_over(self) -> None:
        campaign = approved()

        with pytest.raises(running.TooLate), writing():
            running.run(campaign_id=campaign.id, by=make.person().id, at=FAR_AHEAD)


class TestProposals:
    def _proposed(self, campaign: Campaign, by: int) -> int:
        rules = replace(drafts.rules_in_force(campaign.id), amount=Won(4_000))
        with writing():
            return proposals.propose(campaign_id=campaign.id, rules=rules, by=by, at=NOW)

    def test_count_for_coupons_issued_later_only(self) -> None:
        campaign, by = make.campaign(issued=10), make.person().id
        version_id = self._proposed(campaign, by)
        before = make.claimed_coupon(campaign)

        with writing():
            proposals.decide(
                campaign_id=campaign.id,
                version_id=version_id,
                grant=True,
                reason="",
                by=approver(),
                at=NOW,
            )
            running.issue_more(campaign_id=campaign.id, count=1, by=by, at=NOW)

        worth = db.session.scalars(select(Coupon.worst_case).order_by(Coupon.slot_no)).all()
        assert worth == [5_000] * 10 + [4_000]
        with writing():
            held = claims.claim(campaign_id=campaign.id, person_id=make.person().id, at=NOW)
        assert db.session.get_one(Coupon, held.coupon_id).version_id == before.version_id

    def test_take_a_second_person_and_one_at_a_time(self) -> None:
        campaign, by = make.campaign(), make.person(roles=[Role.APPROVER]).id
        version_id = self._proposed(campaign, by)

        with pytest.raises(proposals.OneIsOpen):
            self._proposed(campaign, by)
        with pytest.raises(proposals.OwnProposal), writing():
            proposals.decide(
                campaign_id=campaign.id, version_id=version_id, grant=True, reason="", by=by, at=NOW
            )
        with pytest.raises(IntegrityError, match="four_eyes"), writing():
            db.session.execute(update(VersionProposal).values(decided_by=by))

    def test_change_nothing_when_they_are_refused(self) -> None:
        campaign, by = make.campaign(), make.person().id
        version_id = self._proposed(campaign, by)
        second = approver()

        def refuse(reason: str) -> None:
            with writing():
                proposals.decide(
                    campaign_id=campaign.id,
                    version_id=version_id,
                    grant=False,
                    reason=reason,
                    by=second,
                    at=NOW,
                )

        with pytest.raises(campaigns.ReasonMissing):
            refuse("  ")
        refuse("예산이 모자랍니다")

        assert campaign.version_number == 1
        with pytest.raises(proposals.ProposalNotFound):
            refuse("두 번")
        self._proposed(campaign, by)

    def test_say_something_new_about_a_campaign_that_was_approved(self) -> None:
        campaign, by = make.campaign(), make.person().id
        same = drafts.rules_in_force(campaign.id)
        young = make.campaign(status=CampaignStatus.DRAFT)

        with pytest.raises(proposals.NothingChanged), writing():
            proposals.propose(campaign_id=campaign.id, rules=same, by=by, at=NOW)
        with pytest.raises(proposals.NotNow), writing():
            proposals.propose(campaign_id=young.id, rules=same, by=by, at=NOW)


class TestCeilings:
    def test_stay_above_what_is_spent_and_promised(self) -> None:
        grant = make.grant(ceiling=100_000)
        make.campaign(grants=[(grant, 10_000)], cap=4, budget=100_000)
        by = make.person().id

        with pytest.raises(grants.BelowUse, match="모두 20,000원"), writing():
            grants.change_ceiling(
                grant_id=grant.id, before=Won(100_000), ceiling=Won(19_999), by=by, at=NOW
            )
        with pytest.raises(grants.CeilingMoved), writing():
            grants.change_ceiling(
                grant_id=grant.id, before=Won(90_000), ceiling=Won(80_000), by=by, at=NOW
            )
        with writing():
            grants.change_ceiling(
                grant_id=grant.id, before=Won(100_000), ceiling=Won(20_000), by=by, at=NOW
            )

        event = db.session.scalars(select(AuditEvent).where(AuditEvent.actor_id == by)).one()
        assert event.details == {"at": NOW.isoformat(), "before": 100_000, "ceiling": 20_000}

    def test_are_kept_by_the_database_too(self) -> None:
        grant = make.grant(ceiling=100_000)
        make.campaign(grants=[(grant, 10_000)], cap=4, budget=100_000)

        with pytest.raises(IntegrityError, match="within_ceiling"), writing():
            db.session.execute(
                update(Grant).where(Grant.id == grant.id).values(ceiling=Won(19_999))
            )
