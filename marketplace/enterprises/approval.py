"""The office decides on an application; approved, it becomes an enterprise in one transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import select

from marketplace.accounts import emails
from marketplace.audit import trail
from marketplace.core import outbox
from marketplace.core import phone as phones
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import db
from marketplace.core.errors import Conflict, InvalidInput, NotAllowed
from marketplace.enterprises import (
    application_facts,
    applications,
    bank_accounts,
    checklist,
    members,
    slugs,
    word,
)
from marketplace.enterprises.application_models import Application, ApplicationStatus
from marketplace.enterprises.checklist import FulfilmentState
from marketplace.enterprises.models import (
    Designation,
    DesignationKind,
    Enterprise,
    EnterpriseStatus,
    Member,
    MemberRole,
)

LONGEST_ANSWER: Final = 1_000


class OwnApplication(NotAllowed):
    """Nobody decides on what they themselves applied for."""

    message = "자기가 낸 신청서는 심사할 수 없습니다. 다른 담당자에게 부탁해 주세요."


class NotWaiting(Conflict):
    """It was decided already, or has not been handed in."""

    message = "심사를 기다리는 신청서가 아닙니다. 다른 담당자가 이미 처리했을 수 있습니다."


class AnswerMissing(InvalidInput):
    """The applicant must learn what to do."""

    message = "신청인에게 알릴 내용을 적어 주세요."
    field = "answer"


class ChecklistOpen(Conflict):
    """Something the office asks for has not been settled."""

    message = "아직 확인하지 않은 항목이 있습니다: {titles}"


class NotApprovable(Conflict):
    """What was stated no longer holds."""

    message = "이대로는 승인할 수 없습니다: {problems}"


class AlreadyRegistered(Conflict):
    """The registry has this enterprise with people who work for it."""

    message = "이미 입점한 사업자등록번호입니다: {name}"


class NameTaken(Conflict):
    """Two shops of one name confuse everybody."""

    message = "같은 이름의 가게가 있습니다: {name}. 이름을 고치도록 보완을 요청해 주세요."


def judge_point(
    *,
    application_id: int,
    requirement_id: int,
    state: FulfilmentState,
    note: str,
    by: int,
    at: datetime,
) -> None:
    """
    Accept, return or waive one point of an application's checklist.

    :raises ApplicationMissing, OwnApplication, NotWaiting, PointMissing, NothingGiven, NoteMissing:
    """
    application = _lock_waiting(application_id, by=by)
    checklist.decide(
        application,
        requirement_id,
        state=state,
        note=note,
        on=checklist.asked_on(application, at),
        by=by,
        at=at,
    )
    _record(f"application.point_{state.value}", application, by, requirement_id=requirement_id)


def ask_for_revision(*, application_id: int, answer: str, by: int, at: datetime) -> None:
    """
    Give an application back to be completed.

    :raises ApplicationMissing, OwnApplication, NotWaiting, AnswerMissing:
    """
    _answer(application_id, ApplicationStatus.REVISION, answer, by=by, at=at)


def decline(*, application_id: int, answer: str, by: int, at: datetime) -> None:
    """
    Refuse an application for good.

    :raises ApplicationMissing, OwnApplication, NotWaiting, AnswerMissing:
    """
    _answer(application_id, ApplicationStatus.DECLINED, answer, by=by, at=at)


def approve(*, application_id: int, by: int, at: datetime, ip: str | None) -> int:
    """
    Make an application an enterprise that sells; return the enterprise's id.

    :raises ApplicationMissing, OwnApplication, NotWaiting, ChecklistOpen, NotApprovable,
        AlreadyRegistered, NameTaken:
    """
    application = _lock_waiting(application_id, by=by)
    points = checklist.list_points(application, on=checklist.asked_on(application, at))
    open_points = [point.title for point in points if not point.is_settled]
    if open_points:
        raise ChecklistOpen(titles=", ".join(open_points))
    problems = application_facts.list_problems(application, at=at)
    if problems:
        raise NotApprovable(problems=" ".join(problem.text for problem in problems))
    enterprise = _enterprise(application, at)
    _designate(application, enterprise, by=by)
    bank_accounts.open_first(
        enterprise_id=enterprise.id,
        bank_code=application.bank_code,
        sealed=application.account_sealed,
        last4=application.account_last4,
        holder=application.account_holder,
        at=at,
    )
    members.admit(
        enterprise_id=enterprise.id,
        person_id=application.person_id,
        role=MemberRole.OWNER,
        actor_id=by,
        ip=ip,
    )
    application.enterprise_id = enterprise.id
    _decide(application, ApplicationStatus.APPROVED, None, by=by, at=at)
    trail.record(
        "enterprise.approved",
        subject_kind="enterprise",
        subject_id=enterprise.id,
        actor_id=by,
        details={"application_id": application.id},
        ip=ip,
    )
    outbox.enqueue("search.reindex_enterprise", {"enterprise_id": enterprise.id})
    return enterprise.id


def find_registered(application: Application) -> Enterprise | None:
    """Find the registry's enterprise with the applicant's business number."""
    return db.session.scalars(
        select(Enterprise).where(Enterprise.business_number == application.business_number)
    ).one_or_none()


def _lock_waiting(application_id: int, *, by: int) -> Application:
    application = applications.lock(application_id)
    if application.person_id == by:
        raise OwnApplication
    if application.status is not ApplicationStatus.SUBMITTED:
        raise NotWaiting
    return application


def _answer(
    application_id: int, to: ApplicationStatus, answer: str, *, by: int, at: datetime
) -> None:
    words = answer.strip()
    application = _lock_waiting(application_id, by=by)
    if not 1 <= len(words) <= LONGEST_ANSWER:
        raise AnswerMissing
    _decide(application, to, words, by=by, at=at)


def _decide(
    application: Application, to: ApplicationStatus, answer: str | None, *, by: int, at: datetime
) -> None:
    applications.move(application, to)
    application.answer = answer
    application.decided_at = at
    application.decided_by = by
    db.session.flush()
    _record(f"application.{to.value}", application, by)
    word.to_person(
        application.person_id,
        f"application_{to.value}",
        {"application_id": application.id},
        key=f"{application.id}:{at.isoformat()}",
    )


def _enterprise(application: Application, at: datetime) -> Enterprise:
    slugs.lock_names()
    registered = find_registered(application)
    if registered is not None and (
        registered.status is not EnterpriseStatus.APPLIED or _has_members(registered.id)
    ):
        raise AlreadyRegistered(name=registered.name)
    namesake = db.session.scalar(
        select(Enterprise.id).where(
            Enterprise.name == application.name,
            Enterprise.business_number != application.business_number,
        )
    )
    if namesake is not None:
        raise NameTaken(name=application.name)
    enterprise = registered or Enterprise(
        slug=_free_slug(application.name),
        business_number=application.business_number,
        joined_on=day_in_seoul(at),
    )
    for field in (
        "name",
        "tagline",
        "story",
        "representative_name",
        "mail_order_number",
        "zip_code",
        "road_address",
        "address_detail",
        "dong_code",
    ):
        setattr(enterprise, field, getattr(application, field))
    enterprise.phone = phones.dashed(phones.normalise(application.phone))
    enterprise.email = emails.clean(application.email)
    enterprise.status = EnterpriseStatus.ACTIVE
    db.session.add(enterprise)
    db.session.flush()
    return enterprise


def _has_members(enterprise_id: int) -> bool:
    return (
        db.session.scalar(
            select(Member.id)
            .where(Member.enterprise_id == enterprise_id, Member.revoked_at.is_(None))
            .limit(1)
        )
        is not None
    )


def _free_slug(name: str) -> str:
    wanted = slugs.romanise(name)
    taken = set(
        db.session.scalars(select(Enterprise.slug).where(Enterprise.slug.like(f"{wanted}%")))
    )
    number, slug = 1, wanted
    while slug in taken:
        number += 1
        slug = f"{wanted}-{number}"
    return slug


def _designate(application: Application, enterprise: Enterprise, *, by: int) -> None:
    known = set(
        db.session.execute(
            select(Designation.kind, Designation.number).where(
                Designation.enterprise_id == enterprise.id
            )
        )
    )
    for row in application_facts.claimed_of(application):
        granted_on = application_facts.day_of(row.granted_on)
        if granted_on is None:
            raise AssertionError("an approved application has been checked")
        kind = DesignationKind(row.kind)
        if (kind, row.number) in known:
            continue
        made = Designation(
            enterprise_id=enterprise.id,
            kind=kind,
            number=row.number,
            authority=row.authority,
            granted_on=granted_on,
            expires_on=application_facts.day_of(row.expires_on),
        )
        db.session.add(made)
        db.session.flush()
        trail.record(
            "designation.granted",
            subject_kind="enterprise",
            subject_id=enterprise.id,
            actor_id=by,
            details={
                "designation_id": made.id,
                "number": row.number,
                "document_id": row.document_id,
            },
        )


def _record(action: str, application: Application, by: int, **details: object) -> None:
    trail.record(
        action,
        subject_kind="application",
        subject_id=application.id,
        actor_id=by,
        details=details,
    )
