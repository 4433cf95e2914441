"""Designations of the registry: added, renewed, revoked with evidence; reminders of their end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import exists, select
from sqlalchemy.orm import aliased

from marketplace.audit import trail
from marketplace.core import outbox
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import db
from marketplace.core.errors import Conflict, InvalidInput, NotFound
from marketplace.enterprises import word
from marketplace.enterprises.application_models import Document
from marketplace.enterprises.designations import LABELS, DesignationKind
from marketplace.enterprises.models import Designation, Enterprise, EnterpriseStatus

STEPS: Final = (7, 30, 60)
# A worker that was away for some days still tells of an end.
_LATE: Final = timedelta(days=7)


class DesignationMissing(NotFound):
    """This enterprise has no such designation."""

    message = "지정을 찾을 수 없습니다."


class PeriodWrong(InvalidInput):
    """It ends before it begins."""

    message = "만료일은 지정일보다 뒤여야 합니다."
    field = "expires_on"


class NumberMissing(InvalidInput):
    """A certificate has a number."""

    message = "지정 번호와 기관을 적어 주세요."
    field = "number"


class AlreadyKnown(Conflict):
    """The registry has it."""

    message = "같은 종류와 번호의 지정이 이미 있습니다."
    field = "number"


class AlreadyRevoked(Conflict):
    """It was revoked before."""

    message = "이미 취소된 지정입니다."


class RevokedWithoutReason(InvalidInput):
    """The trail says why."""

    message = "취소하는 까닭을 적어 주세요."
    field = "reason"


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """One designation as a certificate says it."""

    kind: DesignationKind
    number: str
    authority: str
    granted_on: date
    expires_on: date | None


def add(
    *,
    enterprise_id: int,
    certificate: Certificate,
    evidence: Document | None,
    by: int,
    ip: str | None,
) -> int:
    """
    Write a new or renewed designation; badges and coupons follow its days.

    :raises DesignationMissing, NumberMissing, PeriodWrong, AlreadyKnown:
    """
    _lock(enterprise_id)
    if not certificate.number.strip() or not certificate.authority.strip():
        raise NumberMissing
    if certificate.expires_on is not None and certificate.expires_on <= certificate.granted_on:
        raise PeriodWrong
    known = db.session.scalar(
        select(Designation.id).where(
            Designation.enterprise_id == enterprise_id,
            Designation.kind == certificate.kind,
            Designation.number == certificate.number.strip(),
            Designation.granted_on == certificate.granted_on,
            Designation.revoked_on.is_(None),
        )
    )
    if known is not None:
        raise AlreadyKnown
    made = Designation(
        enterprise_id=enterprise_id,
        kind=certificate.kind,
        number=certificate.number.strip(),
        authority=certificate.authority.strip(),
        granted_on=certificate.granted_on,
        expires_on=certificate.expires_on,
    )
    db.session.add(made)
    db.session.flush()
    _record(
        "designation.granted",
        made,
        by,
        ip,
        document_id=evidence.id if evidence else None,
    )
    return made.id


def revoke(
    *,
    enterprise_id: int,
    designation_id: int,
    reason: str,
    evidence: Document | None,
    by: int,
    at: datetime,
    ip: str | None,
) -> None:
    """
    End a designation from today.

    :raises DesignationMissing, RevokedWithoutReason, AlreadyRevoked:
    """
    _lock(enterprise_id)
    if not reason.strip():
        raise RevokedWithoutReason
    designation = db.session.get(Designation, designation_id, populate_existing=True)
    if designation is None or designation.enterprise_id != enterprise_id:
        raise DesignationMissing
    if designation.revoked_on is not None:
        raise AlreadyRevoked
    designation.revoked_on = day_in_seoul(at)
    db.session.flush()
    _record(
        "designation.revoked",
        designation,
        by,
        ip,
        reason=reason.strip(),
        document_id=evidence.id if evidence else None,
    )


def remind(*, at: datetime) -> int:
    """
    Tell owners and operators of designations about to end and just ended; return of how many.

    Each step is told once: its key is the designation and the step.
    """
    today = day_in_seoul(at)
    ending = _list_ending(today - _LATE, today + timedelta(days=STEPS[-1]))
    for designation in ending:
        if designation.expires_on is None:
            raise AssertionError("the query asked for those with an end")
        left = (designation.expires_on - today).days
        facts: dict[str, object] = {"designation_id": designation.id}
        if left <= 0:
            kind, key = "designation_lapsed", f"{designation.id}"
            outbox.enqueue(
                "search.reindex_enterprise",
                {"enterprise_id": designation.enterprise_id},
                key=f"designation_lapsed:{designation.id}:reindex",
            )
        else:
            step = next(step for step in STEPS if left <= step)
            kind, key = "designation_expiring", f"{designation.id}:{step}"
        word.to_owners(designation.enterprise_id, kind, facts, key=key)
        word.to_operators(kind, facts, key=f"{key}:office")
    return len(ending)


def title_of(designation: Designation) -> str:
    """Return how a designation is called in messages."""
    return f"{LABELS[designation.kind]}({designation.number})"


def _list_ending(first: date, last: date) -> list[Designation]:
    renewed = aliased(Designation)
    is_renewed = exists().where(
        renewed.enterprise_id == Designation.enterprise_id,
        renewed.kind == Designation.kind,
        renewed.id != Designation.id,
        renewed.revoked_on.is_(None),
        renewed.granted_on <= Designation.expires_on,
        (renewed.expires_on.is_(None)) | (renewed.expires_on > Designation.expires_on),
    )
    return list(
        db.session.scalars(
            select(Designation)
            .join(Enterprise, Enterprise.id == Designation.enterprise_id)
            .where(
                Designation.expires_on.between(first, last),
                Designation.revoked_on.is_(None),
                Enterprise.status.in_([EnterpriseStatus.ACTIVE, EnterpriseStatus.SUSPENDED]),
                ~is_renewed,
            )
            .order_by(Designation.id)
        )
    )


def _lock(enterprise_id: int) -> None:
    if db.session.get(Enterprise, enterprise_id, with_for_update=True) is None:
        raise DesignationMissing


def _record(
    action: str, designation: Designation, by: int, ip: str | None, **details: object
) -> None:
    trail.record(
        action,
        subject_kind="enterprise",
        subject_id=designation.enterprise_id,
        actor_id=by,
        details={
            "designation_id": designation.id,
            "number": designation.number,
            **{name: value for name, value in details.items() if value is not None},
        },
        ip=ip,
    )
    # The order of badges and filters is written into the index.
    outbox.enqueue("search.reindex_enterprise", {"enterprise_id": designation.enterprise_id})
