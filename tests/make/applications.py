"""Applications of enterprises, and the checklist they are held against."""

from __future__ import annotations

from datetime import date, datetime

from flask import current_app

from marketplace.accounts.models import Person
from marketplace.core.db import db, transaction
from marketplace.core.storage import Storage
from marketplace.enterprises import applications, business_number, checklist, documents
from marketplace.enterprises.application_facts import Claimed, Stated
from marketplace.enterprises.application_models import (
    Application,
    Requirement,
    RequirementKind,
)
from tests.make.common import NOW, numbers, save
from tests.make.people import dong, person

PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


def valid_business_number() -> str:
    """Return a business number nobody had, with its check digit."""
    # Four digits, never all nought.
    nine = f"21581{next(numbers) % 9_999 + 1:04d}"
    return f"{nine}{business_number.check_digit(nine)}"


def stated(**other: object) -> Stated:
    """Return what an applicant types, complete unless a test says otherwise."""
    facts: dict[str, object] = {
        "name": f"새 가게 {next(numbers)}",
        "tagline": "동네에서 굽습니다",
        "story": "",
        "representative_name": "박대표",
        "business_number": valid_business_number(),
        "mail_order_number": "제2026-서울광진-0123호",
        "phone": "02-450-1234",
        "email": "shop@example.com",
        "zip_code": "05000",
        "road_address": "서울특별시 광진구 능동로 120",
        "address_detail": "",
        "dong_code": dong().code,
        "bank_code": "088",
        "account_number": "110-123-456789",
        "account_holder": "박대표",
        "designations": (
            Claimed(
                kind="social",
                number="제2026-001호",
                authority="고용노동부",
                granted_on="2026-01-01",
                expires_on="2028-12-31",
            ),
        ),
    }
    return Stated(**{**facts, **other})  # type: ignore[arg-type]


def requirement(
    title: str = "사업자등록증",
    kind: RequirementKind = RequirementKind.DOCUMENT,
    *,
    is_mandatory: bool = True,
    designation_kinds: tuple[str, ...] = (),
    effective_on: date = date(2026, 1, 1),
    retired_on: date | None = None,
) -> Requirement:
    """Ask applicants for something."""
    made = Requirement(
        kind=kind,
        title=title,
        body="전문",
        is_mandatory=is_mandatory,
        designation_kinds=list(designation_kinds),
        position=next(numbers),
        effective_on=effective_on,
        retired_on=retired_on,
    )
    save(made)
    return made


def document(of: Person, *, name: str = "서류.pdf", content: bytes = PDF) -> int:
    """Keep a document of somebody; return its id."""
    storage = Storage.of(current_app.extensions["settings"])
    with transaction():
        return documents.store(content, filename=name, storage=storage, person_id=of.id, at=NOW).id


def application(
    of: Person | None = None, *, submitted: bool = True, at: datetime = NOW, **facts: object
) -> Application:
    """Write an application with its evidence; unless told otherwise, hand it in."""
    applicant = of or person(name="신청인")
    with transaction():
        application_id = applications.start(person_id=applicant.id, stated=stated(**facts), at=at)
    document_id = document(applicant)
    with transaction():
        made = db.session.get_one(Application, application_id)
        for place, row in enumerate(made.designations):
            applications.attach(
                application_id=application_id,
                person_id=applicant.id,
                place=place,
                number=str(row["number"]),
                document=db.session.get_one(documents.Document, document_id),
            )
        for point in checklist.list_points(made, on=at.date()):
            _give(made, point, document_id, at)
        if submitted:
            applications.submit(application_id=made.id, person_id=applicant.id, at=at, ip=None)
    return made


def _give(made: Application, point: checklist.Point, document_id: int, at: datetime) -> None:
    if point.kind is RequirementKind.DOCUMENT:
        checklist.give_document(
            made,
            point.id,
            document=db.session.get_one(documents.Document, document_id),
            on=at.date(),
            at=at,
        )
    elif point.kind is not RequirementKind.REVIEW:
        checklist.agree(made, point.id, is_agreed=True, on=at.date(), at=at)
