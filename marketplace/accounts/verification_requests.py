"""Residents ask the desk to look at a fact; the desk says yes, or no with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from marketplace.accounts import verification
from marketplace.accounts.models import Dong, Person
from marketplace.accounts.verification import VerificationKind, VerificationMethod
from marketplace.accounts.verification_models import VerificationRequest
from marketplace.core import masking, outbox
from marketplace.core.db import db
from marketplace.core.errors import Conflict, InvalidInput, NotAllowed, NotFound

PAGE: Final = 50
LONGEST_REASON: Final = 200


class KindNotAsked(InvalidInput):
    """An identity is proven by a provider, not by the desk."""

    message = "확인할 항목을 골라 주세요."
    field = "kind"


class AskedAlready(Conflict):
    message = "이미 확인을 요청하셨습니다. 담당자가 확인하면 알림으로 알려 드립니다."


class RequestMissing(NotFound):
    message = "확인 요청을 찾을 수 없습니다."


class DecidedAlready(Conflict):
    message = "다른 담당자가 이미 처리한 요청입니다."


class ReasonMissing(InvalidInput):
    message = "받아들이지 않는 까닭을 적어 주세요. 신청한 분에게 그대로 알립니다."
    field = "reason"


class OwnRequest(NotAllowed):
    """Nobody confirms their own facts."""

    message = "본인의 요청은 다른 담당자가 확인해야 합니다."


@dataclass(frozen=True)
class WaitingRequest:
    """One request at the desk, its person masked."""

    id: int
    person: str
    email: str
    phone: str
    kind: VerificationKind
    value: str
    requested_at: datetime


@dataclass(frozen=True)
class OwnAsk:
    """One request of a person, as they see it; `is_granted` is None while it waits."""

    kind: VerificationKind
    value: str
    requested_at: datetime
    is_granted: bool | None
    reason: str


def ask(*, person_id: int, kind: VerificationKind, value: str, at: datetime) -> None:
    """
    Ask the desk to look at a fact.

    :raises KindNotAsked, ValueUnknown, AskedAlready:
    """
    if kind is VerificationKind.IDENTITY:
        raise KindNotAsked
    clean = verification.clean_value(kind, value)
    try:
        with db.session.begin_nested():
            db.session.add(
                VerificationRequest(person_id=person_id, kind=kind, value=clean, requested_at=at)
            )
            db.session.flush()
    except IntegrityError as error:
        raise AskedAlready from error


def decide(*, request_id: int, grant: bool, reason: str, by: int, at: datetime) -> VerificationKind:
    """
    Confirm a fact, or say why not; the person is told. Return which fact it was.

    :raises RequestMissing, DecidedAlready, OwnRequest, ReasonMissing:
    """
    found = db.session.get(VerificationRequest, request_id, with_for_update=True)
    if found is None:
        raise RequestMissing
    if found.decided_at is not None:
        raise DecidedAlready
    if found.person_id == by:
        raise OwnRequest
    reason = " ".join(reason.split())[:LONGEST_REASON]
    if not grant and not reason:
        raise ReasonMissing
    found.decided_at, found.decided_by = at, by
    found.is_granted, found.reason = grant, reason
    db.session.flush()
    if grant:
        verification.record(
            person_id=found.person_id,
            kind=found.kind,
            method=VerificationMethod.DESK,
            value=found.value,
            by=by,
            at=at,
            expires_at=at + timedelta(days=verification.VALID_DAYS[found.kind]),
        )
    outbox.enqueue(
        "notifications.deliver",
        {"kind": "fact_decided", "request_id": found.id},
        key=f"fact_decided:{found.id}",
    )
    return found.kind


def list_waiting(*, after: int = 0) -> list[WaitingRequest]:
    """Return a page of what waits, oldest first, behind a request's id."""
    rows = db.session.execute(
        select(VerificationRequest, Person.name, Person.email, Person.phone, Dong.name)
        .join(Person, Person.id == VerificationRequest.person_id)
        .outerjoin(Dong, Dong.code == VerificationRequest.value)
        .where(VerificationRequest.decided_at.is_(None), VerificationRequest.id > after)
        .order_by(VerificationRequest.id)
        .limit(PAGE)
    )
    return [
        WaitingRequest(
            asked.id,
            masking.name(name),
            masking.email(email),
            masking.phone(phone or ""),
            asked.kind,
            dong or asked.value,
            asked.requested_at,
        )
        for asked, name, email, phone, dong in rows
    ]


def list_own(*, person_id: int) -> list[OwnAsk]:
    """Return a person's newest requests."""
    rows = db.session.execute(
        select(VerificationRequest, Dong.name)
        .outerjoin(Dong, Dong.code == VerificationRequest.value)
        .where(VerificationRequest.person_id == person_id)
        .order_by(VerificationRequest.id.desc())
        .limit(10)
    )
    return [
        OwnAsk(asked.kind, dong or asked.value, asked.requested_at, asked.is_granted, asked.reason)
        for asked, dong in rows
    ]
