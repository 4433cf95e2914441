"""Coupons that reach people by codes."""

from __future__ import annotations

from typing import Any

from marketplace.core.db import db
from marketplace.coupons import code_batches
from marketplace.coupons.issue_models import BatchState
from marketplace.coupons.models import AutomaticTrigger, Campaign, CampaignStatus, IssueMode
from tests.make.common import NOW, numbers, writing
from tests.make.coupons import campaign
from tests.make.people import person


def code_campaign(**of_campaign: Any) -> Campaign:
    """Make a running campaign of unique codes, none of them made yet."""
    made = campaign(issued=0, **of_campaign)
    with writing():
        made.issue_mode = IssueMode.UNIQUE_CODES
        db.session.flush()
    return made


def shared_code_campaign(code: str, **of_campaign: Any) -> Campaign:
    """Make a running campaign with a code everybody may use."""
    made = campaign(**of_campaign)
    with writing():
        made.issue_mode = IssueMode.SHARED_CODE
        made.shared_code = code
        db.session.flush()
    return made


def automatic_campaign(trigger: AutomaticTrigger, **of_campaign: Any) -> Campaign:
    """Make a running campaign whose coupons come by themselves."""
    made = campaign(**of_campaign)
    with writing():
        made.issue_mode = IssueMode.AUTOMATIC
        made.trigger = trigger
        db.session.flush()
    return made


def waited_campaign(**of_campaign: Any) -> Campaign:
    """Make a running campaign with a waiting list."""
    made = campaign(name=f"기다리는 쿠폰 {next(numbers)}", **of_campaign)
    with writing():
        made.has_waiting_list = True
        db.session.flush()
    return made


def code_batch(of: Campaign | None = None, *, codes: int = 3) -> tuple[int, list[str]]:
    """Make codes the way a worker does; return the batch's id and what its file says."""
    drive = of or code_campaign(cap=codes, status=CampaignStatus.RUNNING)
    by = person().id
    with writing():
        batch_id = code_batches.ask(campaign_id=drive.id, wanted=codes, by=by, at=NOW)
        while code_batches.make_some(batch_id, at=NOW):
            pass
        rows = code_batches.take_for_file(batch_id, by=by, at=NOW)
    assert code_batches.get(batch_id).state is BatchState.READY
    return batch_id, [row.code for row in rows]
