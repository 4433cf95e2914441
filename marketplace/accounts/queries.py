"""Reading people, for the edges and for the domains above."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import and_, bindparam, func, select

from marketplace.accounts import emails
from marketplace.accounts.models import (
    Department,
    Dong,
    Person,
    PersonStatus,
    Role,
    RoleGrant,
    SignIn,
)
from marketplace.accounts.people import PersonNotFound
from marketplace.core.db import db, table_of
from marketplace.core.phone import dashed


@dataclass(frozen=True, kw_only=True)
class SignedInPerson:
    """Who a browser's token belongs to, and what the office lets them do."""

    person_id: int
    name: str
    email: str
    roles: frozenset[Role]
    department_id: int | None
    has_second_factor: bool
    started_at: datetime


@dataclass(frozen=True, kw_only=True)
class PersonCard:
    """What a person said about themselves."""

    id: int
    name: str
    email: str
    phone: str | None
    birth_on: date | None
    dong_code: str | None
    dong_name: str | None
    is_confirmed: bool
    has_second_factor: bool
    joined_at: datetime


# Built once, of tables and not of models: every request of somebody signed in asks this.
_PERSON, _SIGN_IN, _ROLE = (table_of(model).c for model in (Person, SignIn, RoleGrant))
_VIEWER: Final = (
    select(
        _PERSON.id,
        _PERSON.name,
        _PERSON.email,
        _PERSON.totp_confirmed_at,
        _SIGN_IN.started_at,
        func.array_agg(_ROLE.role).filter(_ROLE.id.is_not(None)).label("roles"),
        func.max(_ROLE.department_id).label("department_id"),
    )
    .select_from(
        table_of(Person)
        .join(table_of(SignIn), _SIGN_IN.person_id == _PERSON.id)
        .outerjoin(
            table_of(RoleGrant),
            and_(_ROLE.person_id == _PERSON.id, _ROLE.revoked_at.is_(None)),
        )
    )
    .where(
        _PERSON.id == bindparam("person"),
        _PERSON.session_version == bindparam("version"),
        _PERSON.status == PersonStatus.ACTIVE,
        _SIGN_IN.token_hash == bindparam("token"),
        _SIGN_IN.ended_at.is_(None),
    )
    .group_by(_PERSON.id, _SIGN_IN.id)
)


def find_viewer(*, person_id: int, session_version: int, token_hash: str) -> SignedInPerson | None:
    """Find who a session belongs to, in one query; None when anything ended it."""
    row = (
        db.session.connection()
        .execute(_VIEWER, {"person": person_id, "version": session_version, "token": token_hash})
        .one_or_none()
    )
    if row is None:
        return None
    return SignedInPerson(
        person_id=row.id,
        name=row.name,
        email=row.email,
        roles=frozenset(Role(role) for role in row.roles or ()),
        department_id=row.department_id,
        has_second_factor=row.totp_confirmed_at is not None,
        started_at=row.started_at,
    )


_CARD: Final = (
    select(
        Person.id,
        Person.name,
        Person.email,
        Person.phone,
        Person.birth_on,
        Person.dong_code,
        Dong.name.label("dong_name"),
        Person.email_confirmed_at,
        Person.totp_confirmed_at,
        Person.created_at,
    )
    .outerjoin(Dong, Dong.code == Person.dong_code)
    .where(Person.id == bindparam("person"), Person.status != PersonStatus.WITHDRAWN)
)


def get_person(person_id: int) -> PersonCard:
    """
    Return what a person said about themselves.

    :raises PersonNotFound:
    """
    row = db.session.execute(_CARD, {"person": person_id}).one_or_none()
    if row is None:
        raise PersonNotFound
    return PersonCard(
        id=row.id,
        name=row.name,
        email=row.email,
        phone=dashed(row.phone) if row.phone else None,
        birth_on=row.birth_on,
        dong_code=row.dong_code,
        dong_name=row.dong_name,
        is_confirmed=row.email_confirmed_at is not None,
        has_second_factor=row.totp_confirmed_at is not None,
        joined_at=row.created_at,
    )


def find_person_by_email(email: str) -> int | None:
    """Find the member with this address, however it is spelt."""
    return db.session.scalar(
        select(Person.id).where(
            Person.email_key == emails.key(email), Person.status != PersonStatus.WITHDRAWN
        )
    )


def list_dong() -> Sequence[tuple[str, str]]:
    """List the dong of the district as (code, name), in their usual order."""
    return [
        (code, name)
        for code, name in db.session.execute(select(Dong.code, Dong.name).order_by(Dong.position))
    ]


def list_departments() -> Sequence[tuple[int, str]]:
    """List the departments of the office as (id, name)."""
    return [
        (department_id, name)
        for department_id, name in db.session.execute(
            select(Department.id, Department.name).order_by(Department.name)
        )
    ]
