"""Text size and contrast, kept in a cookie."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from flask import Blueprint, current_app, redirect, request
from flask.typing import ResponseReturnValue

from marketplace.core.settings import Settings
from marketplace.web import viewer
from marketplace.web.guards import EVERYONE, allow
from marketplace.web.returning import safe_path

bp = Blueprint("shop_display", __name__)

_KEPT = timedelta(days=365)


@bp.post("/display")
@allow(EVERYONE)
def settings() -> ResponseReturnValue:
    """Remember how this visitor wants pages to look; what means nothing changes nothing."""
    chosen = viewer.display()
    if request.form.get("text") in ("1", "2", "3", "4", "5"):
        chosen = replace(chosen, text=int(request.form["text"]))
    if request.form.get("contrast") in ("normal", "high"):
        chosen = replace(chosen, contrast=request.form["contrast"])
    back = safe_path(request.form.get("next", "").rstrip("?"), default="/")
    response = redirect(back, code=303)
    deployed: Settings = current_app.extensions["settings"]
    response.set_cookie(
        viewer.DISPLAY_COOKIE,
        str(chosen),
        max_age=_KEPT,
        secure=deployed.secure_cookies,
        httponly=True,
        samesite="Lax",
    )
    return response
