"""The enterprise's first page."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.reporting import workload
from marketplace.web.guards import SELLER, allow

bp = Blueprint("seller_home", __name__, url_prefix="/seller")


@bp.get("")
@allow(SELLER)
def show() -> ResponseReturnValue:
    """Show what waits for the viewer's enterprises."""
    return render_template(
        "seller/home.html",
        shops=workload.list_workload(
            [membership.enterprise_id for membership in current_user.memberships]
        ),
    )
