"""Who works for which enterprise."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from marketplace.accounts.models import Person
from marketplace.audit import trail
from marketplace.core.db import db
from marketplace.core.errors import Conflict, NotFound
from marketplace.enterprises.models import Enterprise, EnterpriseStatus, Member, MemberRole

__all__ = ["MemberRole"]

ROLE_NAMES: Final = {
    MemberRole.OWNER: "대표",
    MemberRole.STAFF: "직원",
    MemberRole.CASHIER: "계산원",
}


class NotMember(NotFound):
    """The person does not work there."""

    message = "이 가게의 구성원이 아닙니다."


class LastOwner(Conflict):
    """An enterprise that sells has somebody who answers for it."""

    message = (
        "{enterprise}의 대표가 한 분뿐입니다. 다른 대표를 먼저 정하거나 구청에 폐점을 알려 주세요."
    )


@dataclass(frozen=True, kw_only=True)
class Colleague:
    """One person who works for an enterprise."""

    person_id: int
    name: str
    email: str
    role: MemberRole
    since: datetime
    has_second_factor: bool


@dataclass(frozen=True, kw_only=True)
class Membership:
    """One enterprise a person works for."""

    enterprise_id: int
    enterprise_name: str
    enterprise_slug: str
    enterprise_status: EnterpriseStatus
    role: MemberRole


def list_memberships(person_id: int) -> list[Membership]:
    """List the enterprises a person works for, in one query; closed ones are left out."""
    rows = db.session.execute(
        select(Enterprise.id, Enterprise.name, Enterprise.slug, Enterprise.status, Member.role)
        .join(Member, Member.enterprise_id == Enterprise.id)
        .where(
            Member.person_id == person_id,
            Member.revoked_at.is_(None),
            Enterprise.status != EnterpriseStatus.CLOSED,
        )
        .order_by(Member.id)
    )
    return [
        Membership(
            enterprise_id=row.id,
            enterprise_name=row.name,
            enterprise_slug=row.slug,
            enterprise_status=row.status,
            role=row.role,
        )
        for row in rows
    ]


def list_colleagues(enterprise_id: int) -> list[Colleague]:
    """List who works for an enterprise, owners first, in one query."""
    rows = db.session.execute(
        select(Member, Person)
        .join(Person, Person.id == Member.person_id)
        .where(Member.enterprise_id == enterprise_id, Member.revoked_at.is_(None))
        .order_by(Member.role != MemberRole.OWNER, Member.id)
    )
    return [
        Colleague(
            person_id=person.id,
            name=person.name,
            email=person.email,
            role=member.role,
            since=member.created_at,
            has_second_factor=person.totp_confirmed_at is not None,
        )
        for member, person in rows
    ]


def admit(
    *, enterprise_id: int, person_id: int, role: MemberRole, actor_id: int | None, ip: str | None
) -> None:
    """Let a person work for an enterprise; a member keeps the role they have."""
    admitted = db.session.scalar(
        insert(Member)
        .values(enterprise_id=enterprise_id, person_id=person_id, role=role)
        .on_conflict_do_nothing()
        .returning(Member.id)
    )
    if admitted is not None:
        _record("member.admitted", enterprise_id, person_id, role, actor_id=actor_id, ip=ip)


def dismiss(
    *, enterprise_id: int, person_id: int, actor_id: int | None, at: datetime, ip: str | None
) -> None:
    """
    End a person's work for an enterprise.

    :raises NotMember, LastOwner:
    """
    enterprise, member = _lock(enterprise_id, person_id)
    if member.role == MemberRole.OWNER:
        _keep_an_owner(enterprise)
    member.revoked_at = at
    db.session.flush()
    _record("member.dismissed", enterprise_id, person_id, member.role, actor_id=actor_id, ip=ip)


def change_role(
    *, enterprise_id: int, person_id: int, role: MemberRole, actor_id: int, ip: str | None
) -> None:
    """
    Let a member do something else for an enterprise from now on.

    :raises NotMember, LastOwner:
    """
    enterprise, member = _lock(enterprise_id, person_id)
    if member.role == role:
        return
    if member.role == MemberRole.OWNER:
        _keep_an_owner(enterprise)
    member.role = role
    db.session.flush()
    _record("member.role_changed", enterprise_id, person_id, role, actor_id=actor_id, ip=ip)


def leave_all(*, person_id: int, at: datetime, ip: str | None) -> None:
    """
    End a person's work for every enterprise, because the person leaves the mall.

    :raises LastOwner:
    """
    for enterprise_id in db.session.scalars(
        select(Member.enterprise_id)
        .where(Member.person_id == person_id, Member.revoked_at.is_(None))
        .order_by(Member.enterprise_id)
    ).all():
        dismiss(enterprise_id=enterprise_id, person_id=person_id, actor_id=person_id, at=at, ip=ip)


def _lock(enterprise_id: int, person_id: int) -> tuple[Enterprise, Member]:
    # Locked before the owners are counted, so that two owners cannot both leave as the other.
    enterprise = db.session.get(Enterprise, enterprise_id, with_for_update=True)
    member = db.session.scalars(
        select(Member)
        .where(
            Member.enterprise_id == enterprise_id,
            Member.person_id == person_id,
            Member.revoked_at.is_(None),
        )
        .execution_options(populate_existing=True)
    ).one_or_none()
    if enterprise is None or member is None:
        raise NotMember
    return enterprise, member


def _keep_an_owner(enterprise: Enterprise) -> None:
    if enterprise.status != EnterpriseStatus.CLOSED and _count_owners(enterprise.id) == 1:
        raise LastOwner(enterprise=enterprise.name)


def _count_owners(enterprise_id: int) -> int:
    found = db.session.scalar(
        select(func.count()).where(
            Member.enterprise_id == enterprise_id,
            Member.role == MemberRole.OWNER,
            Member.revoked_at.is_(None),
        )
    )
    return found or 0


def _record(
    action: str,
    enterprise_id: int,
    person_id: int,
    role: MemberRole,
    *,
    actor_id: int | None,
    ip: str | None,
) -> None:
    trail.record(
        action,
        subject_kind="enterprise",
        subject_id=enterprise_id,
        actor_id=actor_id,
        details={"person_id": person_id, "role": role.value},
        ip=ip,
    )
