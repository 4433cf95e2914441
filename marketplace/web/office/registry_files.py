"""The registry as a file: taken out, and brought up to date from one."""

from __future__ import annotations

import re
from typing import Final
from uuid import uuid4

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.accounts.roles import Role
from marketplace.core import clock, sheets
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError, InvalidInput, NotFound
from marketplace.enterprises import registry_import, registry_rows
from marketplace.enterprises.registry_import import Outcome, RowReport
from marketplace.web import csv_files, limits, xlsx_files
from marketplace.web import documents as files
from marketplace.web.errors import status_of
from marketplace.web.guards import allow
from marketplace.web.office.enterprises import READERS

bp = Blueprint("office_registry_files", __name__, url_prefix="/office/enterprises/files")

_KEY: Final = re.compile(r"[0-9a-f]{32}")
_NAMES: Final = {
    Outcome.CREATED: ("ok", "새로 등록"),
    Outcome.UPDATED: ("warn", "고침"),
    Outcome.UNCHANGED: ("mute", "그대로"),
    Outcome.REFUSED: ("bad", "못 읽음"),
}


class UploadGone(NotFound):
    message = "올린 파일이 없습니다. 다시 올려 주세요."


class NoFile(InvalidInput):
    message = "XLSX나 CSV 파일을 골라 주세요."


@bp.get("/registry.csv")
@allow(*READERS)
def take_csv() -> ResponseReturnValue:
    """Return the whole registry as CSV."""
    return csv_files.respond("registry.csv", registry_rows.HEADER, registry_rows.export())


@bp.get("/registry.xlsx")
@allow(*READERS)
def take_xlsx() -> ResponseReturnValue:
    """Return the whole registry as a spreadsheet."""
    return xlsx_files.respond("registry.xlsx", registry_rows.HEADER, registry_rows.export())


@bp.get("")
@allow(Role.OPERATOR)
def show() -> ResponseReturnValue:
    """Ask for a file and say which columns are read."""
    return _page()


@bp.post("")
@allow(Role.OPERATOR)
def preview() -> ResponseReturnValue:
    """Show what a file would do, without doing it."""
    key = uuid4().hex
    try:
        filename, content = files.sent("file", most=sheets.LARGEST_FILE)
        if not content:
            raise NoFile
        reports = registry_import.preview(content)
    except DomainError as error:
        return _page(error=error), status_of(error)
    files.storage().put(_path(key), content)
    return _page(reports=reports, key=key, filename=filename)


@bp.post("/<key>")
@allow(Role.OPERATOR)
def apply(key: str) -> ResponseReturnValue:
    """Write what was shown."""
    if not _KEY.fullmatch(key):
        raise UploadGone
    storage = files.storage()
    if not storage.has(_path(key)):
        raise UploadGone
    content = storage.get(_path(key))
    try:
        reports = in_transaction(
            lambda: registry_import.apply(
                content,
                by=current_user.person_id,
                at=clock.now(),
                ip=limits.client_address(),
            )
        )
    except DomainError as error:
        return _page(error=error), status_of(error)
    storage.forget(_path(key))
    counts = _counts(reports)
    flash(
        f"등록부에 반영했습니다. 새로 등록 {counts[Outcome.CREATED]}줄, 고침 "
        f"{counts[Outcome.UPDATED]}줄, 그대로 {counts[Outcome.UNCHANGED]}줄, 못 읽음 "
        f"{counts[Outcome.REFUSED]}줄입니다."
    )
    return redirect(url_for("office_enterprises.index"), code=303)


def _path(key: str) -> str:
    return f"registry-imports/{key}"


def _counts(reports: list[RowReport]) -> dict[Outcome, int]:
    return {
        outcome: sum(1 for report in reports if report.outcome is outcome) for outcome in Outcome
    }


def _page(
    *,
    reports: list[RowReport] | None = None,
    key: str | None = None,
    filename: str = "",
    error: DomainError | None = None,
) -> str:
    return render_template(
        "office/enterprises/import.html",
        reports=reports,
        counts=None if reports is None else _counts(reports),
        outcomes=_NAMES,
        changes=any(
            report.outcome in (Outcome.CREATED, Outcome.UPDATED) for report in reports or ()
        ),
        key=key,
        filename=filename,
        header=registry_rows.HEADER,
        error=error,
    )
