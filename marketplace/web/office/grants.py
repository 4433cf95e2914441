"""재원: grants per funder with their ceilings, added and changed."""

from __future__ import annotations

import re
from typing import Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.accounts.roles import Role
from marketplace.core import clock
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError, InvalidInput
from marketplace.core.money import Won
from marketplace.coupons import grants
from marketplace.coupons.grants import FUNDER_NAMES, FunderKind, GrantWrong
from marketplace.web import forms
from marketplace.web.errors import status_of
from marketplace.web.guards import allow
from marketplace.web.office.campaigns import READERS

bp = Blueprint("office_grants", __name__, url_prefix="/office/grants")

_WHOLE: Final = re.compile(r"[0-9]{1,15}", re.ASCII)
_NUMBER: Final = {"inputmode": "numeric", "autocomplete": "off"}


class NotANumber(InvalidInput):
    """Letters where won are asked for."""

    message = "한도를 원 단위 숫자로 적어 주세요. 쉼표는 넣어도 됩니다."
    field = "ceiling"


class GrantForm(forms.BaseForm):
    """One grant."""

    funder = forms.select_field(
        "재원 구분", [(kind.value, FUNDER_NAMES[kind]) for kind in FunderKind]
    )
    name = forms.text_field("사업 이름", longest=grants.LONGEST)
    account_code = forms.text_field("세목 코드", longest=grants.LONGEST)
    fiscal_year = forms.text_field("회계연도", longest=4, attributes=_NUMBER)
    ceiling = forms.text_field("한도", longest=20, attributes=_NUMBER)


@bp.get("")
@allow(*READERS, Role.SETTLEMENT_OFFICER)
def index() -> ResponseReturnValue:
    """Show every grant with what is spent, reserved and free."""
    return _page()


@bp.post("")
@allow(Role.CAMPAIGN_MANAGER)
def add() -> ResponseReturnValue:
    """Add a grant."""
    form = GrantForm.sent()
    if not form.validate():
        return _page(form), status_of(InvalidInput)
    try:
        in_transaction(
            lambda: grants.add_grant(
                funder=FunderKind(form.funder.data),
                name=form.name.data,
                account_code=form.account_code.data,
                fiscal_year=_number(form.fiscal_year.data) or 0,
                ceiling=Won(_number(form.ceiling.data) or 0),
                by=current_user.person_id,
                at=clock.now(),
            )
        )
    except GrantWrong as error:
        for name, text in error.fields.items():
            form[name].errors = [*form[name].errors, text]
        return _page(form), status_of(error)
    except DomainError as error:
        form.refuse(error)
        return _page(form), status_of(error)
    flash(f"{form.name.data} 재원을 더했습니다.")
    return redirect(url_for(".index"), code=303)


@bp.post("/<int:grant_id>/ceiling")
@allow(Role.CAMPAIGN_MANAGER)
def change(grant_id: int) -> ResponseReturnValue:
    """Raise or lower a ceiling."""
    wanted = _number(request.form.get("ceiling", ""))
    try:
        if wanted is None:
            raise NotANumber
        in_transaction(
            lambda: grants.change_ceiling(
                grant_id=grant_id,
                before=Won(_number(request.form.get("before", "")) or 0),
                ceiling=Won(wanted),
                by=current_user.person_id,
                at=clock.now(),
            )
        )
    except DomainError as error:
        return _page(error=error, about=grant_id), status_of(error)
    flash(f"한도를 {wanted:,}원으로 바꿨습니다.")
    return redirect(url_for(".index", _anchor=f"grant-{grant_id}"), code=303)


def _page(
    form: GrantForm | None = None, *, error: DomainError | None = None, about: int | None = None
) -> str:
    return render_template(
        "office/grants/index.html",
        grants=grants.list_grants(),
        form=form or GrantForm(data={"fiscal_year": str(day_in_seoul(clock.now()).year)}),
        error=error,
        about=about,
        typed=forms.shown_again(request.form.get("ceiling", "")),
        may_act=current_user.belongs_to(Role.CAMPAIGN_MANAGER),
    )


def _number(typed: str) -> int | None:
    plain = typed.replace(",", "").replace(" ", "").removesuffix("원")
    return int(plain) if _WHOLE.fullmatch(plain) else None
