"""What review panels said of the shop's goods."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.reviews import panels, results
from marketplace.web.guards import SELLER, NotForYou, allow

bp = Blueprint("seller_panels", __name__, url_prefix="/seller/panels")


@bp.get("")
@allow(SELLER)
def index() -> ResponseReturnValue:
    """Show the shop's own results of published rounds."""
    if current_user.membership is None:
        raise NotForYou
    return render_template(
        "seller/panels.html",
        own=results.list_of_enterprise(current_user.membership.enterprise_id),
        channels=panels.CHANNELS,
    )
