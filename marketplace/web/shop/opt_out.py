"""무료수신거부: end mailed advertising from a link in the mail, without signing in."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.accounts import consents
from marketplace.accounts.consents import ConsentKind
from marketplace.core import clock
from marketplace.core.db import transaction
from marketplace.core.errors import NotFound
from marketplace.notifications import advertising
from marketplace.web.guards import EVERYONE, allow

bp = Blueprint("shop_opt_out", __name__, url_prefix="/opt-out")


class LinkBroken(NotFound):
    """The link is nobody's."""

    message = "수신거부 주소가 올바르지 않습니다. 메일의 주소를 그대로 열어 주세요."


@bp.get("/<token>")
@allow(EVERYONE)
def show(token: str) -> ResponseReturnValue:
    """Ask once; a mail program that opens links by itself must not decide."""
    _person(token)
    return render_template(
        "shop/opt_out.html", token=token, is_done=request.args.get("done") == "1"
    )


@bp.post("/<token>")
@allow(EVERYONE)
def end(token: str) -> ResponseReturnValue:
    """End mailed advertising; asked twice, nothing more happens."""
    person_id = _person(token)
    with transaction():
        consents.withdraw(person_id=person_id, kind=ConsentKind.MARKETING_EMAIL, at=clock.now())
    return redirect(url_for(".show", token=token, done=1), code=303)


def _person(token: str) -> int:
    person_id = advertising.find_person(token)
    if person_id is None:
        raise LinkBroken
    return person_id
