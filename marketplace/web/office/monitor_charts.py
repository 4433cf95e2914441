"""A campaign's figures as charts: what templates/parts/chart.html draws and tabulates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from marketplace.coupons.labels import CHANNELS
from marketplace.reporting.campaign_figures import Bucket, Happening, Moment, Ranked

_WORDS: Final = {
    Happening.CLAIMED: "받음",
    Happening.REDEEMED: "사용",
    Happening.REVERSED: "사용취소",
    Happening.EXPIRED: "만료",
    Happening.REVOKED: "회수",
}
_IN_WON: Final = (Happening.REDEEMED, Happening.REVERSED)
_CHANNEL_NAMES: Final = {channel.value: name for channel, name in CHANNELS.items()}
_STEPS: Final = {Bucket.HOUR: "시간별", Bucket.DAY: "날짜별", Bucket.WEEK: "주별"}
# More bars than this are lines nobody can tell apart; the file has them all.
MOST_BARS: Final = 15


def over_time(moments: Sequence[Moment], bucket: Bucket) -> dict[str, object]:
    """Return how often what happened, per hour or day."""
    busiest = max(moments, key=lambda moment: moment.of(Happening.REDEEMED).count, default=None)
    used = busiest is not None and busiest.of(Happening.REDEEMED).count > 0
    return {
        "title": f"{_STEPS[bucket]} 받음·사용·만료",
        "summary": f"사용이 가장 많은 때는 {_label(busiest, bucket)}입니다."
        if busiest and used
        else "이 기간에 쓴 쿠폰이 없습니다.",
        "kind": "stacked",
        "unit": "건",
        "adds_up": False,
        "labels": [_label(moment, bucket) for moment in moments],
        "series": [
            {"name": word, "values": [moment.of(happening).count for moment in moments]}
            for happening, word in _WORDS.items()
        ],
    }


def won_over_time(moments: Sequence[Moment], bucket: Bucket) -> dict[str, object]:
    """Return what was used and what came back in won, per hour or day."""
    total = sum(moment.of(Happening.REDEEMED).won for moment in moments)
    return {
        "title": f"{_STEPS[bucket]} 금액",
        "summary": f"이 기간에 {total:,}원을 썼습니다.",
        "kind": "bar",
        "unit": "원",
        "adds_up": False,
        "labels": [_label(moment, bucket) for moment in moments],
        "series": [
            {"name": _WORDS[happening], "values": [moment.of(happening).won for moment in moments]}
            for happening in _IN_WON
        ],
    }


def ranked(title: str, rows: Sequence[Ranked]) -> dict[str, object]:
    """Return what was spent where in won, as bars across."""
    best = max(rows, key=lambda row: row.won, default=None)
    shown = list(rows[:MOST_BARS])
    return {
        "title": title,
        "summary": f"가장 많이 쓴 곳은 {name_of(best)}입니다."
        if best
        else "이 기간에 쓴 쿠폰이 없습니다.",
        "kind": "sideways",
        "unit": "원",
        "adds_up": False,
        "labels": [name_of(row) for row in shown],
        "series": [
            {"name": "사용", "values": [row.won for row in shown]},
            {"name": "사용취소", "values": [row.reversed_won for row in shown]},
        ],
    }


def name_of(row: Ranked) -> str:
    """Return what a row is called: channels come from the report by their keys."""
    return _CHANNEL_NAMES.get(row.name, row.name)


def _label(moment: Moment, bucket: Bucket) -> str:
    day = f"{moment.starts_at.month}.{moment.starts_at.day}."
    if bucket is Bucket.HOUR:
        return f"{day} {moment.starts_at.hour}시"
    return f"{day} 주" if bucket is Bucket.WEEK else day
