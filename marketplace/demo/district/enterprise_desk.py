"""Write what lies on the desk of those who admit enterprises: checklist, applications, an end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import select

from marketplace.accounts import queries
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import db
from marketplace.core.settings import Settings
from marketplace.core.storage import Storage
from marketplace.demo.district.load_people import People
from marketplace.enterprises import (
    applications,
    approval,
    business_number,
    checklist,
    documents,
    requirements,
)
from marketplace.enterprises.application_facts import Claimed, Stated
from marketplace.enterprises.application_models import Application, RequirementKind
from marketplace.enterprises.checklist import FulfilmentState
from marketplace.enterprises.documents import Document
from marketplace.enterprises.models import Designation
from marketplace.enterprises.requirements import Written

_BEGAN: Final = timedelta(days=400)
_ENDS_IN: Final = timedelta(days=25)
_TERMS: Final = """\
제1조(목적) 이 약관은 세나루 마켓에서 파는 가게와 운영사무국의 권리와 의무를 정합니다.

제2조(판매자의 의무) 가게는 상품 정보를 사실대로 적고, 주문을 받은 날부터 3영업일 안에 보냅니다.

제3조(수수료와 정산) 수수료는 받지 않으며, 구매확정된 금액을 매달 두 번 등록한 계좌로 보냅니다.

제4조(지정의 유지) 가게는 지정(인증)이 끝나거나 바뀌면 30일 안에 알립니다.

제5조(판매 정지) 거짓 정보나 소비자 피해가 확인되면 까닭을 알리고 판매를 정지합니다."""
_ATTESTATION: Final = (
    "신청서와 서류의 내용은 사실이며, 사실과 다르면 입점이 취소될 수 있음을 확인합니다."
)


@dataclass(frozen=True)
class _Applicant:
    name: str
    tagline: str
    nine: str
    representative: str
    number: str
    kind: str
    authority: str


_FIRST: Final = _Applicant(
    "물결 수선소",
    "고쳐 쓰는 옷과 가방",
    "215814021",
    "오수선",
    "제2025-114호",
    "pre_social",
    "서울특별시",
)
_SECOND: Final = _Applicant(
    "느린배 두부",
    "아침마다 가마솥에 끓이는 두부",
    "215814022",
    "한두부",
    "제2024-31호",
    "village",
    "행정안전부",
)


def load(people: People, settings: Settings, *, at: datetime) -> None:
    """Write the checklist, an application that waits, one sent back, and a designation's end."""
    _write_checklist(people.staff["operator"], at - _BEGAN)
    storage = Storage.of(settings)
    _apply(_FIRST, people.residents[-1], storage, at=at - timedelta(days=2))
    returned = _apply(_SECOND, people.residents[-2], storage, at=at - timedelta(days=4))
    _send_back(returned, people.staff["operator"], at=at - timedelta(days=1))
    _let_one_end(day_in_seoul(at))


def _write_checklist(by: int, at: datetime) -> None:
    papers = ("사업자등록증", "통신판매업 신고증", "지정서 또는 인증서", "통장사본")
    points = [
        *((RequirementKind.DOCUMENT, title, "") for title in papers),
        (RequirementKind.TERMS, "입점약관", _TERMS),
        (RequirementKind.ATTESTATION, "사실 확인", _ATTESTATION),
        (RequirementKind.REVIEW, "현장 확인", "담당자가 사업장에 들러 확인합니다."),
    ]
    for position, (kind, title, body) in enumerate(points):
        requirements.add(
            Written(
                kind=kind,
                title=title,
                body=body,
                is_mandatory=kind is not RequirementKind.REVIEW,
                designation_kinds=(),
                position=position,
                effective_on=day_in_seoul(at),
            ),
            by=by,
            at=at,
        )


def _apply(one: _Applicant, person_id: int, storage: Storage, *, at: datetime) -> Application:
    application_id = applications.start(person_id=person_id, stated=_stated(one), at=at)
    application = applications.lock_own(application_id, person_id=person_id)

    def paper(name: str) -> Document:
        return documents.store(
            _pdf(), filename=f"{name}.pdf", storage=storage, person_id=person_id, at=at
        )

    applications.attach(
        application_id=application_id,
        person_id=person_id,
        place=0,
        number=one.number,
        document=paper("지정서"),
    )
    on = day_in_seoul(at)
    for point in checklist.list_points(application, on=on):
        if point.kind is RequirementKind.DOCUMENT:
            checklist.give_document(
                application, point.id, document=paper(point.title), on=on, at=at
            )
        elif point.kind is not RequirementKind.REVIEW:
            checklist.agree(application, point.id, is_agreed=True, on=on, at=at)
    applications.submit(application_id=application_id, person_id=person_id, at=at, ip=None)
    return application


def _stated(one: _Applicant) -> Stated:
    dong_code, dong_name = queries.list_dong()[0]
    return Stated(
        name=one.name,
        tagline=one.tagline,
        story=f"{dong_name}에서 시작한 작은 가게입니다.",
        representative_name=one.representative,
        business_number=f"{one.nine}{business_number.check_digit(one.nine)}",
        mail_order_number="제2026-서울광진-0412호",
        phone="02-450-3300",
        email="hello@senaru.example",
        zip_code="04920",
        road_address="서울특별시 광진구 나루터길 12",
        address_detail="1층",
        dong_code=dong_code,
        bank_code="088",
        account_number="110-222-333444",
        account_holder=one.representative,
        designations=(
            Claimed(
                kind=one.kind,
                number=one.number,
                authority=one.authority,
                granted_on="2025-03-02",
                expires_on="",
            ),
        ),
    )


def _send_back(application: Application, by: int, *, at: datetime) -> None:
    points = checklist.list_points(application, on=checklist.asked_on(application, at))
    account = next(point for point in points if point.title == "통장사본")
    approval.judge_point(
        application_id=application.id,
        requirement_id=account.id,
        state=FulfilmentState.RETURNED,
        note="예금주가 보이도록 통장 첫 면을 다시 올려 주세요.",
        by=by,
        at=at,
    )
    approval.ask_for_revision(
        application_id=application.id,
        answer="통장사본의 예금주가 보이지 않습니다. 다시 올려 주세요.",
        by=by,
        at=at,
    )


def _let_one_end(today: date) -> None:
    held = db.session.scalars(
        select(Designation)
        .where(Designation.granted_on < today, Designation.revoked_on.is_(None))
        .order_by(Designation.id)
        .limit(1)
    ).one()
    held.expires_on = today + _ENDS_IN
    db.session.flush()


def _pdf() -> bytes:
    """Return one empty page that every reader opens."""
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
    )
    written, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(written))
        written += b"%d 0 obj%sendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return (
        written
        + b"xref\n0 4\n0000000000 65535 f \n"
        + table
        + b"trailer<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(written)
    )
