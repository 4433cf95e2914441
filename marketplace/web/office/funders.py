"""재원별 집행: what each funder's money did in a period, day by day."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from marketplace.core import clock
from marketplace.core.calendar import day_in_seoul
from marketplace.reporting import funder_sheets
from marketplace.web.guards import allow
from marketplace.web.office import periods, tables_out
from marketplace.web.office.monitor import READERS
from marketplace.web.office.periods import Period
from marketplace.web.office.tables_out import FileKind

bp = Blueprint("office_funders", __name__, url_prefix="/office/funders")

_SUMMARY: Final = (
    "회계연도",
    "재원",
    "사업",
    "세목",
    "한도(원)",
    "예약(원)",
    "기간 집행(원)",
    "기간 취소(원)",
    "기간 순집행(원)",
    "누적 집행(원)",
    "잔액(원)",
)
_DAYS: Final = ("날짜", "재원", "사업", "세목", "집행(원)", "취소(원)", "순집행(원)")


@bp.get("")
@allow(*READERS)
def index() -> ResponseReturnValue:
    """Show every grant's sheet of a period."""
    today = day_in_seoul(clock.now())
    period = periods.asked(request.args, today=today)
    return render_template(
        "office/funders.html",
        sheets=funder_sheets.list_sheets(start=period.start, end=period.end),
        period=period,
        presets=periods.presets(period, today=today),
        today=today,
    )


@bp.post("/<any(sums, days):what>.<any(csv, xlsx):kind>")
@allow(*READERS)
def export(what: str, kind: str) -> ResponseReturnValue:
    """Hand out the sheets of a period as a file; it is sent by a form, so it is a POST."""
    period = periods.asked(request.form, today=day_in_seoul(clock.now()))
    header, read = (_SUMMARY, _read_sums) if what == "sums" else (_DAYS, _read_days)
    return tables_out.respond(
        f"funder_{what}",
        kind=FileKind(kind),
        filename=f"funders-{what}-{period.first:%Y%m%d}-{period.last:%Y%m%d}",
        header=header,
        read=lambda: read(period),
        subject=("funder", None),
        details=period.arguments,
    )


def _read_sums(period: Period) -> Iterator[list[object]]:
    for sheet in funder_sheets.list_sheets(start=period.start, end=period.end):
        grant = sheet.grant
        yield [
            grant.fiscal_year,
            grant.funder,
            grant.name,
            grant.account_code,
            grant.ceiling,
            grant.reserved,
            sheet.spent,
            sheet.reversed,
            sheet.net,
            grant.spent,
            grant.left,
        ]


def _read_days(period: Period) -> Iterator[list[object]]:
    for sheet in funder_sheets.list_sheets(start=period.start, end=period.end):
        grant = sheet.grant
        for day in sheet.days:
            yield [
                day.day.isoformat(),
                grant.funder,
                grant.name,
                grant.account_code,
                day.spent,
                day.reversed,
                day.net,
            ]
