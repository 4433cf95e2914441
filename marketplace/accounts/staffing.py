"""Who of the office may do what. Every change leaves its trail (권한 변경기록 3년)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from marketplace.accounts import administrators, people
from marketplace.accounts.models import Department, Person, Role, RoleGrant
from marketplace.audit import trail
from marketplace.core import outbox
from marketplace.core.db import db
from marketplace.core.errors import Conflict, InvalidInput, NotAllowed, NotFound


class RoleNotYours(NotAllowed):
    """Only an administrator hands out roles."""

    message = "역할은 관리자만 주고 거둘 수 있습니다."


class OwnRole(NotAllowed):
    """Four eyes: nobody changes their own rights."""

    message = "자기 역할은 바꿀 수 없습니다. 다른 관리자에게 부탁해 주세요."


class AuditorOnly(Conflict):
    """Who reads everything changes nothing."""

    message = "감사 역할은 다른 역할과 함께 가질 수 없습니다."


class DepartmentMissing(InvalidInput):
    """A buyer buys for one department."""

    message = "부서 담당자 역할에는 부서를 골라 주세요."
    field = "department_id"


class RoleNotHeld(NotFound):
    """There is no such role to take away."""

    message = "가지고 있지 않은 역할입니다."


class AdministratorExists(Conflict):
    """The first one is appointed once, from the command line."""

    message = "관리자가 이미 있습니다."


@dataclass(frozen=True, kw_only=True)
class HeldRole:
    """One role of one person, standing or past."""

    person_id: int
    person_name: str
    person_email: str
    role: Role
    department_name: str | None
    granted_at: datetime
    granted_by: int | None
    revoked_at: datetime | None
    revoked_by: int | None


def appoint_first_administrator(*, person_id: int, at: datetime) -> None:
    """
    Give the first administrator the role that everybody else's roles come from.

    :raises PersonNotFound, AdministratorExists:
    """
    administrators.lock()
    if administrators.list_active():
        raise AdministratorExists
    people.get_for_change(person_id)
    _write(person_id, Role.ADMINISTRATOR, None, actor_id=None, at=at, ip=None)


def grant(
    *,
    person_id: int,
    role: Role,
    department_id: int | None,
    actor_id: int,
    at: datetime,
    ip: str | None,
) -> None:
    """
    Give a person a role; giving it again changes nothing.

    :raises PersonNotFound, RoleNotYours, OwnRole, AuditorOnly, DepartmentMissing:
    """
    _check_actor(actor_id, person_id)
    people.get_for_change(person_id)
    held = _standing(person_id)
    if role in held:
        return
    if held and (role is Role.AUDITOR or Role.AUDITOR in held):
        raise AuditorOnly
    if role is not Role.DEPARTMENT_BUYER:
        department_id = None
    elif department_id is None or db.session.get(Department, department_id) is None:
        raise DepartmentMissing
    _write(person_id, role, department_id, actor_id=actor_id, at=at, ip=ip)


def revoke(*, person_id: int, role: Role, actor_id: int, at: datetime, ip: str | None) -> None:
    """
    Take a role away.

    :raises RoleNotYours, OwnRole, RoleNotHeld, LastAdministrator:
    """
    _check_actor(actor_id, person_id)
    administrators.lock()
    held = _standing(person_id)
    if role not in held:
        raise RoleNotHeld
    if role is Role.ADMINISTRATOR:
        administrators.refuse_last(person_id)
    _end(held[role], actor_id=actor_id, at=at, ip=ip)


def resign(*, person_id: int, at: datetime, ip: str | None) -> None:
    """
    Take every role of a person who leaves the mall.

    :raises LastAdministrator:
    """
    administrators.lock()
    administrators.refuse_last(person_id)
    held = _standing(person_id)
    for standing in held.values():
        _end(standing, actor_id=person_id, at=at, ip=ip)


def list_roles(*, including_past: bool = False) -> list[HeldRole]:
    """List who holds, or held, which role, the newest first."""
    statement = (
        select(RoleGrant, Person.name, Person.email, Department.name)
        .join(Person, Person.id == RoleGrant.person_id)
        .outerjoin(Department, Department.id == RoleGrant.department_id)
        .order_by(RoleGrant.granted_at.desc(), RoleGrant.id.desc())
    )
    if not including_past:
        statement = statement.where(RoleGrant.revoked_at.is_(None))
    return [
        HeldRole(
            person_id=held.person_id,
            person_name=name,
            person_email=email,
            role=held.role,
            department_name=department,
            granted_at=held.granted_at,
            granted_by=held.granted_by,
            revoked_at=held.revoked_at,
            revoked_by=held.revoked_by,
        )
        for held, name, email, department in db.session.execute(statement)
    ]


def _check_actor(actor_id: int, person_id: int) -> None:
    if Role.ADMINISTRATOR not in _standing(actor_id):
        raise RoleNotYours
    if actor_id == person_id:
        raise OwnRole


def _standing(person_id: int) -> dict[Role, RoleGrant]:
    rows = db.session.scalars(
        select(RoleGrant).where(RoleGrant.person_id == person_id, RoleGrant.revoked_at.is_(None))
    )
    return {row.role: row for row in rows}


def _write(
    person_id: int,
    role: Role,
    department_id: int | None,
    *,
    actor_id: int | None,
    at: datetime,
    ip: str | None,
) -> None:
    written = db.session.scalar(
        insert(RoleGrant)
        .values(
            person_id=person_id,
            role=role,
            department_id=department_id,
            granted_at=at,
            granted_by=actor_id,
        )
        .on_conflict_do_nothing()
        .returning(RoleGrant.id)
    )
    if written is not None:
        _record("role.granted", person_id, role, actor_id=actor_id, ip=ip)


def _end(standing: RoleGrant, *, actor_id: int, at: datetime, ip: str | None) -> None:
    standing.revoked_at = at
    standing.revoked_by = actor_id
    db.session.flush()
    _record("role.revoked", standing.person_id, standing.role, actor_id=actor_id, ip=ip)


def _record(
    action: str, person_id: int, role: Role, *, actor_id: int | None, ip: str | None
) -> None:
    trail.record(
        action,
        subject_kind="person",
        subject_id=person_id,
        actor_id=actor_id,
        details={"role": role.value},
        ip=ip,
    )
    outbox.enqueue(
        "notifications.deliver",
        {"kind": action.replace(".", "_"), "person_id": person_id, "role": role.value},
    )
