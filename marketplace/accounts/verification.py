"""Facts about people that were looked at: recorded once, counted until they end, never edited."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from marketplace.accounts.models import Department, Dong, Person, PersonStatus
from marketplace.accounts.verification_models import (
    Verification,
    VerificationKind,
    VerificationMethod,
)
from marketplace.audit import trail
from marketplace.core.db import db
from marketplace.core.errors import Conflict, InvalidInput, NotFound

__all__ = [
    "CurrentFact",
    "Facts",
    "VerificationKind",
    "VerificationMethod",
    "clean_value",
    "forget",
    "forget_former",
    "get_facts",
    "list_current",
    "list_dong_names",
    "list_facts",
    "list_former_accounts",
    "record",
    "revoke",
]

LONGEST_WORKPLACE: Final = 60
# As long as the privacy notice says.
KEPT_OF_FORMER: Final = timedelta(days=365)
# Somebody may write their own dong; what was looked at is looked at again after this many days.
VALID_DAYS: Final = {
    VerificationKind.RESIDENCE: 365,
    VerificationKind.WORKPLACE: 365,
    VerificationKind.STAFF: 365,
}


class ValueUnknown(InvalidInput):
    """The dong or department is none of ours, or the workplace has no name."""

    message = "{what} 다시 골라 주세요."
    field = "value"


class PersonMissing(NotFound):
    message = "회원을 찾을 수 없습니다."


class IdentityTaken(Conflict):
    """The same human being has verified another account."""

    message = (
        "이미 다른 계정에서 본인 확인을 마쳤습니다. "
        "그 계정으로 로그인하거나, 그 계정을 탈퇴한 뒤 다시 해 주세요."
    )


class NothingToRevoke(NotFound):
    message = "거둘 확인이 없습니다. 이미 거두었거나 기한이 지났습니다."


@dataclass(frozen=True)
class Facts:
    """What is known of a person; `verified` maps a kind to its value."""

    dong_code: str | None
    birth_on: date | None
    verified: Mapping[VerificationKind, str]


@dataclass(frozen=True)
class CurrentFact:
    """One fact that counts now, in words; `expires_at` is None when it stays."""

    kind: VerificationKind
    method: VerificationMethod
    value: str
    verified_at: datetime
    expires_at: datetime | None


def get_facts(*, person_id: int, at: datetime) -> Facts:
    """
    Return a person's facts in one query.

    :raises PersonMissing:
    """
    facts = list_facts(person_ids=[person_id], at=at).get(person_id)
    if facts is None:
        raise PersonMissing
    return facts


def list_facts(*, person_ids: Collection[int], at: datetime) -> dict[int, Facts]:
    """Return the facts of people by their id, in one query."""
    verified = (
        select(
            func.json_agg(
                aggregate_order_by(
                    func.json_build_array(Verification.kind, Verification.value), Verification.id
                )
            )
        )
        .where(Verification.person_id == Person.id, *_counts(at))
        .correlate(Person)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(Person.id, Person.dong_code, Person.birth_on, verified).where(
            Person.id.in_(person_ids)
        )
    )
    return {
        person_id: Facts(
            dong_code, birth_on, {VerificationKind(kind): value for kind, value in pairs or []}
        )
        for person_id, dong_code, birth_on, pairs in rows
    }


def list_current(*, person_id: int, at: datetime) -> list[CurrentFact]:
    """Return what counts now, dong in words."""
    rows = db.session.execute(
        select(Verification, Dong.name)
        .outerjoin(Dong, Dong.code == Verification.value)
        .where(Verification.person_id == person_id, *_counts(at))
        .order_by(Verification.kind)
    )
    return [
        CurrentFact(fact.kind, fact.method, dong or fact.value, fact.verified_at, fact.expires_at)
        for fact, dong in rows
    ]


def list_dong_names(codes: Sequence[str]) -> list[str]:
    """Return the names of dong, in their order."""
    return list(
        db.session.scalars(select(Dong.name).where(Dong.code.in_(list(codes))).order_by(Dong.name))
    )


def clean_value(kind: VerificationKind, value: str) -> str:
    """
    Return a value as it is kept: a dong's code, a department's or a workplace's name.

    :raises ValueUnknown:
    """
    value = " ".join(value.split())
    if kind is VerificationKind.RESIDENCE:
        code = db.session.scalar(
            select(Dong.code).where((Dong.code == value) | (Dong.name == value))
        )
        if code is None:
            raise ValueUnknown(what="거주 동을")
        return code
    if kind is VerificationKind.STAFF:
        name = db.session.scalar(select(Department.name).where(Department.name == value))
        if name is None:
            raise ValueUnknown(what="부서를")
        return name
    if not 0 < len(value) <= LONGEST_WORKPLACE:
        raise ValueUnknown(what="직장 이름을")
    return value


def record(
    *,
    person_id: int,
    kind: VerificationKind,
    method: VerificationMethod,
    value: str = "",
    by: int | None,
    at: datetime,
    expires_at: datetime | None = None,
    identity_digests: Sequence[str] = (),
) -> None:
    """
    Let a fact count from now on; the one before it ends.

    An identity comes with its digest under every known key, the present key first.

    :raises PersonMissing, IdentityTaken:
    """
    known = db.session.scalar(
        select(Person.id)
        .where(Person.id == person_id, Person.status != PersonStatus.WITHDRAWN)
        .with_for_update()
    )
    if known is None:
        raise PersonMissing
    _end(person_id, kind, at)
    _refuse_second_account(identity_digests)
    _know_former_accounts(identity_digests)
    try:
        with db.session.begin_nested():
            db.session.add(
                Verification(
                    person_id=person_id,
                    kind=kind,
                    method=method,
                    value=value,
                    identity_digest=next(iter(identity_digests), None),
                    verified_by=by,
                    verified_at=at,
                    expires_at=expires_at,
                )
            )
            db.session.flush()
    except IntegrityError as error:
        raise IdentityTaken from error
    trail.record(
        "fact_verified",
        subject_kind="person",
        subject_id=person_id,
        actor_id=by,
        details={"kind": kind.value, "method": method.value},
    )


def revoke(*, person_id: int, kind: VerificationKind, by: int, at: datetime) -> None:
    """
    End a fact before its time.

    :raises NothingToRevoke:
    """
    if not _end(person_id, kind, at):
        raise NothingToRevoke
    trail.record(
        "fact_revoked",
        subject_kind="person",
        subject_id=person_id,
        actor_id=by,
        details={"kind": kind.value},
    )


def forget(*, person_id: int, at: datetime) -> None:
    """Delete what was verified of somebody who leaves, but for the digest of who they are."""
    own = Verification.person_id == person_id
    db.session.execute(
        delete(Verification).where(own, Verification.kind != VerificationKind.IDENTITY)
    )
    _end(person_id, VerificationKind.IDENTITY, at)


def forget_former(*, at: datetime) -> int:
    """Delete the digests of people who left long ago and return how many."""
    long_gone = select(Person.id).where(Person.withdrawn_at < at - KEPT_OF_FORMER)
    gone = db.session.execute(
        delete(Verification)
        .where(Verification.person_id.in_(long_gone))
        .returning(Verification.id)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())


def list_former_accounts(*, person_id: int) -> list[int]:
    """Return the other accounts that the same human being verified before this one."""
    own, former = aliased(Verification), aliased(Verification)
    return list(
        db.session.scalars(
            select(former.person_id)
            .join(own, own.identity_digest == former.identity_digest)
            .where(own.person_id == person_id, former.person_id != person_id)
            .distinct()
        )
    )


def _refuse_second_account(digests: Sequence[str]) -> None:
    # Digests of a former key are no conflict for the unique index.
    taken = select(Verification.id).where(
        Verification.identity_digest.in_(list(digests)), Verification.revoked_at.is_(None)
    )
    if digests and db.session.scalar(taken.limit(1)) is not None:
        raise IdentityTaken


def _know_former_accounts(digests: Sequence[str]) -> None:
    """Write the digests of left accounts anew that were made with a former key."""
    if len(digests) > 1:
        db.session.execute(
            update(Verification)
            .where(Verification.identity_digest.in_(digests[1:]))
            .values(identity_digest=digests[0])
        )


def _end(person_id: int, kind: VerificationKind, at: datetime) -> bool:
    ended = db.session.execute(
        update(Verification)
        .where(
            Verification.person_id == person_id,
            Verification.kind == kind,
            Verification.revoked_at.is_(None),
        )
        .values(revoked_at=at)
        .returning(Verification.id)
    )
    return ended.first() is not None


def _counts(at: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        Verification.revoked_at.is_(None),
        (Verification.expires_at.is_(None)) | (Verification.expires_at > at),
    )
