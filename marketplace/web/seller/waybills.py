"""Waybills by the sheet: what to send as a file for carriers, and their numbers taken back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.audit import trail
from marketplace.core import clock, sheets
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import in_transaction, transaction
from marketplace.core.errors import DomainError, InvalidInput
from marketplace.orders import carriers, order_exports, waybill_sheets
from marketplace.orders.order_exports import ReadyLine
from marketplace.orders.waybill_sheets import Answer, Layout, Outcome, Parcel
from marketplace.web import csv_files, limits, xlsx_files
from marketplace.web.errors import status_of
from marketplace.web.guards import SELLER, allow
from marketplace.web.seller import shops

bp = Blueprint("seller_waybills", __name__, url_prefix="/seller/waybills")

_OURS: Final = (
    "상품주문번호",
    "주문번호",
    "상품명",
    "옵션",
    "수량",
    "받는 분",
    "연락처",
    "우편번호",
    "주소",
    "배송메모",
    "배송방법",
    "택배사",
    "송장번호",
)
_SMARTSTORE: Final = ("상품주문번호", "배송방법", "택배사", "송장번호")
_CJ: Final = (
    "예약구분",
    "집하예정일",
    "받는분성명",
    "받는분전화번호",
    "받는분기타연락처",
    "받는분우편번호",
    "받는분주소(전체, 분할)",
    "운송장번호",
    "고객주문번호",
    "품목명",
    "박스수량",
    "박스타입",
    "기본운임",
    "배송메세지1",
    "배송메세지2",
    "품목명",
    "운임구분",
)
_PARCEL: Final = "택배,등기,소포"
_SHEET_NAMES: Final = {"ours": "송장 입력", "smartstore": "발송처리", "cj": "CJ 집하 접수"}
_WORDS: Final = {
    Outcome.SENT: ("ok", "발송"),
    Outcome.KNOWN: ("mute", "변화 없음"),
    Outcome.REFUSED: ("bad", "확인 필요"),
}


class FileMissing(InvalidInput):
    """No file came along."""

    message = "송장 번호가 든 파일(XLSX 또는 CSV)을 골라 주세요."
    field = "file"


@bp.get("")
@allow(SELLER)
def index() -> ResponseReturnValue:
    """Offer the sheets, and the way back."""
    return _page()


@bp.post("/<any(ours, smartstore, cj):layout>.<any(csv, xlsx):kind>")
@allow(SELLER)
def take(layout: str, kind: str) -> ResponseReturnValue:
    """Hand out what waits to be sent; it names recipients, so it is written down."""
    own, today = shops.own_ids(), day_in_seoul(clock.now())
    with transaction():
        ready = order_exports.list_ready(own)
        trail.record(
            "waybill_sheet_taken",
            subject_kind="enterprise",
            subject_id=own[0] if len(own) == 1 else None,
            actor_id=current_user.person_id,
            details={"layout": layout, "kind": kind, "rows": len(ready), "enterprises": own},
            ip=limits.client_address(),
        )
    return _file(layout, kind, ready, filename=f"waybills-{layout}-{today:%Y%m%d}")


@bp.post("")
@allow(SELLER)
def upload() -> ResponseReturnValue:
    """Send every parcel a sheet names, each in its own transaction, and answer each row."""
    asked, own = request.form.get("layout", ""), shops.own_ids()
    layout = Layout(asked) if asked in set(Layout) else Layout.BY_TITLE
    sent = request.files.get("file")
    # One byte more than is allowed is enough to refuse it.
    content = sent.stream.read(sheets.LARGEST_FILE + 1) if sent else b""
    try:
        if not content:
            raise FileMissing
        plan = waybill_sheets.plan(
            content,
            layout=layout,
            default_carrier=request.form.get("carrier", ""),
            enterprise_ids=own,
        )
    except DomainError as error:
        return _page(error), status_of(error)
    answers = plan.answers + [answer for parcel in plan.parcels for answer in _send(parcel, own)]
    return _answered(sorted(answers, key=lambda answer: answer.row))


def _answered(answers: Sequence[Answer]) -> ResponseReturnValue:
    counts = {outcome: sum(one.outcome is outcome for one in answers) for outcome in Outcome}
    if counts[Outcome.REFUSED]:
        return _page(answers=answers, counts=counts), status_of(InvalidInput)
    flash(
        f"{counts[Outcome.SENT]}줄을 발송 처리했습니다. "
        f"이미 처리된 {counts[Outcome.KNOWN]}줄은 그대로입니다.",
        "ok",
    )
    return redirect(url_for(".index"), code=303)


def _send(parcel: Parcel, own: list[int]) -> list[Answer]:
    actor, at, ip = shops.actor(), clock.now(), limits.client_address()
    try:
        return in_transaction(
            lambda: waybill_sheets.send(parcel, enterprise_ids=own, actor=actor, at=at, ip=ip)
        )
    except DomainError as error:
        return waybill_sheets.refused(parcel, error)


def _file(layout: str, kind: str, ready: Sequence[ReadyLine], *, filename: str) -> Response:
    tables: dict[str, tuple[Sequence[str], Iterator[list[object]]]] = {
        "ours": (_OURS, _rows_of_ours(ready)),
        "smartstore": (_SMARTSTORE, ([one.line_number, _PARCEL, "", ""] for one in ready)),
        "cj": (_CJ, _rows_of_cj(ready)),
    }
    header, rows = tables[layout]
    if kind == "csv":
        return csv_files.respond(f"{filename}.csv", header, rows)
    return xlsx_files.respond(f"{filename}.xlsx", header, rows, sheet_name=_SHEET_NAMES[layout])


def _rows_of_ours(ready: Sequence[ReadyLine]) -> Iterator[list[object]]:
    for one in ready:
        yield [
            one.line_number,
            one.order_number,
            one.product_name,
            one.option_label,
            one.quantity,
            one.recipient_name,
            one.recipient_phone,
            one.zip_code,
            one.address,
            one.memo,
            "택배",
            "",
            "",
        ]


def _rows_of_cj(ready: Sequence[ReadyLine]) -> Iterator[list[object]]:
    """Yield one row a box: all lines of a bundle travel together."""
    boxes: dict[int, list[ReadyLine]] = {}
    for one in ready:
        boxes.setdefault(one.bundle_id, []).append(one)
    for lines in boxes.values():
        first = lines[0]
        items = ", ".join(f"{line.item} {line.quantity}개" for line in lines)
        yield [
            "일반",
            "",
            first.recipient_name,
            first.recipient_phone,
            "",
            first.zip_code,
            first.address,
            "",
            first.bundle_number,
            items[:100],
            1,
            "극소",
            "",
            first.memo,
            "",
            "",
            "신용",
        ]


def _page(
    error: DomainError | None = None,
    *,
    answers: Sequence[Answer] = (),
    counts: dict[Outcome, int] | None = None,
) -> str:
    return render_template(
        "seller/waybills/index.html",
        ready=order_exports.count_ready(shops.own_ids()),
        carriers=carriers.directory().active,
        layouts=waybill_sheets.LAYOUT_NAMES,
        layout=request.form.get("layout", Layout.BY_TITLE.value),
        carrier=request.form.get("carrier", ""),
        most=waybill_sheets.MOST_ROWS,
        answers=[one for one in answers if one.outcome is Outcome.REFUSED],
        done=[one for one in answers if one.outcome is not Outcome.REFUSED],
        counts={outcome.value: count for outcome, count in (counts or {}).items()},
        words={outcome.value: words for outcome, words in _WORDS.items()},
        error=error,
        section="seller_waybills.index",
    )
