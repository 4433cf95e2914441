"""What a round came to: the table, notes for every entry, the file, and its publication."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.accounts.roles import Role
from marketplace.audit import trail
from marketplace.core import clock
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError
from marketplace.reviews import panel_page, panels, results, rounds, status
from marketplace.reviews.panel_page import PanelView
from marketplace.reviews.results import Row
from marketplace.reviews.status import PanelStatus
from marketplace.web import forms, limits, xlsx_files
from marketplace.web.errors import status_of
from marketplace.web.filters import points
from marketplace.web.guards import allow, may_open
from marketplace.web.office.panels import LOOKS

bp = Blueprint("office_panel_results", __name__, url_prefix="/office/panels/<int:panel_id>/results")

_READABLE = (PanelStatus.CLOSED, PanelStatus.PUBLISHED)


@bp.get("")
@allow(Role.OPERATOR, Role.AUDITOR)
def show(panel_id: int) -> ResponseReturnValue:
    """Show the result of a closed round."""
    return _page(panel_id)


@bp.post("/<int:entry_id>/note")
@allow(Role.OPERATOR)
def note(panel_id: int, entry_id: int) -> ResponseReturnValue:
    """Write what the office makes of an entry."""
    by, ip = current_user.person_id, limits.client_address()
    improvement = forms.shown_again(request.form.get("improvement", ""))
    chosen = request.form.getlist("channels")
    try:
        in_transaction(
            lambda: rounds.note(
                panel_id,
                entry_id=entry_id,
                improvement=improvement,
                channels=chosen,
                by=by,
                ip=ip,
            )
        )
    except panels.PanelMissing:
        raise
    except DomainError as error:
        return _page(panel_id, error, about=entry_id, typed=improvement), status_of(error)
    flash("의견을 저장했습니다.")
    return redirect(f"{url_for('.show', panel_id=panel_id)}#entry-{entry_id}", code=303)


@bp.post("/publication")
@allow(Role.OPERATOR)
def publish(panel_id: int) -> ResponseReturnValue:
    """Publish the result and give the best their badges."""
    by, at, ip = current_user.person_id, clock.now(), limits.client_address()
    drops = "drops_extremes" in request.form
    try:
        in_transaction(lambda: rounds.publish(panel_id, drops_extremes=drops, by=by, at=at, ip=ip))
    except panels.PanelMissing:
        raise
    except DomainError as error:
        return _page(panel_id, error), status_of(error)
    flash("결과를 공개하고 가게에 알렸습니다. 배지가 상품 화면에 나타납니다.")
    return redirect(url_for(".show", panel_id=panel_id), code=303)


@bp.post("/file")
@allow(Role.OPERATOR, Role.AUDITOR)
def export(panel_id: int) -> Response:
    """Hand out the result as a spreadsheet; that it was taken is written down."""
    panel = _closed(panel_id)
    drops = "drops_extremes" in request.form
    by, ip = current_user.person_id, limits.client_address()
    in_transaction(
        lambda: trail.record(
            "panel.exported", subject_kind="panel", subject_id=panel.id, actor_id=by, ip=ip
        )
    )
    table = results.table(panel_id, drops_extremes=drops)
    header = (
        *("순위", "출품 번호", "상품", "가게", "심사표", "이해관계 제외"),
        *("평균", "최고·최저 제외 평균", *table.criteria),
        *("배지", "개선할 점", "추천 판로", "심사 의견"),
    )
    return xlsx_files.respond(
        f"panel-{panel_id}.xlsx",
        header,
        (_cells(place, row) for place, row in enumerate(table.rows, start=1)),
    )


def _cells(place: int, row: Row) -> list[object]:
    said = [
        f"{panels.KINDS[each.kind]}: {' / '.join(filter(None, (each.comment, each.improvement)))}"
        for each in row.opinions
    ]
    return [
        *(place, row.number, row.product_name, row.enterprise_name, row.sheets, row.conflicts),
        *(points(row.mean_all), points(row.mean_dropped), *map(points, row.by_criterion)),
        "O" if row.has_badge else "",
        row.improvement,
        ", ".join(panels.CHANNELS.get(code, code) for code in row.channels),
        "\n".join(said),
    ]


def _closed(panel_id: int) -> PanelView:
    panel = panel_page.get(panel_id)
    if panel.status not in _READABLE:
        raise rounds.NotClosed
    return panel


def _page(
    panel_id: int, error: DomainError | None = None, *, about: int | None = None, typed: str = ""
) -> str:
    panel = _closed(panel_id)
    drops = request.values.get("drops_extremes") is not None
    return render_template(
        "office/panels/results.html",
        panel=panel,
        table=results.table(panel_id, drops_extremes=drops),
        drops=drops,
        kinds=panels.KINDS,
        channels=panels.CHANNELS,
        labels=status.LABELS,
        looks=LOOKS,
        longest=rounds.LONGEST_NOTE,
        may_act=may_open("office_panel_results.publish"),
        may_note=panel.status is PanelStatus.CLOSED,
        error=error,
        about=about,
        typed=typed,
    )
