"""The second factor: codes of an authenticator app, and recovery codes for a lost phone."""

from __future__ import annotations

import hashlib
import hmac
import secrets as randomness
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pyotp
from sqlalchemy import delete, func, select, update

from marketplace.accounts import people
from marketplace.accounts.models import Person, RecoveryCode
from marketplace.audit import trail
from marketplace.core import outbox, sealing
from marketplace.core.db import db
from marketplace.core.errors import Conflict, InvalidInput

RECOVERY_CODES: Final = 10
_PURPOSE: Final = "totp"
_ISSUER: Final = "세나루 마켓"
# Crockford's signs: no I, L, O or U to be misread.
_SIGNS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MISREAD: Final = str.maketrans("ILO", "110")


class CodeWrong(InvalidInput):
    """The code is not the one of this moment, or was used already."""

    message = "인증 번호가 맞지 않습니다. 새 번호가 나오면 다시 적어 주세요."
    field = "code"


class NotEnrolled(Conflict):
    """There is no second factor to ask for."""

    message = "2단계 인증을 먼저 등록해 주세요."


class AlreadyEnrolled(Conflict):
    """A standing second factor is not replaced without using it."""

    message = "2단계 인증이 이미 등록되어 있습니다."


@dataclass(frozen=True, kw_only=True)
class Enrolment:
    """What an authenticator app needs, as a picture to scan or a key to type."""

    uri: str
    key: str


def is_enrolled(person_id: int) -> bool:
    """Tell whether a person confirmed a second factor."""
    found = db.session.scalar(select(Person.totp_confirmed_at).where(Person.id == person_id))
    return found is not None


def begin(*, person_id: int) -> None:
    """
    Make a secret for an authenticator app; the same one stays until it is confirmed.

    :raises AlreadyEnrolled:
    """
    person = people.get_for_change(person_id)
    if person.totp_confirmed_at is not None:
        raise AlreadyEnrolled
    if person.totp_secret is None:
        person.totp_secret = sealing.seal(pyotp.random_base32(), purpose=_PURPOSE)
        db.session.flush()


def find_enrolment(person_id: int) -> Enrolment | None:
    """Find what an authenticator app scans, between beginning and confirming."""
    person = db.session.get(Person, person_id)
    if person is None or person.totp_secret is None or person.totp_confirmed_at is not None:
        return None
    totp = _totp(person)
    return Enrolment(
        uri=totp.provisioning_uri(name=person.email, issuer_name=_ISSUER), key=totp.secret
    )


def confirm(*, person_id: int, code: str, at: datetime, ip: str | None) -> list[str]:
    """
    Enrol the second factor by its first code; return the recovery codes, shown this once.

    :raises CodeWrong, NotEnrolled, AlreadyEnrolled:
    """
    person = people.get_for_change(person_id)
    if person.totp_confirmed_at is not None:
        raise AlreadyEnrolled
    _spend_step(person, code, at=at)
    person.totp_confirmed_at = at
    db.session.flush()
    trail.record(
        "second_factor.enrolled",
        subject_kind="person",
        subject_id=person_id,
        actor_id=person_id,
        ip=ip,
    )
    outbox.enqueue(
        "notifications.deliver", {"kind": "second_factor_enrolled", "person_id": person_id}
    )
    return _new_recovery_codes(person_id)


def verify(*, person_id: int, code: str, at: datetime) -> None:
    """
    Accept the present code, or a recovery code, once.

    :raises CodeWrong, NotEnrolled:
    """
    person = people.get_for_change(person_id)
    if person.totp_confirmed_at is None:
        raise NotEnrolled
    plain = _plain(code)
    if len(plain) > 6:
        _spend_recovery_code(person_id, plain, at=at)
    else:
        _spend_step(person, plain, at=at)


def renew_recovery_codes(*, person_id: int, code: str, at: datetime) -> list[str]:
    """
    Replace the recovery codes; the old ones die.

    :raises CodeWrong, NotEnrolled:
    """
    verify(person_id=person_id, code=code, at=at)
    return _new_recovery_codes(person_id)


def count_recovery_codes(person_id: int) -> int:
    """Count the recovery codes a person has left."""
    left = db.session.scalar(
        select(func.count()).where(
            RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None)
        )
    )
    return left or 0


def take_away(*, person_id: int, actor_id: int, reason: str, ip: str | None) -> None:
    """Remove a lost second factor, so that the person enrols again; ends their sessions."""
    person = people.get_for_change(person_id)
    person.totp_secret = None
    person.totp_confirmed_at = None
    person.totp_last_step = None
    person.session_version += 1
    db.session.flush()
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))
    trail.record(
        "second_factor.taken_away",
        subject_kind="person",
        subject_id=person_id,
        actor_id=actor_id,
        details={"reason": reason},
        ip=ip,
    )


def _spend_step(person: Person, code: str, *, at: datetime) -> None:
    if person.totp_secret is None:
        raise NotEnrolled
    totp = _totp(person)
    now = int(at.timestamp()) // totp.interval
    # One step either side: a phone's clock may be off by half a minute.
    for step in (now - 1, now, now + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), _plain(code).encode()):
            if person.totp_last_step is not None and step <= person.totp_last_step:
                raise CodeWrong
            person.totp_last_step = step
            db.session.flush()
            return
    raise CodeWrong


def _spend_recovery_code(person_id: int, code: str, *, at: datetime) -> None:
    spent = db.session.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.person_id == person_id,
            RecoveryCode.code_hash == _hash(person_id, code.translate(_MISREAD)),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=at)
        .returning(RecoveryCode.id)
    )
    if spent.first() is None:
        raise CodeWrong
    outbox.enqueue("notifications.deliver", {"kind": "recovery_code_used", "person_id": person_id})


def _new_recovery_codes(person_id: int) -> list[str]:
    codes = ["".join(randomness.choice(_SIGNS) for _ in range(12)) for _ in range(RECOVERY_CODES)]
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))
    db.session.add_all(
        RecoveryCode(person_id=person_id, code_hash=_hash(person_id, code)) for code in codes
    )
    db.session.flush()
    return ["-".join((code[:4], code[4:8], code[8:])) for code in codes]


def _totp(person: Person) -> pyotp.TOTP:
    if person.totp_secret is None:
        raise NotEnrolled
    return pyotp.TOTP(sealing.unseal(person.totp_secret, purpose=_PURPOSE))


def _plain(code: str) -> str:
    return "".join(sign for sign in code.upper() if sign.isalnum())


def _hash(person_id: int, code: str) -> str:
    # Sixty random bits need no slow hash.
    return hashlib.sha256(f"{person_id}:{code}".encode()).hexdigest()
