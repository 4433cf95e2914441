"""
본인 확인: a provider vouches that an account belongs to one human being.

The port has two calls. `start` hands over what the person wrote and returns the provider's name
for the transaction; `finish` hands over the person's answer and returns who they are, with a
`subject` that is the same for the same human being at every visit (연계정보, CI). Only a keyed
digest of it is kept. A real provider's adapter implements `IdentityProvider` and is named in
`provider_of`; nothing else changes.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Protocol

from sqlalchemy import Select, select, update

from marketplace.accounts import people, verification
from marketplace.accounts.models import Person
from marketplace.accounts.verification import VerificationKind, VerificationMethod
from marketplace.accounts.verification_models import IdentityChallenge
from marketplace.core import sealing
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import db
from marketplace.core.errors import Conflict, InvalidInput, NotFound, Unavailable
from marketplace.core.settings import Settings

LIFETIME: Final = timedelta(minutes=3)
ATTEMPTS: Final = 5
_DIGITS: Final = 6


class NoProvider(Unavailable):
    """The operator has not named a provider."""

    message = (
        "휴대전화 본인 확인은 아직 준비 중입니다. "
        "동 주민센터나 구청 담당자에게 확인을 요청해 주세요."
    )


class ChallengeGone(NotFound):
    message = "인증 시간이 지났거나 이미 마친 인증입니다. 처음부터 다시 해 주세요."


class AnswerWrong(InvalidInput):
    message = "인증번호가 다릅니다. 다시 확인해 주세요. (남은 횟수 {left}번)"
    field = "answer"


class OtherName(Conflict):
    """The account is in another person's name."""

    message = (
        "가입할 때 쓴 이름과 본인 확인한 이름이 다릅니다. 회원 정보의 이름을 먼저 고쳐 주세요."
    )


@dataclass(frozen=True)
class Claimed:
    """Who somebody says they are; `phone` in digits."""

    name: str
    birth_on: date
    phone: str


@dataclass(frozen=True)
class Started:
    """A transaction at the provider; `shown_code` only where there is no real telephone."""

    ref: str
    shown_code: str | None = None


class IdentityProvider(Protocol):
    """Whoever can tell one human being from another."""

    def start(self, claimed: Claimed) -> Started:
        """Begin, and let the provider reach the person's telephone."""

    def finish(self, ref: str, answer: str, claimed: Claimed) -> str | None:
        """Return the provider's lasting name for the person; None when the answer is wrong."""


class LocalProvider:
    """The demo's own: shows the number it would have sent, knows people by what they wrote."""

    def start(self, claimed: Claimed) -> Started:  # noqa: ARG002
        """Begin with a random name; the code follows from it."""
        ref = secrets.token_urlsafe(24)
        return Started(ref, _code(ref))

    def finish(self, ref: str, answer: str, claimed: Claimed) -> str | None:
        """Compare the code."""
        if not hmac.compare_digest(_code(ref).encode(), answer.encode()):
            return None
        return f"local:{claimed.name}:{claimed.birth_on:%Y%m%d}:{claimed.phone}"


def provider_of(settings: Settings) -> IdentityProvider:
    """
    Return the operator's provider; the demo has its own.

    :raises NoProvider:
    """
    if not settings.demo:
        raise NoProvider
    return LocalProvider()


@dataclass(frozen=True)
class Challenge:
    """A started confirmation; `shown_code` is what the demo's telephone would show."""

    id: int
    phone: str
    expires_at: datetime
    shown_code: str | None


def start(
    provider: IdentityProvider,
    *,
    person_id: int,
    name: str,
    birth_on: date,
    phone: str,
    at: datetime,
) -> Challenge:
    """
    Begin a confirmation; the one before it ends.

    :raises NameInvalid, PhoneInvalid, BirthInvalid, TooYoung, OtherName:
    """
    details = people.checked(
        people.Details(name=name, phone=phone, birth_on=birth_on, dong_code=None),
        on=day_in_seoul(at),
    )
    claimed = Claimed(details.name, birth_on, details.phone or "")
    if db.session.scalar(select(Person.name).where(Person.id == person_id)) != claimed.name:
        raise OtherName
    db.session.execute(
        update(IdentityChallenge)
        .where(IdentityChallenge.person_id == person_id, IdentityChallenge.finished_at.is_(None))
        .values(finished_at=at)
    )
    started = provider.start(claimed)
    row = IdentityChallenge(
        person_id=person_id,
        name=claimed.name,
        phone=claimed.phone,
        birth_on=birth_on,
        provider_ref=started.ref,
        expires_at=at + LIFETIME,
    )
    db.session.add(row)
    db.session.flush()
    return Challenge(row.id, claimed.phone, row.expires_at, started.shown_code)


def find_open(provider: IdentityProvider, *, person_id: int, at: datetime) -> Challenge | None:
    """Return the confirmation a person has begun, if it still runs."""
    row = db.session.scalar(_open(person_id, at))
    if row is None:
        return None
    shown = _code(row.provider_ref) if isinstance(provider, LocalProvider) else None
    return Challenge(row.id, row.phone, row.expires_at, shown)


def answer(
    provider: IdentityProvider, *, person_id: int, written: str, at: datetime
) -> AnswerWrong | None:
    """
    Let a right answer verify the person; return what is wrong with another one.

    A wrong answer is returned and not raised: its count must be committed.

    :raises ChallengeGone, IdentityTaken:
    """
    row = db.session.scalar(_open(person_id, at).with_for_update())
    if row is None:
        raise ChallengeGone
    claimed = Claimed(row.name, row.birth_on, row.phone)
    subject = provider.finish(row.provider_ref, "".join(written.split()), claimed)
    if subject is None:
        row.attempts += 1
        if row.attempts >= ATTEMPTS:
            row.finished_at = at
        db.session.flush()
        return AnswerWrong(left=ATTEMPTS - row.attempts)
    row.finished_at = at
    person = people.get_for_change(person_id)
    person.birth_on, person.phone = claimed.birth_on, claimed.phone
    db.session.flush()
    verification.record(
        person_id=person_id,
        kind=VerificationKind.IDENTITY,
        method=VerificationMethod.PHONE,
        by=None,
        at=at,
        identity_digests=sealing.digests(subject, purpose="identity"),
    )
    return None


def _open(person_id: int, at: datetime) -> Select[IdentityChallenge]:
    return select(IdentityChallenge).where(
        IdentityChallenge.person_id == person_id,
        IdentityChallenge.finished_at.is_(None),
        IdentityChallenge.expires_at > at,
    )


def _code(ref: str) -> str:
    number = int.from_bytes(sealing.digest(ref, purpose="local identity").encode()[:8], "big")
    return f"{number % 10**_DIGITS:0{_DIGITS}d}"
