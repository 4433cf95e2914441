"""The registry as a table: the titles of its columns and what each cell means."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import select

from marketplace.accounts.models import Dong
from marketplace.core import phone as phones
from marketplace.core import sheets
from marketplace.core.db import db
from marketplace.core.errors import DomainError, InvalidInput
from marketplace.enterprises import business_number, designations
from marketplace.enterprises.application_facts import LONGEST, day_of
from marketplace.enterprises.designations import DesignationKind
from marketplace.enterprises.models import Designation, Enterprise
from marketplace.enterprises.status import ENTERPRISE_NAMES

HEADER: Final = (
    *("사업자등록번호", "상호", "상태", "대표자", "통신판매업신고번호", "전화", "이메일"),
    *("우편번호", "도로명주소", "상세주소", "동", "한 줄 소개", "입점일"),
    *("지정 종류", "지정 번호", "지정 기관", "지정일", "만료일"),
)
# As data.go.kr 15010208 calls them (co_…), as offices do, and as our own export.
COLUMNS: Final[Mapping[str, Collection[str]]] = {
    "business_number": ("사업자등록번호", "사업자번호", "business_number", "co_bizno"),
    "name": ("상호", "기업명", "업체명", "회사명", "co_name"),
    "representative_name": ("대표자", "대표자명", "대표", "co_ceo"),
    "mail_order_number": ("통신판매업신고번호", "통신판매업번호"),
    "phone": ("전화", "전화번호", "연락처", "co_tel"),
    "email": ("이메일", "전자우편", "email"),
    "zip_code": ("우편번호",),
    "road_address": ("도로명주소", "주소", "소재지", "new_address"),
    "address_detail": ("상세주소",),
    "dong": ("동", "행정동", "법정동"),
    "tagline": ("한줄소개", "주요사업", "사업내용", "co_sevice", "co_content"),
    "kind": ("지정종류", "인증종류", "유형", "구분"),
    "number": ("지정번호", "인증번호", "co_num"),
    "authority": ("지정기관", "인증기관"),
    "granted_on": ("지정일", "인증일", "인증일자", "co_date"),
    "expires_on": ("만료일", "지정만료일", "유효기간"),
}
_FACTS: Final = (
    *("name", "representative_name", "mail_order_number", "phone", "email", "zip_code"),
    *("road_address", "address_detail", "tagline"),
)
_KINDS: Final = {
    **{label: kind for kind, label in designations.LABELS.items()},
    "인증사회적기업": DesignationKind.SOCIAL,
    "예비마을기업": DesignationKind.VILLAGE,
}
_PLAIN_ADDRESS: Final = 5


class RowRefused(InvalidInput):
    """One row of the table cannot be meant."""

    message = "{why}"


@dataclass(frozen=True)
class Certified:
    """The designation of one row."""

    kind: DesignationKind
    number: str
    authority: str
    granted_on: date
    expires_on: date | None

    @property
    def key(self) -> tuple[DesignationKind, str, date]:
        """Return what makes it another designation: renewed, the day is a later one."""
        return self.kind, self.number, self.granted_on


@dataclass(frozen=True)
class Entry:
    """One row as it is meant; a fact whose cell was empty is left out."""

    number: int
    business_number: str
    facts: Mapping[str, str]
    certified: Certified | None


@dataclass(frozen=True)
class Unread:
    """One row that cannot be read, and why."""

    number: int
    name: str
    why: str


def export() -> Iterator[Sequence[str]]:
    """Return the whole registry, one row per designation, in one query."""
    rows = db.session.execute(
        select(Enterprise, Dong.name, Designation)
        .join(Dong, Dong.code == Enterprise.dong_code)
        .outerjoin(
            Designation,
            (Designation.enterprise_id == Enterprise.id) & Designation.revoked_on.is_(None),
        )
        .order_by(Enterprise.name, Enterprise.id, Designation.granted_on, Designation.id)
        .execution_options(populate_existing=True)
    )
    for enterprise, dong_name, held in rows:
        yield (
            business_number.format_number(enterprise.business_number),
            enterprise.name,
            ENTERPRISE_NAMES[enterprise.status],
            enterprise.representative_name,
            enterprise.mail_order_number or "",
            enterprise.phone,
            enterprise.email,
            enterprise.zip_code,
            enterprise.road_address,
            enterprise.address_detail,
            dong_name,
            enterprise.tagline,
            enterprise.joined_on.isoformat(),
            *(_certificate(held) if held else ("",) * 5),
        )


def read(content: bytes) -> list[Entry | Unread]:
    """
    Return every row of an uploaded registry, each as it is meant or with why it is not.

    :raises SheetUnreadable:
    """
    rows = sheets.read(
        content,
        columns=COLUMNS,
        is_enough=lambda found: "business_number" in found and "name" in found,
        needed="제목 줄에 사업자등록번호와 상호 열이 있어야 합니다.",
    )
    dong_codes = {name: code for code, name in db.session.execute(select(Dong.code, Dong.name))}
    return [_entry(row, dong_codes) for row in rows]


def _entry(row: sheets.Row, dong_codes: Mapping[str, str]) -> Entry | Unread:
    try:
        facts = {name: _text(row.cells[name], name) for name in _FACTS if row.cells[name]}
        if "phone" in facts:
            facts["phone"] = phones.dashed(phones.normalise(facts["phone"]))
        zip_code = facts.get("zip_code", "")
        if zip_code and not (zip_code.isdecimal() and len(zip_code) == _PLAIN_ADDRESS):
            raise RowRefused(why="우편번호는 숫자 5자리입니다.")
        dong = row.cells["dong"]
        if dong:
            if dong not in dong_codes:
                raise RowRefused(why=f"우리 구의 동이 아닙니다: {dong}")
            facts["dong_code"] = dong_codes[dong]
        return Entry(
            number=row.number,
            business_number=business_number.normalize(_plain(row.cells["business_number"])),
            facts=facts,
            certified=_certified(row.cells),
        )
    except DomainError as error:
        return Unread(row.number, row.cells["name"], str(error))


def _certified(cells: Mapping[str, str]) -> Certified | None:
    if not any(cells[name] for name in ("kind", "number", "granted_on")):
        return None
    label = "".join(cells["kind"].split())
    # The public list holds certified 사회적기업 alone and has no column for it.
    kind = _KINDS.get(label) if label else DesignationKind.SOCIAL
    if kind is None:
        raise RowRefused(why=f"모르는 지정 종류입니다: {cells['kind']}")
    granted_on = day_of(cells["granted_on"])
    expires_on = day_of(cells["expires_on"])
    if not cells["number"] or granted_on is None:
        raise RowRefused(why="지정 번호와 지정일(2024-05-01)을 함께 적어 주세요.")
    if cells["expires_on"] and (expires_on is None or expires_on <= granted_on):
        raise RowRefused(why="만료일은 지정일보다 뒤의 날이어야 합니다.")
    return Certified(
        kind=kind,
        number=_text(cells["number"], "number"),
        authority=_text(cells["authority"], "authority") or "고용노동부",
        granted_on=granted_on,
        expires_on=expires_on,
    )


def _certificate(held: Designation) -> tuple[str, str, str, str, str]:
    return (
        designations.LABELS[held.kind],
        held.number,
        held.authority,
        held.granted_on.isoformat(),
        held.expires_on.isoformat() if held.expires_on else "",
    )


def _text(cell: str, name: str) -> str:
    text = _plain(cell)
    if len(text) > LONGEST[name]:
        raise RowRefused(why=f"{LONGEST[name]}자보다 긴 칸이 있습니다: {text[:20]}…")
    return text


def _plain(cell: str) -> str:
    # Our own CSV marks text that a spreadsheet would take for a formula.
    return cell.removeprefix("'").strip()
