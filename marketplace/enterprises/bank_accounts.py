"""Where an enterprise is paid: checked, sealed, and replaced rather than changed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select

from marketplace.audit import trail
from marketplace.core import sealing
from marketplace.core.db import db
from marketplace.core.errors import InvalidInput, NotFound
from marketplace.enterprises import word
from marketplace.enterprises.models import BankAccount, Enterprise

PURPOSE: Final = "bank-account"
LONGEST_HOLDER: Final = 40
# Codes of the 금융결제원.
BANKS: Final = {
    "004": "KB국민은행",
    "020": "우리은행",
    "081": "하나은행",
    "088": "신한은행",
    "011": "NH농협은행",
    "012": "지역농축협",
    "003": "IBK기업은행",
    "002": "KDB산업은행",
    "007": "수협은행",
    "023": "SC제일은행",
    "027": "한국씨티은행",
    "031": "iM뱅크",
    "032": "부산은행",
    "034": "광주은행",
    "035": "제주은행",
    "037": "전북은행",
    "039": "경남은행",
    "045": "새마을금고",
    "048": "신협",
    "050": "저축은행",
    "064": "산림조합",
    "071": "우체국",
    "089": "케이뱅크",
    "090": "카카오뱅크",
    "092": "토스뱅크",
}
_SEPARATORS: Final = re.compile(r"[\s\-]")
_NUMBER: Final = re.compile(r"[0-9]{8,16}")


class BankUnknown(InvalidInput):
    """It is no bank money can be sent to."""

    message = "은행을 목록에서 골라 주세요."
    field = "bank_code"


class AccountNumberInvalid(InvalidInput):
    """It is no account number."""

    message = "계좌번호를 숫자 8~16자리로 적어 주세요."
    field = "account_number"


class HolderMissing(InvalidInput):
    """Banks compare the holder's name."""

    message = "예금주를 적어 주세요."
    field = "account_holder"


class EnterpriseMissing(NotFound):
    """There is no such enterprise."""

    message = "가게를 찾을 수 없습니다."


@dataclass(frozen=True)
class AccountCard:
    """A bank account as people may see it: the last four digits of its number."""

    bank_name: str
    last4: str
    holder: str
    since: datetime


def clean_number(written: str) -> str:
    """
    Return the digits of an account number.

    :raises AccountNumberInvalid:
    """
    digits = _SEPARATORS.sub("", written)
    if not _NUMBER.fullmatch(digits):
        raise AccountNumberInvalid
    return digits


def find_current(enterprise_id: int) -> AccountCard | None:
    """Find the account an enterprise is paid to at present."""
    account = _find_standing(enterprise_id)
    if account is None:
        return None
    return AccountCard(
        bank_name=BANKS.get(account.bank_code, account.bank_code),
        last4=account.number_last4,
        holder=account.holder,
        since=account.created_at,
    )


def open_first(
    *, enterprise_id: int, bank_code: str, sealed: bytes, last4: str, holder: str, at: datetime
) -> None:
    """Write the account an application named, as it was sealed; a former one is replaced."""
    former = _find_standing(enterprise_id)
    if former is not None:
        former.replaced_at = at
    db.session.add(
        BankAccount(
            enterprise_id=enterprise_id,
            bank_code=bank_code,
            number_sealed=sealed,
            number_last4=last4,
            holder=holder,
            created_at=at,
        )
    )
    db.session.flush()


def change(
    *,
    enterprise_id: int,
    bank_code: str,
    number: str,
    holder: str,
    by: int,
    at: datetime,
    ip: str | None,
) -> None:
    """
    Pay an enterprise to another account from now on; the office and every owner are told.

    :raises BankUnknown, AccountNumberInvalid, HolderMissing, EnterpriseMissing:
    """
    digits, name = clean_number(number), holder.strip()
    if bank_code not in BANKS:
        raise BankUnknown
    if not 1 <= len(name) <= LONGEST_HOLDER:
        raise HolderMissing
    # Locked, so that two changes at once leave one standing account.
    if db.session.get(Enterprise, enterprise_id, with_for_update=True) is None:
        raise EnterpriseMissing
    open_first(
        enterprise_id=enterprise_id,
        bank_code=bank_code,
        sealed=sealing.seal(digits, purpose=PURPOSE),
        last4=digits[-4:],
        holder=name,
        at=at,
    )
    trail.record(
        "bank_account.changed",
        subject_kind="enterprise",
        subject_id=enterprise_id,
        actor_id=by,
        details={"bank": BANKS[bank_code], "last4": digits[-4:]},
        ip=ip,
    )
    facts = {"enterprise_id": enterprise_id, "at": at.isoformat()}
    key = f"{enterprise_id}:{at.isoformat()}"
    word.to_owners(enterprise_id, "bank_account_changed", facts, key=key)
    word.to_operators("bank_account_changed", facts, key=f"{key}:office")


def _find_standing(enterprise_id: int) -> BankAccount | None:
    return db.session.scalars(
        select(BankAccount)
        .where(BankAccount.enterprise_id == enterprise_id, BankAccount.replaced_at.is_(None))
        .order_by(BankAccount.id.desc())
        .limit(1)
    ).one_or_none()
