"""What the member agrees to."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.accounts import consents
from marketplace.accounts.consents import ConsentKind
from marketplace.core import clock
from marketplace.core.db import transaction
from marketplace.core.errors import DomainError, NotFound
from marketplace.web import limits
from marketplace.web.errors import status_of
from marketplace.web.filters import day
from marketplace.web.guards import MEMBER, allow

bp = Blueprint("shop_consents", __name__, url_prefix="/my/consents")


@bp.get("")
@allow(MEMBER)
def index() -> ResponseReturnValue:
    """List every text with what the member says to it."""
    return _page()


@bp.post("/<kind>/give")
@allow(MEMBER)
def give(kind: str) -> ResponseReturnValue:
    """Give one consent."""
    known, at = _known(kind), clock.now()
    try:
        with transaction():
            consents.give_later(
                person_id=current_user.person_id, kind=known, at=at, ip=limits.client_address()
            )
    except DomainError as error:
        return _page(error), status_of(error)
    flash(f"{day(at)} '{consents.TEXTS[known].title}'에 동의하셨습니다.")
    return redirect(url_for(".index"), code=303)


@bp.post("/<kind>/withdraw")
@allow(MEMBER)
def withdraw(kind: str) -> ResponseReturnValue:
    """Withdraw one consent."""
    known, at = _known(kind), clock.now()
    try:
        with transaction():
            consents.withdraw(person_id=current_user.person_id, kind=known, at=at)
    except DomainError as error:
        return _page(error), status_of(error)
    flash(f"{day(at)} '{consents.TEXTS[known].title}' 동의를 거두셨습니다.")
    return redirect(url_for(".index"), code=303)


def _known(kind: str) -> ConsentKind:
    found = next((each for each in consents.TEXTS if each.value == kind), None)
    if found is None:
        raise NotFound
    return found


def _page(error: DomainError | None = None) -> str:
    return render_template(
        "shop/account/consents.html",
        standing=consents.list_standing(current_user.person_id),
        error=error,
    )
