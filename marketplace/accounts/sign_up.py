"""Joining the mall."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from marketplace.accounts import consents, emails, mailed_links, passwords, people, secrets
from marketplace.accounts.models import ConsentKind, Person, PersonStatus, TokenPurpose
from marketplace.accounts.people import Details
from marketplace.audit import trail
from marketplace.core import outbox
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import db
from marketplace.core.errors import InvalidInput


class BirthMissing(InvalidInput):
    """Without it nobody knows whether a guardian must agree."""

    message = "만 14세 이상인지 알 수 있게 생년월일을 적어 주세요."
    field = "birth_on"


class DongNotConsented(InvalidInput):
    """The dong is optional data and needs its own consent."""

    message = "사는 동을 알려 주시려면 선택 수집·이용에도 동의해 주세요."
    field = "dong_code"


@dataclass(frozen=True, kw_only=True)
class Application:
    """What somebody sends to join."""

    email: str
    password: str = field(repr=False)
    details: Details
    consents: Collection[ConsentKind]


def sign_up(application: Application, *, at: datetime, ip: str | None) -> int | None:
    """
    Make somebody a member and mail a link that confirms the address.

    Whoever is a member already gets a mail saying so and None comes back: the page must
    not tell strangers who is a member.

    :raises EmailInvalid, PasswordWeak, NameInvalid, PhoneInvalid, BirthMissing, TooYoung,
        DongUnknown, DongNotConsented, RequiredConsentMissing, NightNeedsDay:
    """
    email = emails.clean(application.email)
    details = people.checked(application.details, on=day_in_seoul(at))
    if details.birth_on is None:
        raise BirthMissing
    if details.dong_code and not _DONG_CONSENTS & set(application.consents):
        raise DongNotConsented
    consents.check_required(application.consents)
    passwords.check(application.password, email=email, name=details.name)
    # Hashed before it is known whether the address is taken, so that both take as long.
    password_hash = secrets.hash_secret(application.password)
    person_id = _insert(email, password_hash, details)
    if person_id is None:
        _tell_the_member(email, at=at)
        return None
    consents.give(person_id=person_id, kinds=application.consents, at=at, ip=ip)
    mailed_links.send(person_id=person_id, purpose=TokenPurpose.CONFIRM_EMAIL, at=at)
    trail.record(
        "person.signed_up",
        subject_kind="person",
        subject_id=person_id,
        actor_id=person_id,
        ip=ip,
    )
    return person_id


def send_again(*, email: str) -> None:
    """Mail the confirming link once more, if somebody waits for it."""
    person_id = db.session.scalar(
        select(Person.id).where(
            Person.email_key == emails.key(email),
            Person.status == PersonStatus.ACTIVE,
            Person.email_confirmed_at.is_(None),
        )
    )
    mailed_links.ask(person_id=person_id, purpose=TokenPurpose.CONFIRM_EMAIL)


def confirm_email(*, token: str, at: datetime) -> int:
    """
    Confirm the address a link was mailed to.

    :raises LinkDead:
    """
    person = mailed_links.use(token, purpose=TokenPurpose.CONFIRM_EMAIL, at=at)
    person.email_confirmed_at = at
    db.session.flush()
    outbox.enqueue(
        "coupons.give_automatic",
        {"trigger": "sign_up", "person_id": person.id},
        key=f"sign_up_coupon:{person.id}",
    )
    return person.id


_DONG_CONSENTS = frozenset({ConsentKind.PRIVACY_OPTIONAL, ConsentKind.COUPON_ELIGIBILITY})


def _insert(email: str, password_hash: str, details: Details) -> int | None:
    return db.session.scalar(
        insert(Person)
        .values(
            email=email,
            email_key=emails.key(email),
            password_hash=password_hash,
            name=details.name,
            phone=details.phone,
            birth_on=details.birth_on,
            dong_code=details.dong_code,
            status=PersonStatus.ACTIVE,
        )
        .on_conflict_do_nothing(
            index_elements=[Person.email_key], index_where=text("status <> 'withdrawn'")
        )
        .returning(Person.id)
    )


def _tell_the_member(email: str, *, at: datetime) -> None:
    person_id = db.session.scalar(
        select(Person.id).where(
            Person.email_key == emails.key(email), Person.status == PersonStatus.ACTIVE
        )
    )
    if person_id is not None:
        outbox.enqueue(
            "notifications.deliver",
            {"kind": "already_signed_up", "person_id": person_id},
            # Once a day: a stranger must not fill a member's mailbox.
            key=f"already_signed_up:{person_id}:{day_in_seoul(at)}",
        )
