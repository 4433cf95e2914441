"""What looks like fraud: raised once, looked at by staff, cleared with a note and never deleted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from marketplace.accounts.models import Person
from marketplace.audit import trail
from marketplace.core import masking
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import db, table_of
from marketplace.core.errors import Conflict, InvalidInput, NotFound
from marketplace.coupons.counter_models import FraudFlag
from marketplace.coupons.counter_models import FraudKind as FraudKind
from marketplace.coupons.models import Campaign
from marketplace.enterprises.models import Enterprise

LABELS: Final = {
    FraudKind.MANY_SHOPS: "짧은 시간에 여러 가게",
    FraudKind.OWN_MEMBER: "자기 가게에서 사용",
    FraudKind.FACE_VALUE: "액면 그대로 반복",
    FraudKind.OUTSIDE_HOURS: "시간 밖 사용",
    FraudKind.HIGH_REVERSAL: "사용취소가 많음",
    FraudKind.CODE_GUESSING: "코드 추측",
}
LONGEST_NOTE: Final = 500
PAGE: Final = 50


class FlagUnknown(NotFound):
    """There is no such flag."""

    message = "이상 징후를 찾을 수 없습니다."


class AlreadyCleared(Conflict):
    """Somebody else looked at it first."""

    message = "이미 확인이 끝난 이상 징후입니다."


class NoteMissing(InvalidInput):
    """A flag is cleared only with what was found."""

    message = "확인한 내용을 적어 주세요(500자까지)."
    field = "note"


@dataclass(frozen=True, kw_only=True)
class Suspicion:
    """One thing to look at; `about` is its name, so that it is raised once."""

    kind: FraudKind
    about: str
    campaign_id: int | None = None
    enterprise_id: int | None = None
    person_id: int | None = None
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class FlagCard:
    """One flag as staff see it; the person's name is hidden in part."""

    id: int
    kind: FraudKind
    campaign_id: int | None
    campaign: str | None
    enterprise_id: int | None
    enterprise: str | None
    enterprise_slug: str | None
    person_id: int | None
    person: str | None
    details: Mapping[str, object]
    raised_at: datetime
    cleared_at: datetime | None
    cleared_by: str | None
    note: str


def raise_flag(
    kind: FraudKind,
    about: str,
    *,
    at: datetime,
    campaign_id: int | None = None,
    enterprise_id: int | None = None,
    person_id: int | None = None,
    details: Mapping[str, object] | None = None,
) -> bool:
    """Raise one flag unless it was raised before; tell whether it is new."""
    suspicion = Suspicion(
        kind=kind,
        about=about,
        campaign_id=campaign_id,
        enterprise_id=enterprise_id,
        person_id=person_id,
        details=details or {},
    )
    return raise_flags([suspicion], at=at) == 1


def raise_flags(suspicions: Iterable[Suspicion], *, at: datetime) -> int:
    """Raise those flags that were not raised before, in one statement; return how many."""
    rows = [
        {
            "kind": suspicion.kind,
            "about": suspicion.about,
            "campaign_id": suspicion.campaign_id,
            "enterprise_id": suspicion.enterprise_id,
            "person_id": suspicion.person_id,
            "details": dict(suspicion.details),
            "raised_at": at,
        }
        for suspicion in suspicions
    ]
    if not rows:
        return 0
    raised = db.session.execute(
        insert(table_of(FraudFlag)).values(rows).on_conflict_do_nothing().returning(FraudFlag.id)
    )
    return len(raised.all())


def note_code_guessing(*, source: str, person_id: int | None, at: datetime) -> bool:
    """
    Flag somebody who used up the tries for coupon codes; once per source and day.

    `source` names who tried without telling it, such as a keyed digest of an address.
    """
    who = f"person:{person_id}" if person_id is not None else source
    return raise_flag(
        FraudKind.CODE_GUESSING,
        f"{FraudKind.CODE_GUESSING}:{who}:{day_in_seoul(at)}",
        person_id=person_id,
        at=at,
    )


def count_open() -> int:
    """Count the flags nobody has looked at."""
    return (
        db.session.scalar(
            select(func.count()).where(FraudFlag.cleared_at.is_(None)).select_from(FraudFlag)
        )
        or 0
    )


def list_flags(*, is_open: bool, before_id: int | None = None) -> list[FlagCard]:
    """Return a page of open or cleared flags, newest first, in one query."""
    clearer = Person.__table__.alias("clearer")
    statement = (
        select(
            FraudFlag,
            Campaign.name.label("campaign"),
            Enterprise.name.label("enterprise"),
            Enterprise.slug.label("slug"),
            Person.name.label("person"),
            clearer.c.name.label("clearer"),
        )
        .outerjoin(Campaign, Campaign.id == FraudFlag.campaign_id)
        .outerjoin(Enterprise, Enterprise.id == FraudFlag.enterprise_id)
        .outerjoin(Person, Person.id == FraudFlag.person_id)
        .outerjoin(clearer, clearer.c.id == FraudFlag.cleared_by)
        .where(FraudFlag.cleared_at.is_(None) if is_open else FraudFlag.cleared_at.is_not(None))
        .order_by(FraudFlag.id.desc())
        .limit(PAGE)
        .execution_options(populate_existing=True)
    )
    if before_id is not None:
        statement = statement.where(FraudFlag.id < before_id)
    return [
        FlagCard(
            id=row.FraudFlag.id,
            kind=row.FraudFlag.kind,
            campaign_id=row.FraudFlag.campaign_id,
            campaign=row.campaign,
            enterprise_id=row.FraudFlag.enterprise_id,
            enterprise=row.enterprise,
            enterprise_slug=row.slug,
            person_id=row.FraudFlag.person_id,
            person=None if row.person is None else masking.name(row.person),
            details=row.FraudFlag.details,
            raised_at=row.FraudFlag.raised_at,
            cleared_at=row.FraudFlag.cleared_at,
            cleared_by=row.clearer,
            note=row.FraudFlag.note,
        )
        for row in db.session.execute(statement)
    ]


def clear(*, flag_id: int, note: str, by: int, at: datetime, ip: str | None = None) -> None:
    """
    Close a flag with what somebody found out about it.

    :raises FlagUnknown, AlreadyCleared, NoteMissing:
    """
    found_out = note.strip()
    if not found_out or len(found_out) > LONGEST_NOTE:
        raise NoteMissing
    flag = db.session.get(FraudFlag, flag_id, with_for_update=True, populate_existing=True)
    if flag is None:
        raise FlagUnknown
    if flag.cleared_at is not None:
        raise AlreadyCleared
    flag.cleared_at, flag.cleared_by, flag.note = at, by, found_out
    trail.record(
        "fraud_flag_cleared",
        subject_kind="fraud_flag",
        subject_id=flag.id,
        actor_id=by,
        details={"kind": flag.kind.value, "note": found_out},
        ip=ip,
    )
    db.session.flush()
