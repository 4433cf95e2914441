"""The office's checklist: what it asks of applicants, from a day on and until a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import func, select

from marketplace.audit import trail
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import db
from marketplace.core.errors import Conflict, InvalidInput, NotFound
from marketplace.enterprises.application_models import Fulfilment, Requirement, RequirementKind
from marketplace.enterprises.designations import DesignationKind

__all__ = ["KIND_NAMES", "RequirementKind"]

KIND_NAMES: Final = {
    RequirementKind.DOCUMENT: "서류",
    RequirementKind.ATTESTATION: "확인(자기 선언)",
    RequirementKind.TERMS: "약관",
    RequirementKind.REVIEW: "구청 심사",
}
LONGEST_TITLE: Final = 80
LONGEST_BODY: Final = 20_000


class RequirementMissing(NotFound):
    """There is no such point on the checklist."""

    message = "점검 항목을 찾을 수 없습니다."


class TitleMissing(InvalidInput):
    """A point without a name asks for nothing."""

    message = "항목 이름을 적어 주세요."
    field = "title"


class TextMissing(InvalidInput):
    """Nobody agrees to nothing."""

    message = "약관과 확인 항목에는 동의할 전문을 적어 주세요."
    field = "body"


class DayPast(InvalidInput):
    """What was asked in the past cannot be changed now."""

    message = "시행일은 오늘이나 그 뒤의 날이어야 합니다."
    field = "effective_on"


class AlreadyInForce(Conflict):
    """Applicants have seen it: it is replaced by another, never rewritten."""

    message = "이미 시행된 항목은 고칠 수 없습니다. 새 항목으로 바꾸어 주세요."


class AlreadyRetired(Conflict):
    """It has an end already."""

    message = "이미 끝이 정해진 항목입니다."


class StartsTooEarly(Conflict):
    """Two points of one thing do not hold on one day."""

    message = "바꾸는 항목은 지금 항목의 시행일보다 뒤에 시행되어야 합니다."
    field = "effective_on"


@dataclass(frozen=True, kw_only=True)
class Written:
    """One point as the office writes it."""

    kind: RequirementKind
    title: str
    body: str
    is_mandatory: bool
    designation_kinds: tuple[DesignationKind, ...]
    position: int
    effective_on: date


@dataclass(frozen=True, kw_only=True)
class RequirementRow:
    """One point with how often applicants have answered it."""

    id: int
    kind: RequirementKind
    title: str
    body: str
    is_mandatory: bool
    designation_kinds: tuple[str, ...]
    position: int
    effective_on: date
    retired_on: date | None
    answered: int

    def is_in_force(self, day: date) -> bool:
        """Tell whether applicants are asked for it on a day."""
        return self.effective_on <= day and (self.retired_on is None or self.retired_on > day)


def list_all() -> list[RequirementRow]:
    """List every point there is or was, in order, in one query."""
    answered = (
        select(func.count())
        .where(Fulfilment.requirement_id == Requirement.id)
        .correlate(Requirement)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(Requirement, answered).order_by(
            Requirement.position, Requirement.effective_on, Requirement.id
        )
    )
    return [_row(requirement, count) for requirement, count in rows]


def get(requirement_id: int) -> RequirementRow:
    """
    Return one point.

    :raises RequirementMissing:
    """
    requirement = db.session.get(Requirement, requirement_id)
    if requirement is None:
        raise RequirementMissing
    return _row(requirement, 0)


def add(written: Written, *, by: int | None, at: datetime) -> int:
    """
    Ask applicants for one more thing from a day on; return its id.

    :raises TitleMissing, TextMissing, DayPast:
    """
    checked = _checked(written, at)
    made = Requirement(**_columns(checked), created_by=by)
    db.session.add(made)
    db.session.flush()
    _record("requirement.added", made, by)
    return made.id


def change(requirement_id: int, written: Written, *, by: int, at: datetime) -> None:
    """
    Rewrite a point nobody has been asked for yet.

    :raises RequirementMissing, AlreadyInForce, TitleMissing, TextMissing, DayPast:
    """
    requirement = _lock(requirement_id)
    if requirement.effective_on <= day_in_seoul(at):
        raise AlreadyInForce
    for name, value in _columns(_checked(written, at)).items():
        setattr(requirement, name, value)
    db.session.flush()
    _record("requirement.changed", requirement, by)


def replace(requirement_id: int, written: Written, *, by: int, at: datetime) -> int:
    """
    Ask for something else from a day on, on which the present point ends; return the new id.

    :raises RequirementMissing, AlreadyRetired, StartsTooEarly, TitleMissing, TextMissing, DayPast:
    """
    former = _lock(requirement_id)
    checked = _checked(written, at)
    if former.retired_on is not None:
        raise AlreadyRetired
    if checked.effective_on <= former.effective_on:
        raise StartsTooEarly
    former.retired_on = checked.effective_on
    made = Requirement(**_columns(checked), created_by=by)
    db.session.add(made)
    db.session.flush()
    _record("requirement.replaced", former, by, by_requirement=made.id)
    return made.id


def retire(requirement_id: int, *, by: int, at: datetime) -> None:
    """
    Ask for it no longer: from today, or from tomorrow when it began today.

    :raises RequirementMissing, AlreadyRetired:
    """
    requirement = _lock(requirement_id)
    if requirement.retired_on is not None:
        raise AlreadyRetired
    requirement.retired_on = max(day_in_seoul(at), requirement.effective_on + timedelta(days=1))
    db.session.flush()
    _record("requirement.retired", requirement, by)


def _checked(written: Written, at: datetime) -> Written:
    if not written.title.strip():
        raise TitleMissing
    needs_text = written.kind in (RequirementKind.TERMS, RequirementKind.ATTESTATION)
    if needs_text and not written.body.strip():
        raise TextMissing
    if written.effective_on < day_in_seoul(at):
        raise DayPast
    return written


def _columns(written: Written) -> dict[str, object]:
    return {
        **vars(written),
        "designation_kinds": [kind.value for kind in written.designation_kinds],
    }


def _lock(requirement_id: int) -> Requirement:
    requirement = db.session.get(Requirement, requirement_id, with_for_update=True)
    if requirement is None:
        raise RequirementMissing
    return requirement


def _row(requirement: Requirement, answered: int) -> RequirementRow:
    return RequirementRow(
        id=requirement.id,
        kind=requirement.kind,
        title=requirement.title,
        body=requirement.body,
        is_mandatory=requirement.is_mandatory,
        designation_kinds=tuple(requirement.designation_kinds),
        position=requirement.position,
        effective_on=requirement.effective_on,
        retired_on=requirement.retired_on,
        answered=answered,
    )


def _record(action: str, requirement: Requirement, by: int | None, **details: object) -> None:
    trail.record(
        action,
        subject_kind="requirement",
        subject_id=requirement.id,
        actor_id=by,
        details={
            "title": requirement.title,
            "effective_on": requirement.effective_on.isoformat(),
            **details,
        },
    )
