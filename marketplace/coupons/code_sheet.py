"""The printed sheet of a batch: A4, eight coupons a page, each with its QR and its code."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final, Literal

import pylopdf_fonts_ko
import segno
from sqlalchemy import select

from marketplace.core import paths
from marketplace.core.calendar import SEOUL
from marketplace.core.db import db
from marketplace.coupons import codes, labels
from marketplace.coupons.code_batches import BatchMissing, CodeRow
from marketplace.coupons.issue_models import CouponCode
from marketplace.coupons.models import Campaign, CampaignVersion, Coupon, CouponChannel
from marketplace.enterprises.designations import LABELS
from marketplace.enterprises.models import Enterprise

_TEMPLATE: Final = paths.TEMPLATES / "documents" / "coupon_sheet.typ"
_FONTS: Final = Path(pylopdf_fonts_ko.sans_path()).parent
# Room for the signed text at a level of correction that survives a fold.
_QR_VERSION: Final = 4
_QR_LEVEL: Final = "q"
# Choosing the best of eight takes six times as long and no reader cares.
_QR_MASK: Final = 2
_NAMED: Final = 4
_HOW: Final = {
    CouponChannel.ONLINE: "세나루 마켓의 쿠폰존에 번호를 넣으세요.",
    CouponChannel.COUNTER: "가게 계산대에서 보여 주세요.",
    CouponChannel.BOTH: "계산대에서 보여 주거나 세나루 마켓 쿠폰존에 번호를 넣으세요.",
}


@dataclass(frozen=True)
class Wording:
    """What every coupon of a sheet says."""

    name: str
    worth: str
    terms: tuple[str, ...]


def get_wording(batch_id: int, *, phone: str) -> Wording:
    """
    Return what the coupons of a batch say, by the rules they were issued under.

    `phone` is where whoever holds one may ask.

    :raises BatchMissing:
    """
    row = db.session.execute(
        select(Campaign.name, CampaignVersion)
        .join(CampaignVersion, CampaignVersion.campaign_id == Campaign.id)
        .join(Coupon, Coupon.version_id == CampaignVersion.id)
        .join(CouponCode, CouponCode.coupon_id == Coupon.id)
        .where(CouponCode.batch_id == batch_id)
        .limit(1)
    ).first()
    if row is None:
        raise BatchMissing
    name, version = row
    return Wording(
        name=name,
        worth="".join(labels.worth(version.kind, version.amount, version.rate_bps)),
        terms=(
            "사용처: " + _where(version),
            " · ".join(labels.terms(version.min_order, version.max_discount, version.channel)),
            "사용 기간: " + _until(version),
            _HOW[version.channel],
            f"현금으로 바꿀 수 없습니다. 문의 {phone}",
        ),
    )


def draw(
    wording: Wording, rows: Sequence[CodeRow], *, form: Literal["pdf", "png"] = "pdf"
) -> bytes:
    """Return the sheet as a PDF, or a sheet of one page as a picture."""
    data = {
        "name": wording.name,
        "worth": wording.worth,
        "terms": wording.terms,
        "coupons": [
            {
                "number": f"{row.slot_no:,}",
                "code": codes.shown(row.code),
                "qr": _qr(codes.paper_text(row.code)),
            }
            for row in rows
        ],
    }
    with tempfile.TemporaryDirectory() as folder:
        sheet = Path(folder) / _TEMPLATE.name
        sheet.write_bytes(_TEMPLATE.read_bytes())
        (sheet.parent / "data.json").write_text(json.dumps(data, ensure_ascii=False))
        # Late: it takes 7 MB, which a web process that prints nothing does not need.
        printed: bytes = import_module("typst").compile(
            str(sheet),
            root=folder,
            font_paths=[str(_FONTS)],
            ignore_system_fonts=True,
            format=form,
            ppi=150,
        )
    return printed


def _qr(text: str) -> str:
    drawn = io.BytesIO()
    segno.make(text, error=_QR_LEVEL, boost_error=False, version=_QR_VERSION, mask=_QR_MASK).save(
        drawn, kind="svg", xmldecl=False, border=4
    )
    return drawn.getvalue().decode()


def _where(version: CampaignVersion) -> str:
    scope = version.scope
    enterprises = scope.get("enterprises")
    if enterprises:
        names = db.session.scalars(
            select(Enterprise.name).where(Enterprise.id.in_(enterprises)).order_by(Enterprise.name)
        ).all()
        more = f" 외 {len(names) - _NAMED}곳" if len(names) > _NAMED else ""
        return ", ".join(names[:_NAMED]) + more
    kinds = [label for kind, label in LABELS.items() if kind in scope.get("kinds", ())]
    if kinds:
        return ", ".join(kinds)
    if scope.get("categories") or scope.get("products"):
        return "세나루 가게의 정해진 상품"
    return "세나루에 참여하는 모든 가게"


def _until(version: CampaignVersion) -> str:
    if version.valid_until is None:
        return f"등록한 날부터 {version.valid_days}일"
    return f"{version.valid_until.astimezone(SEOUL):%Y.%m.%d. %H:%M}까지"
