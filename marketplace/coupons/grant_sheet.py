"""Read an uploaded list of people who get a coupon each."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from marketplace.core import sheets

_COLUMNS: Final[Mapping[str, Collection[str]]] = {
    "email": ("이메일", "이메일주소", "메일", "email", "e-mail"),
    "number": ("회원번호", "회원no", "회원id"),
    "name": ("이름", "성명", "성함"),
    "phone": ("휴대전화", "휴대폰", "전화번호", "연락처", "휴대전화번호"),
}


@dataclass(frozen=True)
class Entry:
    """One person of the list, as somebody wrote them; `row` as the spreadsheet counts."""

    row: int
    email: str
    number: str
    name: str
    phone: str


def parse(content: bytes) -> list[Entry]:
    """
    Return the people of a list; empty rows are left out.

    :raises SheetUnreadable:
    """
    rows = sheets.read(
        content,
        columns=_COLUMNS,
        is_enough=_names_people,
        needed="제목 줄에 이메일, 회원번호, 또는 이름과 휴대전화 열이 있어야 합니다.",
    )
    return [Entry(row.number, **row.cells) for row in rows]


def _names_people(found: Collection[str]) -> bool:
    return "email" in found or "number" in found or {"name", "phone"} <= set(found)
