"""택배사: what each is called, how its numbers look and where its parcels are traced."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.accounts.roles import Role
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError
from marketplace.orders import carriers
from marketplace.web import limits
from marketplace.web.errors import status_of
from marketplace.web.guards import allow

bp = Blueprint("office_carriers", __name__, url_prefix="/office/carriers")

_FIELDS: Final = ("code", "name", "aliases", "number_pattern", "url_template")


@bp.get("")
@allow(Role.OPERATOR, Role.AUDITOR)
def index() -> ResponseReturnValue:
    """List every carrier."""
    return _page()


@bp.post("")
@allow(Role.OPERATOR)
def add() -> ResponseReturnValue:
    """Add a carrier."""
    return _keep(request.form.get("code", "").strip().upper()[:20], is_new=True)


@bp.post("/<code>")
@allow(Role.OPERATOR)
def change(code: str) -> ResponseReturnValue:
    """Change a carrier."""
    return _keep(code, is_new=False)


def _keep(code: str, *, is_new: bool) -> ResponseReturnValue:
    person_id, ip = current_user.person_id, limits.client_address()
    typed = {name: request.form.get(name, "")[:400] for name in _FIELDS if name != "code"}
    try:
        in_transaction(
            lambda: carriers.keep(
                code=code,
                is_active="is_active" in request.form,
                is_new=is_new,
                actor_id=person_id,
                ip=ip,
                **typed,
            )
        )
    except DomainError as error:
        return _page(error, code=code, is_new=is_new), status_of(error)
    flash("택배사를 저장했습니다.", "ok")
    return redirect(url_for(".index"), code=303)


def _page(error: DomainError | None = None, *, code: str = "", is_new: bool = False) -> str:
    typed = {name: request.form.get(name, "")[:400] for name in _FIELDS}
    return render_template(
        "office/carriers.html",
        rows=carriers.directory().rows,
        may_act=Role.OPERATOR in current_user.roles,
        error=error,
        wrong_code=None if is_new else code,
        is_new=is_new,
        typed=typed | {"is_active": "is_active" in request.form},
    )
