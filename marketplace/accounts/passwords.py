"""Which passwords are good enough, and changing one."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Final

from sqlalchemy import select

from marketplace.accounts import people, secrets
from marketplace.accounts.models import Person
from marketplace.audit import trail
from marketplace.core import outbox
from marketplace.core.db import db
from marketplace.core.errors import InvalidInput

SHORTEST: Final = 10
LONGEST: Final = 128
# What has to stand beside a name in a password at least.
_BESIDE_A_NAME: Final = 6

# What people type when a length is asked for; compared without case, digits and signs around it.
_COMMON: Final = frozenset(
    Path(__file__).with_name("common_passwords.txt").read_text(encoding="utf-8").split()
)
_ROWS: Final = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "qwertyuiopasdfghjklzxcvbnm",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1q2w3e4r5t6y7u8i9o0p",
    "가나다라마바사아자차카타파하",
)


class PasswordWeak(InvalidInput):
    """It is too easy to guess."""

    message = "{why}"
    field = "password"


class PasswordWrong(InvalidInput):
    """It is not the present password."""

    message = "지금 비밀번호가 맞지 않습니다."
    field = "current"


def check(password: str, *, email: str, name: str = "") -> None:
    """
    Refuse a password that is easy to guess.

    :raises PasswordWeak:
    """
    plain = unicodedata.normalize("NFC", password)
    folded = plain.casefold()
    if len(plain) < SHORTEST:
        raise PasswordWeak(why=f"비밀번호는 {SHORTEST}자 이상이어야 합니다.")
    if len(plain) > LONGEST:
        raise PasswordWeak(why=f"비밀번호는 {LONGEST}자까지 쓸 수 있습니다.")
    if len(set(folded)) < 4 or _is_repeated(folded):
        raise PasswordWeak(why="같은 글자를 되풀이한 비밀번호는 쓸 수 없습니다.")
    if folded.isdigit():
        raise PasswordWeak(why="숫자로만 된 비밀번호는 쓸 수 없습니다.")
    if any(_follows(row, folded) for row in (*_ROWS, *(row[::-1] for row in _ROWS))):
        raise PasswordWeak(why="차례로 이어지는 글자로 된 비밀번호는 쓸 수 없습니다.")
    if {_core(folded), _unleet(_core(folded)), _core(_unleet(folded))} & _COMMON:
        raise PasswordWeak(why="많이 쓰이는 비밀번호는 쓸 수 없습니다.")
    known = [part for part in (email.split("@")[0].casefold(), name.casefold()) if len(part) > 2]
    if any(len(folded.replace(part, "")) < _BESIDE_A_NAME for part in known if part in folded):
        raise PasswordWeak(why="이름이나 이메일이 든 비밀번호는 쓸 수 없습니다.")


def change(*, person_id: int, current: str, new: str, ip: str | None) -> int:
    """
    Give a person another password, end all sessions and return the new session version.

    :raises PasswordWrong, PasswordWeak:
    """
    person = people.get_for_change(person_id)
    if not secrets.verify_secret(current, person.password_hash):
        raise PasswordWrong
    return put(person, new, ip=ip)


def confirm(*, person_id: int, password: str) -> None:
    """
    Make sure that the person at the keyboard knows the password.

    :raises PasswordWrong:
    """
    kept = db.session.scalar(select(Person.password_hash).where(Person.id == person_id))
    if not secrets.verify_secret(password, kept):
        raise PasswordWrong


def put(person: Person, new: str, *, ip: str | None) -> int:
    """
    Store a password, end all sessions and tell the person.

    :raises PasswordWeak:
    """
    check(new, email=person.email, name=person.name)
    person.password_hash = secrets.hash_secret(new)
    person.session_version += 1
    db.session.flush()
    trail.record(
        "password.changed",
        subject_kind="person",
        subject_id=person.id,
        actor_id=person.id,
        ip=ip,
    )
    outbox.enqueue("notifications.deliver", {"kind": "password_changed", "person_id": person.id})
    return person.session_version


def _is_repeated(text: str) -> bool:
    # A text is a repetition of its beginning when it is found inside its own double.
    return text in (text + text)[1:-1]


def _follows(row: str, text: str) -> bool:
    return text in row + row


def _core(text: str) -> str:
    return re.sub(r"^[\W\d_]+|[\W\d_]+$", "", text)


def _unleet(text: str) -> str:
    return text.translate(str.maketrans("013457@$!", "oieastasi"))
