"""Unique codes of a campaign: made in the background, taken once as a file and once on paper."""

from __future__ import annotations

from typing import ClassVar, Final

from flask import Blueprint, Response, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from wtforms import IntegerField
from wtforms.validators import InputRequired

from marketplace.accounts.roles import Role
from marketplace.core import clock
from marketplace.core.db import in_transaction, transaction
from marketplace.core.errors import DomainError, InvalidInput
from marketplace.core.settings import Operator, Settings
from marketplace.coupons import code_batches, code_sheet, codes
from marketplace.coupons.code_batches import Batch, BatchMissing
from marketplace.web import csv_files, forms
from marketplace.web.errors import status_of
from marketplace.web.guards import allow

bp = Blueprint("office_codes", __name__, url_prefix="/office/campaigns/<int:campaign_id>/codes")

_STATES: Final = {
    "waiting": ("info", "곧 시작"),
    "running": ("info", "만드는 중"),
    "ready": ("ok", "완료"),
    "failed": ("bad", "중단"),
}


class BatchForm(forms.BaseForm):
    """How many codes."""

    aliases: ClassVar[dict[str, str]] = {}

    wanted = IntegerField(
        "만들 장수",
        validators=[InputRequired(message="만들 장수를 숫자로 적어 주세요.")],
        render_kw={"min": "1", "max": str(code_batches.MOST), "inputmode": "numeric"},
    )


@bp.get("")
@allow(Role.CAMPAIGN_MANAGER, Role.AUDITOR)
def index(campaign_id: int) -> ResponseReturnValue:
    """Show the batches of a campaign."""
    return _page(campaign_id)


@bp.post("")
@allow(Role.CAMPAIGN_MANAGER)
def make(campaign_id: int) -> ResponseReturnValue:
    """Ask for a batch of codes."""
    form = BatchForm.sent()
    if not form.validate():
        return _page(campaign_id, form=form), status_of(InvalidInput)
    try:
        in_transaction(
            lambda: code_batches.ask(
                campaign_id=campaign_id,
                wanted=form.wanted.data,
                by=current_user.person_id,
                at=clock.now(),
            )
        )
    except DomainError as error:
        form.refuse(error)
        return _page(campaign_id, form=form), status_of(error)
    flash(f"쿠폰 번호 {form.wanted.data:,}장을 만들기 시작했습니다.")
    return redirect(url_for(".index", campaign_id=campaign_id), code=303)


@bp.get("/<int:batch_id>/progress")
@allow(Role.CAMPAIGN_MANAGER, Role.AUDITOR)
def progress(campaign_id: int, batch_id: int) -> ResponseReturnValue:
    """Show one batch, for pages that stay open."""
    return render_template(
        "office/codes/batch.html",
        batch=_get(campaign_id, batch_id),
        states=_STATES,
        may_act=_may_act(),
        most_on_sheet=code_batches.MOST_ON_SHEET,
    )


@bp.post("/<int:batch_id>/csv")
@allow(Role.CAMPAIGN_MANAGER)
def take_csv(campaign_id: int, batch_id: int) -> ResponseReturnValue:
    """Hand out the codes as a file, once."""
    try:
        _get(campaign_id, batch_id)
        name, _ = code_batches.campaign_name(campaign_id)
        rows = in_transaction(
            lambda: code_batches.take_for_file(batch_id, by=current_user.person_id, at=clock.now())
        )
    except DomainError as error:
        return _page(campaign_id, error=error), status_of(error)
    return csv_files.respond(
        f"coupon-codes-{batch_id}.csv",
        ("캠페인", "일련번호", "쿠폰 번호"),
        ((name, row.slot_no, codes.shown(row.code)) for row in rows),
    )


@bp.post("/<int:batch_id>/sheet")
@allow(Role.CAMPAIGN_MANAGER)
def take_sheet(campaign_id: int, batch_id: int) -> ResponseReturnValue:
    """Hand out the codes as coupons to print, once."""
    try:
        _get(campaign_id, batch_id)
        with transaction():
            rows = code_batches.take_for_sheet(batch_id, by=current_user.person_id, at=clock.now())
            # Drawn before it counts as taken: what fails here can be asked for again.
            wording = code_sheet.get_wording(batch_id, phone=_operator().phone)
            sheet = code_sheet.draw(wording, rows)
    except DomainError as error:
        return _page(campaign_id, error=error), status_of(error)
    response = Response(sheet, mimetype="application/pdf")
    response.headers.set(
        "Content-Disposition", "attachment", filename=f"coupon-sheet-{batch_id}.pdf"
    )
    return response


@bp.post("/<int:batch_id>/forget")
@allow(Role.CAMPAIGN_MANAGER)
def forget(campaign_id: int, batch_id: int) -> ResponseReturnValue:
    """Make sure nobody can read the codes again."""
    try:
        _get(campaign_id, batch_id)
        in_transaction(lambda: code_batches.forget_seed(batch_id, by=current_user.person_id))
    except DomainError as error:
        return _page(campaign_id, error=error), status_of(error)
    flash("번호 원본을 지웠습니다. 이미 나간 번호는 그대로 쓸 수 있습니다.")
    return redirect(url_for(".index", campaign_id=campaign_id), code=303)


def _get(campaign_id: int, batch_id: int) -> Batch:
    batch = code_batches.get(batch_id)
    if batch.campaign_id != campaign_id:
        raise BatchMissing
    return batch


def _may_act() -> bool:
    return bool(current_user.belongs_to(Role.CAMPAIGN_MANAGER))


def _page(
    campaign_id: int, *, form: BatchForm | None = None, error: DomainError | None = None
) -> str:
    name, room = code_batches.campaign_name(campaign_id)
    return render_template(
        "office/codes/index.html",
        campaign_id=campaign_id,
        name=name,
        room=room,
        takes_codes=code_batches.takes_codes(campaign_id),
        batches=code_batches.list_of_campaign(campaign_id),
        states=_STATES,
        may_act=_may_act(),
        most_on_sheet=code_batches.MOST_ON_SHEET,
        form=form or BatchForm(),
        error=error,
    )


def _operator() -> Operator:
    settings: Settings = current_app.extensions["settings"]
    return settings.operator
