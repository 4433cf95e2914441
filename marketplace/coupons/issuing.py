"""Create a campaign's coupons: numbered slots that wait for somebody to claim them."""

from __future__ import annotations

from sqlalchemy import func, insert, literal, select

from marketplace.core.db import db
from marketplace.core.errors import Conflict
from marketplace.coupons import budgets, campaigns
from marketplace.coupons.models import Coupon


class OverCap(Conflict):
    """The campaign was approved for fewer coupons."""

    message = "승인된 발행 수량({cap:,}장)을 넘을 수 없습니다."


def issue(*, campaign_id: int, count: int) -> range:
    """
    Create coupons under the rules in force and reserve their worst case from the grants.

    Return the numbers of their slots.

    :raises OverCap, BudgetExhausted:
    """
    campaign = campaigns.get_for_update(campaign_id)
    if campaign.issued + count > campaign.cap:
        raise OverCap(cap=campaign.cap)
    version = campaigns.version_in_force(campaign_id)
    shares = budgets.split(version.worst_case, budgets.shares_of_version(version.id))
    budgets.reserve(
        {grant_id: share * count for grant_id, share in shares.items()}, name=campaign.name
    )
    made = range(campaign.issued + 1, campaign.issued + count + 1)
    slots = func.generate_series(made.start, made.stop - 1).table_valued("slot").render_derived()
    db.session.execute(
        insert(Coupon).from_select(
            ["campaign_id", "version_id", "slot_no", "worst_case", "balance", "state"],
            select(
                literal(campaign_id),
                literal(version.id),
                slots.c.slot,
                literal(version.worst_case),
                literal(version.worst_case),
                literal("issued"),
            ),
        )
    )
    campaign.issued += count
    db.session.flush()
    return made
