"""Applications as applicants and the office read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, func, select

from marketplace.accounts.models import Dong, Person
from marketplace.core.db import db
from marketplace.core.errors import DomainError
from marketplace.enterprises import (
    application_facts,
    applications,
    approval,
    bank_accounts,
    business_number,
    checklist,
    documents,
)
from marketplace.enterprises.application_facts import Claimed, Problem
from marketplace.enterprises.application_models import Application, ApplicationStatus
from marketplace.enterprises.applications import ApplicationMissing
from marketplace.enterprises.checklist import Point

PAGE: Final = 20


@dataclass(frozen=True)
class ApplicationRow:
    """One application in a list."""

    id: int
    name: str
    status: ApplicationStatus
    business_number: str
    applicant: str
    created_at: datetime
    submitted_at: datetime | None
    answer: str | None
    enterprise_id: int | None


@dataclass(frozen=True, kw_only=True)
class ApplicationView:
    """One application with everything its page shows; the account number is masked."""

    id: int
    person_id: int
    applicant: str
    applicant_email: str
    status: ApplicationStatus
    name: str
    tagline: str
    story: str
    representative_name: str
    business_number: str
    mail_order_number: str | None
    phone: str
    email: str
    zip_code: str
    road_address: str
    address_detail: str
    dong_code: str
    dong_name: str
    bank_code: str
    bank_name: str
    account_last4: str
    account_holder: str
    designations: tuple[Claimed, ...]
    document_names: dict[int, str]
    answer: str | None
    enterprise_id: int | None
    created_at: datetime
    submitted_at: datetime | None
    decided_at: datetime | None
    points: tuple[Point, ...]
    problems: tuple[Problem, ...]

    @property
    def is_editable(self) -> bool:
        """Tell whether the applicant may change it."""
        return self.status in applications.EDITABLE

    def shows_document(self, document_id: int) -> bool:
        """Tell whether a document belongs to this application."""
        return document_id in {
            *(row.document_id for row in self.designations),
            *(point.document_id for point in self.points),
        }


@dataclass(frozen=True)
class Check:
    """One thing the program looked at for the office."""

    title: str
    is_good: bool
    words: str


def list_own(person_id: int) -> list[ApplicationRow]:
    """List a person's applications, newest first."""
    return _rows(select(Application, Person.name).where(Application.person_id == person_id))


def list_page(
    *, status: ApplicationStatus | None, before: int | None = None
) -> list[ApplicationRow]:
    """List a page of applications that were handed in, newest first, in one query."""
    statement = select(Application, Person.name).where(
        Application.status != ApplicationStatus.DRAFT
    )
    if status is not None:
        statement = statement.where(Application.status == status)
    if before is not None:
        statement = statement.where(Application.id < before)
    return _rows(statement.limit(PAGE))


def count_by_status() -> dict[ApplicationStatus, int]:
    """Count applications by status; drafts are nobody's business yet."""
    rows = db.session.execute(select(Application.status, func.count()).group_by(Application.status))
    found = {ApplicationStatus(status): count for status, count in rows}
    return {
        status: found.get(status, 0)
        for status in ApplicationStatus
        if status is not ApplicationStatus.DRAFT
    }


def get_own(application_id: int, *, person_id: int, at: datetime) -> ApplicationView:
    """
    Return an application to its applicant.

    :raises ApplicationMissing:
    """
    view = _get(application_id, at)
    if view.person_id != person_id:
        raise ApplicationMissing
    return view


def get_handed_in(application_id: int, *, at: datetime) -> ApplicationView:
    """
    Return an application to the office.

    :raises ApplicationMissing:
    """
    view = _get(application_id, at)
    if view.status is ApplicationStatus.DRAFT:
        raise ApplicationMissing
    return view


def list_checks(view: ApplicationView) -> list[Check]:
    """List what the program found out about the stated facts."""
    try:
        business_number.normalize(view.business_number)
        number = Check("사업자등록번호", True, "검증 숫자가 맞습니다.")
    except DomainError as error:
        number = Check("사업자등록번호", False, str(error))
    application = db.session.get_one(Application, view.id)
    registered = approval.find_registered(application)
    if registered is None or registered.id == view.enterprise_id:
        known = Check("등록부", True, "같은 사업자등록번호의 다른 가게가 없습니다.")
    else:
        known = Check("등록부", False, f"같은 번호의 가게가 등록부에 있습니다: {registered.name}")
    facts = [problem for problem in view.problems if not problem.field.startswith("requirement-")]
    stated = Check(
        "적은 내용",
        not facts,
        " ".join(problem.text for problem in facts) or "빠지거나 틀린 형식이 없습니다.",
    )
    return [number, known, stated]


def _rows(statement: Select[Application, str]) -> list[ApplicationRow]:
    rows = db.session.execute(
        statement.join(Person, Person.id == Application.person_id).order_by(Application.id.desc())
    )
    return [
        ApplicationRow(
            id=application.id,
            name=application.name,
            status=application.status,
            business_number=application.business_number,
            applicant=name,
            created_at=application.created_at,
            submitted_at=application.submitted_at,
            answer=application.answer,
            enterprise_id=application.enterprise_id,
        )
        for application, name in rows
    ]


def _get(application_id: int, at: datetime) -> ApplicationView:
    row = db.session.execute(
        select(Application, Dong.name, Person.name, Person.email)
        .join(Dong, Dong.code == Application.dong_code)
        .join(Person, Person.id == Application.person_id)
        .where(Application.id == application_id)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise ApplicationMissing
    application, dong_name, applicant, applicant_email = row
    points = checklist.list_points(application, on=checklist.asked_on(application, at))
    rows = application_facts.claimed_of(application)
    return ApplicationView(
        **_typed(application),
        dong_name=dong_name,
        applicant=applicant,
        applicant_email=applicant_email,
        bank_name=bank_accounts.BANKS.get(application.bank_code, ""),
        designations=rows,
        document_names=documents.names_of(_evidence(rows)),
        points=tuple(points),
        problems=tuple(applications.problems_of(application, points, at=at)),
    )


def _evidence(rows: Sequence[Claimed]) -> list[int]:
    return [row.document_id for row in rows if row.document_id is not None]


def _typed(application: Application) -> dict[str, Any]:
    plain = (
        "id person_id status name tagline story representative_name business_number "
        "mail_order_number phone email zip_code road_address address_detail dong_code bank_code "
        "account_last4 account_holder answer enterprise_id created_at submitted_at decided_at"
    )
    return {field: getattr(application, field) for field in plain.split()}
