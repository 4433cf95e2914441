"""What an enterprise says of itself when it applies, and what of it cannot be."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Final

from marketplace.accounts import emails
from marketplace.accounts import queries as people
from marketplace.core import phone as phones
from marketplace.core.calendar import day_in_seoul
from marketplace.core.errors import DomainError
from marketplace.enterprises import bank_accounts, business_number
from marketplace.enterprises.application_models import Application
from marketplace.enterprises.designations import DesignationKind

MOST_DESIGNATIONS: Final = 6
LONGEST: Final = {
    "name": 60,
    "tagline": 80,
    "story": 3_000,
    "representative_name": 40,
    "business_number": 20,
    "mail_order_number": 40,
    "phone": 30,
    "email": 254,
    "zip_code": 10,
    "road_address": 200,
    "address_detail": 100,
    "account_number": 30,
    "account_holder": bank_accounts.LONGEST_HOLDER,
    "number": 60,
    "authority": 60,
}
# 구청 write it in many ways: 제2021-서울광진-1324호, 2021-서울광진-1324.
_MAIL_ORDER: Final = re.compile(r"제?\s?\d{4}\s?-\s?[가-힣]+\s?-\s?\d{3,5}\s?호?")
_ZIP: Final = re.compile(r"[0-9]{5}")


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """One designation as the applicant states it; days as they were typed."""

    kind: str = ""
    number: str = ""
    authority: str = ""
    granted_on: str = ""
    expires_on: str = ""
    document_id: int | None = None

    @property
    def is_blank(self) -> bool:
        """Tell whether nothing was typed into the row."""
        return not any((self.kind, self.number, self.authority, self.granted_on, self.expires_on))


@dataclass(frozen=True, kw_only=True)
class Stated:
    """Everything typed into an application; the account number is empty when it stays."""

    name: str
    tagline: str
    story: str
    representative_name: str
    business_number: str
    mail_order_number: str
    phone: str
    email: str
    zip_code: str
    road_address: str
    address_detail: str
    dong_code: str
    bank_code: str
    account_number: str
    account_holder: str
    designations: tuple[Claimed, ...]


@dataclass(frozen=True)
class Problem:
    """What stands in the way of handing an application in, and the field it means."""

    field: str
    text: str


def claimed_of(application: Application) -> tuple[Claimed, ...]:
    """Return the designations of an application."""
    return tuple(Claimed(**row) for row in application.designations)  # type: ignore[arg-type]


def rows_of(claimed: Sequence[Claimed]) -> list[dict[str, object]]:
    """Return designations as the application keeps them, blank rows left out."""
    return [asdict(row) for row in claimed if not row.is_blank][:MOST_DESIGNATIONS]


def kinds_of(application: Application) -> frozenset[str]:
    """Return the kinds of designation an applicant states."""
    return frozenset(row.kind for row in claimed_of(application) if row.kind)


def day_of(written: str) -> date | None:
    """Return the day written as YYYY-MM-DD or YYYY.MM.DD, or none."""
    try:
        return date.fromisoformat(written.strip().rstrip(".").replace(".", "-"))
    except ValueError:
        return None


def list_problems(application: Application, *, at: datetime) -> list[Problem]:
    """List what is missing or cannot be in what an applicant typed."""
    return [*_facts(application), *_account(application), *_designations(application, at)]


def _facts(application: Application) -> Iterator[Problem]:
    yield from _refused(
        "business_number", lambda: business_number.normalize(application.business_number)
    )
    for field, words in (
        ("name", "상호를 적어 주세요."),
        ("representative_name", "대표자 이름을 적어 주세요."),
        ("road_address", "도로명 주소를 적어 주세요."),
    ):
        if not getattr(application, field).strip():
            yield Problem(field, words)
    number = application.mail_order_number
    if number and not _MAIL_ORDER.fullmatch(number.strip()):
        yield Problem(
            "mail_order_number", "통신판매업 신고번호를 제2026-서울광진-0123호처럼 적어 주세요."
        )
    yield from _refused("phone", lambda: phones.normalise(application.phone))
    yield from _refused("email", lambda: emails.clean(application.email))
    if not _ZIP.fullmatch(application.zip_code):
        yield Problem("zip_code", "우편번호 5자리를 적어 주세요.")
    if application.dong_code not in dict(people.list_dong()):
        yield Problem("dong_code", "동을 목록에서 골라 주세요.")


def _account(application: Application) -> Iterator[Problem]:
    if application.bank_code not in bank_accounts.BANKS:
        yield Problem("bank_code", "은행을 목록에서 골라 주세요.")
    if not application.account_last4:
        yield Problem("account_number", "계좌번호를 적어 주세요.")
    if not application.account_holder.strip():
        yield Problem("account_holder", "예금주를 적어 주세요.")


def _designations(application: Application, at: datetime) -> Iterator[Problem]:
    today = day_in_seoul(at)
    rows = claimed_of(application)
    if not rows:
        yield Problem("designations", "지정(인증)을 하나 이상 적어 주세요.")
    if len({(row.kind, row.number) for row in rows}) < len(rows):
        yield Problem("designations", "같은 지정(인증)이 두 번 적혀 있습니다.")
    for place, row in enumerate(rows):
        granted_on, expires_on = day_of(row.granted_on), day_of(row.expires_on)
        wrong = {
            "kind": row.kind not in set(DesignationKind),
            "number": not row.number,
            "authority": not row.authority,
            "granted_on": granted_on is None or granted_on > today,
            "expires_on": bool(row.expires_on)
            and (expires_on is None or granted_on is None or expires_on <= max(granted_on, today)),
            "document": row.document_id is None,
        }
        for field, is_wrong in wrong.items():
            if is_wrong:
                yield Problem(f"d{place}-{field}", f"지정 {place + 1}: {_WRONG[field]}")


_WRONG: Final = {
    "kind": "종류를 골라 주세요.",
    "number": "번호를 적어 주세요.",
    "authority": "지정한 기관을 적어 주세요.",
    "granted_on": "지정일을 2024-05-01처럼, 오늘까지의 날로 적어 주세요.",
    "expires_on": "만료일은 지정일과 오늘보다 뒤여야 합니다. 없으면 비워 두세요.",
    "document": "지정서 파일을 올려 주세요.",
}


def _refused(field: str, check: Callable[[], object]) -> Iterator[Problem]:
    try:
        check()
    except DomainError as error:
        yield Problem(field, str(error))
