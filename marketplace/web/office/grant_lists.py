"""Coupons by list: a file of people goes up, every row's outcome comes back."""

from __future__ import annotations

from contextlib import closing
from typing import Final
from uuid import uuid4

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.accounts.roles import Role
from marketplace.core import clock, sheets
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError, InvalidInput
from marketplace.core.storage import Storage
from marketplace.coupons import code_batches, grant_lists
from marketplace.coupons.grant_lists import ListMissing, UploadedList
from marketplace.web import csv_files
from marketplace.web.errors import status_of
from marketplace.web.guards import allow

bp = Blueprint(
    "office_grant_lists", __name__, url_prefix="/office/campaigns/<int:campaign_id>/lists"
)

_STATES: Final = {
    "waiting": ("info", "곧 시작"),
    "running": ("info", "드리는 중"),
    "ready": ("ok", "완료"),
    "failed": ("bad", "읽지 못함"),
}
_SHOWN: Final = 500


class NoFile(InvalidInput):
    message = "명단 파일을 골라 주세요."


@bp.get("")
@allow(Role.CAMPAIGN_MANAGER, Role.AUDITOR)
def index(campaign_id: int) -> ResponseReturnValue:
    """Show the lists of a campaign."""
    return _page(campaign_id)


@bp.post("")
@allow(Role.CAMPAIGN_MANAGER)
def upload(campaign_id: int) -> ResponseReturnValue:
    """Take in a list; a worker gives the coupons."""
    storage = Storage.of(current_app.extensions["settings"])
    key = f"grant-lists/{uuid4().hex}"
    try:
        file_name, content = _sent()
        # Read in the worker: whatever is wrong with the file, this process does not open it.
        storage.put(key, content)
        list_id = in_transaction(
            lambda: grant_lists.take_in(
                campaign_id=campaign_id,
                file_name=file_name,
                storage_key=key,
                by=current_user.person_id,
                at=clock.now(),
            )
        )
    except DomainError as error:
        storage.forget(key)
        return _page(campaign_id, error=error), status_of(error)
    flash("명단을 올렸습니다. 한 사람씩 드리고 결과를 알려 드립니다.")
    return redirect(url_for(".show", campaign_id=campaign_id, list_id=list_id), code=303)


@bp.get("/<int:list_id>")
@allow(Role.CAMPAIGN_MANAGER, Role.AUDITOR)
def show(campaign_id: int, list_id: int) -> ResponseReturnValue:
    """Show what became of every row."""
    uploaded = _get(campaign_id, list_id)
    name, _ = code_batches.campaign_name(campaign_id)
    return render_template(
        "office/grant_lists/show.html",
        campaign_id=campaign_id,
        name=name,
        uploaded=uploaded,
        lines=uploaded.lines[:_SHOWN],
        states=_STATES,
    )


@bp.get("/<int:list_id>/progress")
@allow(Role.CAMPAIGN_MANAGER, Role.AUDITOR)
def progress(campaign_id: int, list_id: int) -> ResponseReturnValue:
    """Show how far a list is, for pages that stay open."""
    return render_template(
        "office/grant_lists/progress.html",
        uploaded=_get(campaign_id, list_id),
        states=_STATES,
    )


@bp.get("/<int:list_id>/report.csv")
@allow(Role.CAMPAIGN_MANAGER, Role.AUDITOR)
def report(campaign_id: int, list_id: int) -> ResponseReturnValue:
    """Return what became of every row as a file; names are masked as on the page."""
    uploaded = _get(campaign_id, list_id)
    return csv_files.respond(
        f"grant-list-{list_id}.csv",
        ("행", "이름", "결과", "설명"),
        ((line.row, line.name, line.outcome, line.text) for line in uploaded.lines),
    )


def _sent() -> tuple[str, bytes]:
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise NoFile
    with closing(sent):
        content = sent.read(sheets.LARGEST_FILE + 1)
    if len(content) > sheets.LARGEST_FILE:
        raise sheets.SheetUnreadable(reason="5MB 이하로 나누어 올려 주세요.")
    return sent.filename, content


def _get(campaign_id: int, list_id: int) -> UploadedList:
    uploaded = grant_lists.get(list_id)
    if uploaded.campaign_id != campaign_id:
        raise ListMissing
    return uploaded


def _page(campaign_id: int, *, error: DomainError | None = None) -> str:
    name, _ = code_batches.campaign_name(campaign_id)
    return render_template(
        "office/grant_lists/index.html",
        campaign_id=campaign_id,
        name=name,
        lists=grant_lists.list_of_campaign(campaign_id),
        states=_STATES,
        may_act=current_user.belongs_to(Role.CAMPAIGN_MANAGER),
        most=sheets.MOST_ROWS,
        error=error,
    )
