"""An enterprise applies: a draft that keeps everything, handed in when it is complete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import func, select

from marketplace.accounts import queries as people
from marketplace.audit import trail
from marketplace.core import sealing
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import db
from marketplace.core.errors import Conflict, InvalidInput, NotFound
from marketplace.enterprises import (
    application_facts,
    bank_accounts,
    business_number,
    checklist,
    word,
)
from marketplace.enterprises.application_facts import Claimed, Problem, Stated
from marketplace.enterprises.application_models import (
    Application,
    ApplicationStatus,
    Document,
)
from marketplace.enterprises.checklist import Point
from marketplace.enterprises.status import APPLICATION_MOVES

EDITABLE: Final = frozenset({ApplicationStatus.DRAFT, ApplicationStatus.REVISION})
_MOST_OPEN: Final = 5


class ApplicationMissing(NotFound):
    """There is no such application, or it is somebody else's."""

    message = "신청서를 찾을 수 없습니다."


class ApplicationLocked(Conflict):
    """What the office looks at does not change under its eyes."""

    message = "이미 낸 신청서는 고칠 수 없습니다. 보완 요청이 오면 고칠 수 있습니다."


class TooManyDrafts(Conflict):
    """Somebody keeps opening drafts and hands none in."""

    message = "작성 중인 신청서가 여러 개입니다. 있는 신청서를 이어서 써 주세요."


class DongMissing(InvalidInput):
    """Every enterprise of the district is in one of its dong."""

    message = "동을 목록에서 골라 주세요."
    field = "dong_code"


class AlreadyApplied(Conflict):
    """Another application of the same enterprise is being looked at."""

    message = "이 사업자등록번호로 심사 중인 신청서가 있습니다. 함께 일하는 분께 확인해 주세요."
    field = "business_number"


class NotComplete(InvalidInput):
    """Something is missing; `problems` says what."""

    message = "아직 채우지 않은 것이 있습니다."

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__()
        self.problems = tuple(problems)


def start(*, person_id: int, stated: Stated, at: datetime) -> int:
    """
    Write a new draft and return its id.

    :raises TooManyDrafts, BusinessNumberRefused, DongMissing, AccountNumberInvalid:
    """
    drafts = db.session.scalars(
        select(Application.id).where(
            Application.person_id == person_id, Application.status == ApplicationStatus.DRAFT
        )
    ).all()
    if len(drafts) >= _MOST_OPEN:
        raise TooManyDrafts
    application = Application(
        person_id=person_id,
        status=ApplicationStatus.DRAFT,
        created_at=at,
        account_sealed=sealing.seal("", purpose=bank_accounts.PURPOSE),
        account_last4="",
    )
    _write(application, stated)
    db.session.add(application)
    db.session.flush()
    return application.id


def save(*, application_id: int, person_id: int, stated: Stated) -> None:
    """
    Keep what was typed so far; whether it is complete is asked when it is handed in.

    :raises ApplicationMissing, ApplicationLocked, BusinessNumberRefused, DongMissing,
        AccountNumberInvalid, AlreadyApplied:
    """
    application = lock_own(application_id, person_id=person_id)
    _write(application, stated)
    if application.status is ApplicationStatus.REVISION:
        _refuse_second(application)
    db.session.flush()


def attach(
    *, application_id: int, person_id: int, place: int, number: str, document: Document
) -> None:
    """
    Show a document as the evidence of one stated designation.

    :raises ApplicationMissing, ApplicationLocked:
    """
    application = lock_own(application_id, person_id=person_id)
    rows = list(application_facts.claimed_of(application))
    if not 0 <= place < len(rows) or rows[place].number != number:
        raise ApplicationMissing
    rows[place] = replace(rows[place], document_id=document.id)
    application.designations = application_facts.rows_of(rows)
    db.session.flush()


