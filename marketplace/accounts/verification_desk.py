"""Facts the desk looked at itself: one person who came, or a whole list of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select

from marketplace.accounts import emails, verification
from marketplace.accounts.models import Person, PersonStatus
from marketplace.accounts.verification import VerificationKind, VerificationMethod
from marketplace.accounts.verification_requests import KindNotAsked, OwnRequest
from marketplace.core import masking, sheets
from marketplace.core.db import db
from marketplace.core.errors import DomainError, NotFound

_COLUMNS: Final = {
    "email": ("이메일", "이메일주소", "메일", "email", "e-mail"),
    "value": ("내용", "동", "거주동", "직장", "회사", "부서", "소속", "값"),
}


class MemberUnknown(NotFound):
    """No member has this address."""

    message = "이 이메일로 가입한 회원이 없습니다. 철자를 확인해 주세요."
    field = "person"


@dataclass(frozen=True)
class ListedRow:
    """What became of one row of a list; `refusal` is empty when the fact was recorded."""

    number: int
    email: str
    value: str
    refusal: str


def record_list(
    content: bytes, *, kind: VerificationKind, by: int, at: datetime
) -> list[ListedRow]:
    """
    Record a fact for every row of an uploaded list; a wrong row stops no other.

    :raises SheetUnreadable, KindNotAsked:
    """
    if kind is VerificationKind.IDENTITY:
        raise KindNotAsked
    rows = sheets.read(
        content,
        columns=_COLUMNS,
        is_enough=lambda found: "email" in found and "value" in found,
        needed="제목 줄에 이메일과 내용(동, 직장 또는 부서) 열이 있어야 합니다.",
    )
    report = []
    for row in rows:
        email, value = row.cells["email"], row.cells["value"]
        try:
            record_at_desk(
                email=email,
                kind=kind,
                value=value,
                by=by,
                at=at,
                method=VerificationMethod.LIST,
            )
            refusal = ""
        except DomainError as error:
            refusal = str(error)
        report.append(ListedRow(row.number, masking.email(email), value, refusal))
    return report


def record_at_desk(
    *,
    email: str,
    kind: VerificationKind,
    value: str,
    by: int,
    at: datetime,
    method: VerificationMethod = VerificationMethod.DESK,
) -> None:
    """
    Record a fact of the member with this address.

    :raises MemberUnknown, KindNotAsked, OwnRequest, ValueUnknown:
    """
    if kind is VerificationKind.IDENTITY:
        raise KindNotAsked
    clean = verification.clean_value(kind, value)
    person_id = db.session.scalar(
        select(Person.id).where(
            Person.email_key == emails.key(email), Person.status != PersonStatus.WITHDRAWN
        )
    )
    if person_id is None:
        raise MemberUnknown
    if person_id == by:
        raise OwnRequest
    verification.record(
        person_id=person_id,
        kind=kind,
        method=method,
        value=clean,
        by=by,
        at=at,
        expires_at=at + timedelta(days=verification.VALID_DAYS[kind]),
    )
