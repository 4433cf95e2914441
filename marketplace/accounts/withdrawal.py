"""Leaving the mall."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import delete

from marketplace.accounts import consents, people, staffing, verification
from marketplace.accounts.models import Address, MailedToken, PersonStatus, RecoveryCode, SignIn
from marketplace.accounts.verification_models import IdentityChallenge, VerificationRequest
from marketplace.audit import trail
from marketplace.core.db import db

NAME: Final = "탈퇴한 회원"
_OWN: Final = (
    Address,
    RecoveryCode,
    MailedToken,
    SignIn,
    VerificationRequest,
    IdentityChallenge,
)


def withdraw(*, person_id: int, at: datetime, ip: str | None) -> None:
    """
    Delete what is known about a person; what the law keeps stays with the orders alone.

    Of a verified identity a keyed digest stays, so that nobody gets a second share of public
    money by leaving and joining again.

    Orders hold their own copy of name and address for five years (전자상거래법 시행령 §6)
    and point at a row that names nobody any more.

    :raises PersonNotFound, LastAdministrator:
    """
    person = people.get_for_change(person_id)
    staffing.resign(person_id=person_id, at=at, ip=ip)
    consents.withdraw_all(person_id=person_id, at=at)
    for table in _OWN:
        db.session.execute(delete(table).where(table.person_id == person_id))
    verification.forget(person_id=person_id, at=at)
    nobody = f"withdrawn-{person_id}@invalid"
    person.email = nobody
    person.email_key = nobody
    person.email_confirmed_at = None
    person.password_hash = None
    person.name = NAME
    person.phone = None
    person.birth_on = None
    person.dong_code = None
    person.totp_secret = None
    person.totp_confirmed_at = None
    person.totp_last_step = None
    person.last_signed_in_at = None
    person.status = PersonStatus.WITHDRAWN
    person.withdrawn_at = at
    person.session_version += 1
    db.session.flush()
    trail.record(
        "person.withdrawn",
        subject_kind="person",
        subject_id=person_id,
        actor_id=person_id,
        ip=ip,
    )