def submit(*, application_id: int, person_id: int, at: datetime, ip: str | None) -> None:
    """
    Hand an application in.

    :raises ApplicationMissing, ApplicationLocked, NotComplete, AlreadyApplied:
    """
    application = lock_own(application_id, person_id=person_id)
    points = checklist.list_points(application, on=day_in_seoul(at))
    problems = problems_of(application, points, at=at)
    if problems:
        raise NotComplete(problems)
    _refuse_second(application)
    move(application, ApplicationStatus.SUBMITTED)
    application.submitted_at = at
    application.answer = None
    db.session.flush()
    trail.record(
        "application.submitted",
        subject_kind="application",
        subject_id=application.id,
        actor_id=person_id,
        ip=ip,
    )
    word.to_operators(
        "application_submitted",
        {"application_id": application.id},
        key=f"{application.id}:{at.isoformat()}",
    )


def problems_of(
    application: Application, points: Sequence[Point], *, at: datetime
) -> list[Problem]:
    """List everything that is missing from an application, its checklist included."""
    return [
        *application_facts.list_problems(application, at=at),
        *(
            Problem(f"requirement-{point.id}", f"{point.title}: {point.asks}")
            for point in points
            if point.is_open_for_applicant
        ),
    ]


def lock_own(application_id: int, *, person_id: int) -> Application:
    """
    Lock an application its applicant may still change.

    :raises ApplicationMissing, ApplicationLocked:
    """
    application = lock(application_id)
    if application.person_id != person_id:
        raise ApplicationMissing
    if application.status not in EDITABLE:
        raise ApplicationLocked
    return application


def lock(application_id: int) -> Application:
    """
    Lock an application.

    :raises ApplicationMissing:
    """
    application = db.session.scalars(
        select(Application)
        .where(Application.id == application_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if application is None:
        raise ApplicationMissing
    return application


def move(application: Application, to: ApplicationStatus) -> None:
    """Move an application to where it may go; the caller has looked whether it may."""
    if to not in APPLICATION_MOVES[application.status]:
        raise AssertionError(f"{application.status} does not lead to {to}")
    application.status = to


def _write(application: Application, stated: Stated) -> None:
    if stated.dong_code not in dict(people.list_dong()):
        raise DongMissing
    application.business_number = business_number.normalize(stated.business_number)
    if stated.account_number:
        digits = bank_accounts.clean_number(stated.account_number)
        application.account_sealed = sealing.seal(digits, purpose=bank_accounts.PURPOSE)
        application.account_last4 = digits[-4:]
    for field in (
        "name",
        "tagline",
        "story",
        "representative_name",
        "phone",
        "email",
        "zip_code",
        "road_address",
        "address_detail",
        "dong_code",
        "bank_code",
        "account_holder",
    ):
        setattr(application, field, getattr(stated, field))
    application.mail_order_number = stated.mail_order_number or None
    application.designations = application_facts.rows_of(
        _with_evidence(application, stated.designations)
    )


def _with_evidence(application: Application, typed: Sequence[Claimed]) -> list[Claimed]:
    # Evidence follows its designation by number, or stays in its place while the number is
    # corrected; an id is never taken from the form.
    former = [] if application.id is None else list(application_facts.claimed_of(application))
    by_number = {(row.kind, row.number): row.document_id for row in former}
    named = {(row.kind, row.number) for row in typed}
    left = [None if (row.kind, row.number) in named else row.document_id for row in former]
    left += [None] * len(typed)
    return [
        replace(row, document_id=by_number.get((row.kind, row.number), left[place]))
        for place, row in enumerate(typed)
    ]


def _refuse_second(application: Application) -> None:
    # Two of one enterprise handed in at once would only meet at the unique index.
    db.session.execute(select(func.pg_advisory_xact_lock(int(application.business_number))))
    other = db.session.scalar(
        select(Application.id).where(
            Application.business_number == application.business_number,
            Application.id != application.id,
            Application.status.in_([ApplicationStatus.SUBMITTED, ApplicationStatus.REVISION]),
        )
    )
    if other is not None:
        raise AlreadyApplied
