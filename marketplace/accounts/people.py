"""Changing, disabling and reading one person."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import select, update

from marketplace.accounts import administrators
from marketplace.accounts.models import Dong, Person, PersonStatus
from marketplace.audit import trail
from marketplace.core import phone as phones
from marketplace.core.db import db
from marketplace.core.errors import Conflict, InvalidInput, NotFound

YOUNGEST: Final = 14
LONGEST_NAME: Final = 40


class PersonNotFound(NotFound):
    """There is no such person, or no longer."""

    message = "회원을 찾을 수 없습니다."


class PersonNotActive(Conflict):
    """The person may not sign in at present."""

    message = "이용이 정지된 계정입니다. 고객센터로 문의해 주세요."


class NameInvalid(InvalidInput):
    """It is no name."""

    message = "이름을 1~40자로 적어 주세요."
    field = "name"


class TooYoung(InvalidInput):
    """Under fourteen a guardian would have to agree, which the mall cannot ask for."""

    message = "만 14세 미만은 가입할 수 없습니다."
    field = "birth_on"


class BirthInvalid(InvalidInput):
    """Nobody living was born on that day."""

    message = "생년월일을 확인해 주세요."
    field = "birth_on"


class DongUnknown(InvalidInput):
    """It is no dong of the district."""

    message = "동을 목록에서 골라 주세요."
    field = "dong_code"


@dataclass(frozen=True, kw_only=True)
class Details:
    """What a person says about themselves."""

    name: str
    phone: str | None
    birth_on: date | None
    dong_code: str | None


def get_for_change(person_id: int) -> Person:
    """
    Lock one person who may sign in.

    :raises PersonNotFound:
    """
    person = db.session.scalars(
        select(Person)
        .where(Person.id == person_id, Person.status != PersonStatus.WITHDRAWN)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if person is None:
        raise PersonNotFound
    return person


def checked(details: Details, *, on: date) -> Details:
    """
    Return details fit to be stored.

    :raises NameInvalid, PhoneInvalid, BirthInvalid, TooYoung, DongUnknown:
    """
    name = " ".join(unicodedata.normalize("NFC", details.name).split())
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise NameInvalid
    _check_birth(details.birth_on, on=on)
    if details.dong_code and db.session.get(Dong, details.dong_code) is None:
        raise DongUnknown
    return Details(
        name=name,
        phone=phones.normalise_mobile(details.phone) if details.phone else None,
        birth_on=details.birth_on,
        dong_code=details.dong_code or None,
    )


def change_details(*, person_id: int, details: Details, on: date, ip: str | None) -> None:
    """
    Change what a person says about themselves; the trail keeps what changed, not the values.

    :raises PersonNotFound, NameInvalid, PhoneInvalid, BirthInvalid, TooYoung, DongUnknown:
    """
    person = get_for_change(person_id)
    kept = checked(details, on=on)
    changed = sorted(name for name in vars(kept) if getattr(person, name) != getattr(kept, name))
    for name in changed:
        setattr(person, name, getattr(kept, name))
    if changed:
        db.session.flush()
        trail.record(
            "person.changed",
            subject_kind="person",
            subject_id=person_id,
            actor_id=person_id,
            details={"fields": changed},
            ip=ip,
        )


def end_sessions(*, person_id: int) -> None:
    """End every session of a person at once."""
    db.session.execute(
        update(Person)
        .where(Person.id == person_id)
        .values(session_version=Person.session_version + 1)
    )


def disable(*, person_id: int, actor_id: int, reason: str, ip: str | None) -> None:
    """
    Keep a person from signing in and end their sessions.

    :raises PersonNotFound, LastAdministrator:
    """
    person = get_for_change(person_id)
    administrators.lock()
    administrators.refuse_last(person_id)
    person.status = PersonStatus.DISABLED
    person.session_version += 1
    db.session.flush()
    trail.record(
        "person.disabled",
        subject_kind="person",
        subject_id=person_id,
        actor_id=actor_id,
        details={"reason": reason},
        ip=ip,
    )


def enable(*, person_id: int, actor_id: int, ip: str | None) -> None:
    """
    Let a disabled person sign in again.

    :raises PersonNotFound:
    """
    person = get_for_change(person_id)
    person.status = PersonStatus.ACTIVE
    db.session.flush()
    trail.record(
        "person.enabled", subject_kind="person", subject_id=person_id, actor_id=actor_id, ip=ip
    )


def _check_birth(birth_on: date | None, *, on: date) -> None:
    if birth_on is None:
        return
    age = on.year - birth_on.year - ((on.month, on.day) < (birth_on.month, birth_on.day))
    if not 0 <= age <= 120:
        raise BirthInvalid
    if age < YOUNGEST:
        raise TooYoung
