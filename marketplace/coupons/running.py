"""A campaign that was approved runs: its coupons are issued; it pauses, goes on and ends."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from marketplace.core.errors import Conflict, InvalidInput
from marketplace.coupons import campaigns, issuing
from marketplace.coupons.models import Campaign, CampaignStatus, IssueMode

__all__ = ["HowMany", "TooLate", "end", "issue_more", "pause", "run"]

_RUNS: Final = (CampaignStatus.RUNNING, CampaignStatus.PAUSED)


class TooLate(Conflict):
    """Nobody could take a coupon any more."""

    message = "받는 기간이 이미 끝났습니다. 기간을 새로 정한 캠페인을 만들어 주세요."


class HowMany(InvalidInput):
    """A number of coupons between one and what the approval leaves."""

    message = "1장부터 남은 {left:,}장까지 발행할 수 있습니다."
    field = "count"


class MadeInBatches(Conflict):
    """Coupons with a code each are made with their codes."""

    message = "개별 번호 캠페인의 쿠폰은 쿠폰 번호 화면에서 만듭니다."


class NotRunning(Conflict):
    """Coupons are issued while a campaign runs."""

    message = "진행 중이거나 멈춘 캠페인에서만 쿠폰을 더 발행할 수 있습니다."


def run(*, campaign_id: int, by: int, at: datetime, count: int | None = None) -> int:
    """
    Start a campaign, or let it go on; return how many coupons were issued.

    The first start issues `count` coupons, or all that were approved. Coupons with a code each
    are issued with their codes, in batches.

    :raises WrongStep, TooLate, HowMany, BudgetExhausted:
    """
    campaign = campaigns.get_for_update(campaign_id)
    starts = campaign.status is CampaignStatus.APPROVED
    if starts and at >= campaign.ends_at:
        raise TooLate
    campaigns.step(campaign, CampaignStatus.RUNNING)
    issued = 0
    if (
        starts
        and campaign.issue_mode is not IssueMode.UNIQUE_CODES
        and campaign.cap > campaign.issued
    ):
        issued = _issue(campaign, campaign.cap - campaign.issued if count is None else count)
    campaigns.record("campaign_running", campaign, by, at, issued=issued)
    return issued


def issue_more(*, campaign_id: int, count: int, by: int, at: datetime) -> None:
    """
    Issue more coupons of those that were approved, under the rules in force.

    :raises NotRunning, MadeInBatches, TooLate, HowMany, BudgetExhausted:
    """
    campaign = campaigns.get_for_update(campaign_id)
    if campaign.status not in _RUNS:
        raise NotRunning
    if campaign.issue_mode is IssueMode.UNIQUE_CODES:
        raise MadeInBatches
    if at >= campaign.ends_at:
        raise TooLate
    issued = _issue(campaign, count)
    campaigns.record("campaign_issued", campaign, by, at, issued=issued)


def pause(*, campaign_id: int, by: int, at: datetime) -> None:
    """
    Stop claims and uses for now.

    :raises WrongStep:
    """
    campaigns.move(campaign_id=campaign_id, to=CampaignStatus.PAUSED, by=by, at=at)


def end(*, campaign_id: int, by: int | None, at: datetime) -> None:
    """
    End a campaign for good; coupons people hold stay good until they expire.

    :raises WrongStep:
    """
    campaigns.move(campaign_id=campaign_id, to=CampaignStatus.ENDED, by=by, at=at)


def _issue(campaign: Campaign, count: int) -> int:
    left = campaign.cap - campaign.issued
    if not 1 <= count <= left:
        raise HowMany(left=left)
    issuing.issue(campaign_id=campaign.id, count=count)
    return count
