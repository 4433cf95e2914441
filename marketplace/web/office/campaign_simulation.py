"""모의 계산: what a campaign would cost, and which past orders its rules would change."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from marketplace.checkout import simulation
from marketplace.core import clock
from marketplace.core.calendar import day_in_seoul
from marketplace.coupons import campaign_page
from marketplace.web.guards import allow
from marketplace.web.office import periods
from marketplace.web.office.campaigns import READERS

bp = Blueprint(
    "office_campaign_simulation",
    __name__,
    url_prefix="/office/campaigns/<int:campaign_id>/simulate",
)

# The rest of a long list says nothing new.
_MOST_SHOWN: Final = 50


@bp.get("")
@allow(*READERS)
def show(campaign_id: int) -> ResponseReturnValue:
    """Show what the newest rules, proposed or in force, would cost."""
    at = clock.now()
    today = day_in_seoul(at)
    found = campaign_page.get(campaign_id)
    version = found.proposal or found.in_force
    period = periods.asked(request.args, today=today)
    result = simulation.simulate(
        campaign_id=campaign_id,
        rules=version.rules,
        cap=found.plan.cap,
        start=period.start,
        end=period.end,
        at=at,
    )
    return render_template(
        "office/campaigns/simulation.html",
        found=found,
        version=version,
        result=result,
        replay=result.replay,
        shown=result.replay.changed[:_MOST_SHOWN],
        period=period,
        presets=periods.presets(period, today=today),
        today=today,
        most=simulation.MOST_ORDERS,
    )
