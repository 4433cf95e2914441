"""How one applicant stands with the office's checklist."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import ARRAY, String, cast, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import db
from marketplace.core.errors import Conflict, InvalidInput, NotFound
from marketplace.enterprises import application_facts
from marketplace.enterprises.application_models import (
    Application,
    ApplicationStatus,
    Document,
    Fulfilment,
    FulfilmentState,
    Requirement,
    RequirementKind,
)

__all__ = ["FulfilmentState", "RequirementKind"]

STATE_NAMES: Final = {
    FulfilmentState.GIVEN: "제출함",
    FulfilmentState.ACCEPTED: "확인됨",
    FulfilmentState.RETURNED: "보완 필요",
    FulfilmentState.WAIVED: "면제",
}
_ASKS: Final = {
    RequirementKind.DOCUMENT: "파일을 올려 주세요.",
    RequirementKind.ATTESTATION: "읽고 확인해 주세요.",
    RequirementKind.TERMS: "전문을 읽고 동의해 주세요.",
    RequirementKind.REVIEW: "구청에서 살펴봅니다.",
}
_SETTLED: Final = frozenset({FulfilmentState.ACCEPTED, FulfilmentState.WAIVED})
# What the applicant says of themselves holds as said, unless the office returns it.
_HOLDS_AS_GIVEN: Final = frozenset({RequirementKind.ATTESTATION, RequirementKind.TERMS})


class PointMissing(NotFound):
    """This is not asked of this applicant."""

    message = "이 신청서에 해당하지 않는 항목입니다."


class WrongAnswer(InvalidInput):
    """A document was given for terms, or the other way round."""

    message = "이 항목에는 다른 방법으로 답해 주세요."


class NothingGiven(Conflict):
    """There is nothing the office could accept yet."""

    message = "신청인이 아직 내지 않은 항목입니다. 면제하거나 보완을 요청해 주세요."


class NoteMissing(InvalidInput):
    """Whoever gets something back wants to know why."""

    message = "돌려보내거나 면제하는 까닭을 적어 주세요."
    field = "note"


@dataclass(frozen=True, kw_only=True)
class Point:
    """One requirement and what became of it for one application."""

    id: int
    kind: RequirementKind
    title: str
    body: str
    is_mandatory: bool
    effective_on: date
    state: FulfilmentState | None
    note: str
    document_id: int | None
    document_name: str | None
    given_at: datetime | None

    @property
    def asks(self) -> str:
        """Say what the applicant is to do."""
        return _ASKS[self.kind]

    @property
    def is_open_for_applicant(self) -> bool:
        """Tell whether the applicant has to give something before handing in."""
        waits = self.state in (None, FulfilmentState.RETURNED)
        return self.is_mandatory and waits and self.kind is not RequirementKind.REVIEW

    @property
    def is_settled(self) -> bool:
        """Tell whether the office may approve as far as this point goes."""
        if self.state is FulfilmentState.GIVEN:
            return self.kind in _HOLDS_AS_GIVEN or not self.is_mandatory
        return self.state in _SETTLED or (self.state is None and not self.is_mandatory)


def asked_on(application: Application, at: datetime) -> date:
    """Return the day whose checklist counts: that of handing in, or today while it is written."""
    is_written = application.status in (ApplicationStatus.DRAFT, ApplicationStatus.REVISION)
    if is_written or application.submitted_at is None:
        return day_in_seoul(at)
    return day_in_seoul(application.submitted_at)


def list_points(application: Application, *, on: date) -> list[Point]:
    """List what is asked of an application on a day, with what was given, in one query."""
    kinds = sorted(application_facts.kinds_of(application))
    rows = db.session.execute(
        select(Requirement, Fulfilment, Document.filename)
        .outerjoin(
            Fulfilment,
            (Fulfilment.requirement_id == Requirement.id)
            & (Fulfilment.application_id == application.id),
        )
        .outerjoin(Document, Document.id == Fulfilment.document_id)
        .where(
            Requirement.effective_on <= on,
            or_(Requirement.retired_on.is_(None), Requirement.retired_on > on),
            or_(
                func.cardinality(Requirement.designation_kinds) == 0,
                Requirement.designation_kinds.op("&&")(cast(kinds, ARRAY(String))),
            ),
        )
        .order_by(Requirement.position, Requirement.id)
        .execution_options(populate_existing=True)
    )
    return [_point(*row) for row in rows]


def give_document(
    application: Application, requirement_id: int, *, document: Document, on: date, at: datetime
) -> None:
    """
    Give a document for a requirement; a former one is replaced.

    :raises PointMissing, WrongAnswer:
    """
    if _find(application, requirement_id, on).kind is not RequirementKind.DOCUMENT:
        raise WrongAnswer
    _give(application.id, requirement_id, document_id=document.id, at=at)


def agree(
    application: Application, requirement_id: int, *, is_agreed: bool, on: date, at: datetime
) -> None:
    """
    Agree to terms or attest something, or take it back.

    :raises PointMissing, WrongAnswer:
    """
    point = _find(application, requirement_id, on)
    if point.kind not in _HOLDS_AS_GIVEN:
        raise WrongAnswer
    if is_agreed and point.state in (None, FulfilmentState.RETURNED):
        _give(application.id, requirement_id, document_id=None, at=at)
    elif not is_agreed and point.state is not None:
        db.session.delete(db.session.get_one(Fulfilment, (application.id, requirement_id)))
        db.session.flush()


def decide(
    application: Application,
    requirement_id: int,
    *,
    state: FulfilmentState,
    note: str,
    on: date,
    by: int,
    at: datetime,
) -> None:
    """
    Accept what was given, give it back, or do without it.

    :raises PointMissing, NothingGiven, NoteMissing, WrongAnswer:
    """
    point = _find(application, requirement_id, on)
    if state is FulfilmentState.GIVEN:
        raise WrongAnswer
    is_given = point.state is not None or point.kind is RequirementKind.REVIEW
    if state is FulfilmentState.ACCEPTED and not is_given:
        raise NothingGiven
    if state is not FulfilmentState.ACCEPTED and not note.strip():
        raise NoteMissing
    decided = {"state": state, "note": note.strip(), "decided_at": at, "decided_by": by}
    _put(application.id, requirement_id, decided)


def _find(application: Application, requirement_id: int, on: date) -> Point:
    for point in list_points(application, on=on):
        if point.id == requirement_id:
            return point
    raise PointMissing


def _give(
    application_id: int, requirement_id: int, *, document_id: int | None, at: datetime
) -> None:
    _put(
        application_id,
        requirement_id,
        {
            "state": FulfilmentState.GIVEN,
            "document_id": document_id,
            "note": "",
            "given_at": at,
            "decided_at": None,
            "decided_by": None,
        },
    )


def _put(application_id: int, requirement_id: int, values: dict[str, object]) -> None:
    key = {"application_id": application_id, "requirement_id": requirement_id}
    db.session.execute(
        insert(Fulfilment)
        .values(**key, **values)
        .on_conflict_do_update(index_elements=list(key), set_=values)
    )


def _point(requirement: Requirement, given: Fulfilment | None, filename: str | None) -> Point:
    return Point(
        id=requirement.id,
        kind=requirement.kind,
        title=requirement.title,
        body=requirement.body,
        is_mandatory=requirement.is_mandatory,
        effective_on=requirement.effective_on,
        state=given.state if given else None,
        note=given.note if given else "",
        document_id=given.document_id if given else None,
        document_name=filename,
        given_at=given.given_at if given else None,
    )
