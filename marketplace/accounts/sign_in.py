"""Signing in and out; a new password for who forgot theirs."""

from __future__ import annotations

import hashlib
import secrets as randomness
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, select, update

from marketplace.accounts import emails, mailed_links, passwords, people, secrets
from marketplace.accounts.models import Person, PersonStatus, SignIn, TokenPurpose
from marketplace.core import outbox
from marketplace.core.db import db
from marketplace.core.errors import InvalidInput, NotAllowed

# The oldest browser is signed out when one more signs in.
BROWSERS: Final = 5


class WrongCredentials(InvalidInput):
    """Address and password do not belong together; which of them is wrong stays unsaid."""

    message = "이메일이나 비밀번호가 맞지 않습니다."


class EmailNotConfirmed(NotAllowed):
    """The mailed link was not followed yet."""

    message = "이메일 확인이 남았습니다. 받은 메일의 주소를 눌러 주세요."


@dataclass(frozen=True, kw_only=True)
class Recognised:
    """Somebody whose password was right."""

    person_id: int
    name: str
    has_second_factor: bool
    session_version: int


def recognise(*, email: str, password: str, at: datetime) -> Recognised:
    """
    Tell who has this address and password, taking as long when nobody does.

    :raises WrongCredentials, EmailNotConfirmed, PersonNotActive:
    """
    person = db.session.scalars(
        select(Person).where(
            Person.email_key == emails.key(email), Person.status != PersonStatus.WITHDRAWN
        )
    ).one_or_none()
    if not secrets.verify_secret(password, person.password_hash if person else None):
        raise WrongCredentials
    if person is None or person.password_hash is None:
        raise WrongCredentials
    if person.status != PersonStatus.ACTIVE:
        raise people.PersonNotActive
    if person.email_confirmed_at is None:
        raise EmailNotConfirmed
    if secrets.is_outdated(person.password_hash):
        person.password_hash = secrets.hash_secret(password)
    person.last_signed_in_at = at
    db.session.flush()
    return Recognised(
        person_id=person.id,
        name=person.name,
        has_second_factor=person.totp_confirmed_at is not None,
        session_version=person.session_version,
    )


def is_unchanged(*, person_id: int, session_version: int) -> bool:
    """Tell whether a person recognised at this version has neither ended sessions nor left."""
    found = select(Person.id).where(
        Person.id == person_id,
        Person.session_version == session_version,
        Person.status == PersonStatus.ACTIVE,
    )
    return db.session.scalar(found) is not None


def start(*, person_id: int, at: datetime) -> tuple[str, int]:
    """Sign one browser in; return its token and the session version it belongs to."""
    person = people.get_for_change(person_id)
    if person.status != PersonStatus.ACTIVE:
        raise people.PersonNotActive
    token = randomness.token_urlsafe(32)
    db.session.add(SignIn(person_id=person_id, token_hash=hash_token(token), started_at=at))
    db.session.flush()
    newest = (
        select(SignIn.id)
        .where(SignIn.person_id == person_id, SignIn.ended_at.is_(None))
        .order_by(SignIn.started_at.desc(), SignIn.id.desc())
        .limit(BROWSERS)
    )
    db.session.execute(
        update(SignIn)
        .where(
            SignIn.person_id == person_id,
            SignIn.ended_at.is_(None),
            SignIn.id.not_in(newest.scalar_subquery()),
        )
        .values(ended_at=at)
    )
    return token, person.session_version


def end(*, token: str, at: datetime) -> None:
    """Sign one browser out, so that a copy of its cookie is dead too."""
    db.session.execute(
        update(SignIn)
        .where(SignIn.token_hash == hash_token(token), SignIn.ended_at.is_(None))
        .values(ended_at=at)
    )


def forget(*, before: datetime) -> int:
    """Delete sign-ins that began before an instant; return how many."""
    gone = db.session.scalars(delete(SignIn).where(SignIn.started_at < before).returning(SignIn.id))
    return len(gone.all())


def ask_for_reset(*, email: str) -> None:
    """Mail a link for a new password to whoever has this address; say nothing else."""
    person_id = db.session.scalar(
        select(Person.id).where(
            Person.email_key == emails.key(email), Person.status == PersonStatus.ACTIVE
        )
    )
    mailed_links.ask(person_id=person_id, purpose=TokenPurpose.RESET_PASSWORD)


def reset(*, token: str, password: str, at: datetime, ip: str | None) -> None:
    """
    Take a new password from whoever followed the mailed link, and end all sessions.

    :raises LinkDead, PasswordWeak:
    """
    person = mailed_links.use(token, purpose=TokenPurpose.RESET_PASSWORD, at=at)
    passwords.put(person, password, ip=ip)
    # The link came by mail, so the address is the person's.
    if person.email_confirmed_at is None:
        person.email_confirmed_at = at
        db.session.flush()


def warn_of_lock(*, email: str, at: datetime) -> None:
    """Tell a member that somebody keeps trying their password, once an hour."""
    person_id = db.session.scalar(
        select(Person.id).where(
            Person.email_key == emails.key(email), Person.status == PersonStatus.ACTIVE
        )
    )
    if person_id is not None:
        outbox.enqueue(
            "notifications.deliver",
            {"kind": "sign_in_locked", "person_id": person_id},
            key=f"sign_in_locked:{person_id}:{at:%Y%m%d%H}",
        )


def hash_token(token: str) -> str:
    """Return what is stored of a browser's token."""
    return hashlib.sha256(token.encode()).hexdigest()


def count_standing(*, person_id: int, at: datetime) -> int:
    """Count the browsers a person is signed in with."""
    found = db.session.scalar(
        select(func.count()).where(
            SignIn.person_id == person_id,
            SignIn.ended_at.is_(None),
            SignIn.started_at > at - LONGEST,
        )
    )
    return found or 0


# However busy, a browser signs in again after this long.
LONGEST: Final = timedelta(hours=12)
