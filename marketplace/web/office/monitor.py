"""One campaign watched: what is claimed, used, reversed and lapses, when and where."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.accounts.roles import Role
from marketplace.core import clock
from marketplace.core.calendar import SEOUL, day_in_seoul
from marketplace.core.db import transaction
from marketplace.core.errors import DomainError
from marketplace.coupons import running
from marketplace.reporting import campaign_figures, coupon_exports
from marketplace.reporting.campaign_figures import Bucket
from marketplace.web.errors import status_of
from marketplace.web.guards import allow, may_open
from marketplace.web.office import monitor_charts, periods, tables_out
from marketplace.web.office.periods import Period
from marketplace.web.office.tables_out import FileKind

bp = Blueprint("office_monitor", __name__, url_prefix="/office/campaigns/<int:campaign_id>/monitor")

READERS: Final = (
    Role.CAMPAIGN_MANAGER,
    Role.SETTLEMENT_OFFICER,
    Role.APPROVER,
    Role.AUDITOR,
    Role.OPERATOR,
)
# So few days are looked at hour by hour, and so many day by day: more bars would be too thin.
_DAYS_BY_HOUR: Final = 3
_DAYS_BY_DAY: Final = 62
_SOURCES: Final = {
    "open_claim": "직접 받음",
    "shared_code": "공용 코드",
    "unique_code": "개별 코드",
    "direct_grant": "명단 지급",
    "automatic": "자동 지급",
    "waiting_list": "대기자",
}
_STATES: Final = {
    "claimed": "지갑에 있음",
    "held": "주문 중",
    "redeemed": "사용",
    "expired": "만료",
    "revoked": "회수",
}
_CHANNELS: Final = {"online": "온라인", "counter": "가게", "both": "온라인·가게"}


@bp.get("")
@allow(*READERS)
def show(campaign_id: int) -> ResponseReturnValue:
    """Show a campaign's figures of a period, each chart with its table."""
    return _page(campaign_id)


@bp.post("/pause")
@allow(Role.CAMPAIGN_MANAGER)
def pause(campaign_id: int) -> ResponseReturnValue:
    """Stop a running campaign at once: nobody claims or spends until it goes on."""
    at = clock.now()
    try:
        with transaction():
            running.pause(campaign_id=campaign_id, by=current_user.person_id, at=at)
    except DomainError as error:
        return _page(campaign_id, error), status_of(error)
    flash("캠페인을 멈췄습니다. 다시 진행할 때까지 쿠폰을 받거나 쓸 수 없습니다.")
    return redirect(url_for(".show", campaign_id=campaign_id), code=303)


@bp.post("/<any(uses, claims):what>.<any(csv, xlsx):kind>")
@allow(*READERS)
def export(campaign_id: int, what: str, kind: str) -> ResponseReturnValue:
    """Hand out the uses or claims of a period as a file; it is sent by a form, so it is a POST."""
    now = campaign_figures.standing(campaign_id)
    period = periods.asked(request.form, today=day_in_seoul(clock.now()))
    header, read = (_USES, _read_uses) if what == "uses" else (_CLAIMS, _read_claims)
    return tables_out.respond(
        f"campaign_{what}",
        kind=FileKind(kind),
        filename=f"{what}-{now.slug}-{period.first:%Y%m%d}-{period.last:%Y%m%d}",
        header=header,
        read=lambda: read(campaign_id, period),
        subject=("campaign", campaign_id),
        details=period.arguments,
    )


def _page(campaign_id: int, error: DomainError | None = None) -> str:
    at = clock.now()
    today = day_in_seoul(at)
    period = periods.asked(request.args, today=today)
    bucket = _bucket(period)
    span = {"start": period.start, "end": period.end}
    now = campaign_figures.standing(campaign_id)
    moments = campaign_figures.over_time(campaign_id, bucket=bucket, **span)
    by_enterprise = campaign_figures.by_enterprise(campaign_id, **span)
    return render_template(
        "office/monitor.html",
        at=at,
        now=now,
        error=error,
        may_pause=now.is_running and may_open("office_monitor.pause"),
        period=period,
        presets=periods.presets(period, today=today),
        today=today,
        time_chart=monitor_charts.over_time(moments, bucket),
        won_chart=monitor_charts.won_over_time(moments, bucket),
        enterprises=by_enterprise,
        enterprise_chart=monitor_charts.ranked("가게별 사용", by_enterprise),
        dong_chart=monitor_charts.ranked(
            "쓴 사람의 동별 사용", campaign_figures.by_dong(campaign_id, **span)
        ),
        channel_chart=monitor_charts.ranked(
            "사용처별 사용", campaign_figures.by_channel(campaign_id, **span)
        ),
    )


def _bucket(period: Period) -> Bucket:
    if period.days <= _DAYS_BY_HOUR:
        return Bucket.HOUR
    return Bucket.DAY if period.days <= _DAYS_BY_DAY else Bucket.WEEK


_USES: Final = (
    "사용 시각",
    "사용처",
    "가게",
    "쿠폰 번호",
    "사람",
    "동",
    "금액(원)",
    "취소 금액(원)",
    "주문·영수증 번호",
)
_CLAIMS: Final = ("받은 시각", "쿠폰 번호", "방법", "사람", "동", "상태", "금액(원)", "유효 기한")


def _read_uses(campaign_id: int, period: Period) -> Iterator[list[object]]:
    for row in coupon_exports.list_uses(campaign_id, start=period.start, end=period.end):
        yield [
            _said(row.redeemed_at),
            _CHANNELS[row.channel],
            row.enterprise,
            row.slot_no,
            row.person,
            row.dong,
            row.amount,
            row.reversed_amount,
            row.receipt,
        ]


def _read_claims(campaign_id: int, period: Period) -> Iterator[list[object]]:
    for row in coupon_exports.list_claims(campaign_id, start=period.start, end=period.end):
        yield [
            _said(row.claimed_at),
            row.slot_no,
            _SOURCES.get(row.source, ""),
            row.person,
            row.dong,
            _STATES.get(row.state, row.state),
            row.worth,
            _said(row.expires_at) if row.expires_at else "",
        ]


def _said(at: datetime) -> str:
    return f"{at.astimezone(SEOUL):%Y-%m-%d %H:%M:%S}"
