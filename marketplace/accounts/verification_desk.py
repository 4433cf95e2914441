"""Facts the desk looked at itself: one person who came, or a whole list of them."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from marketplace.accounts import emails, verification
from marketplace.accounts.models import Person, PersonStatus
from marketplace.accounts.verification import VerificationKind, VerificationMethod
from marketplace.accounts.verification_requests import KindNotAsked, OwnRequest
from marketplace.core.db import db
from marketplace.core.errors import NotFound


class MemberUnknown(NotFound):
    """No member has this address."""

    message = "이 이메일로 가입한 회원이 없습니다. 철자를 확인해 주세요."
    field = "person"


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
