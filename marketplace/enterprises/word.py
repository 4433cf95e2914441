"""Word to the people of the office and of an enterprise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import select

from marketplace.accounts.models import Person, PersonStatus, Role, RoleGrant
from marketplace.core import outbox
from marketplace.core.db import db
from marketplace.enterprises.models import Member, MemberRole


def to_operators(kind: str, facts: Mapping[str, object], *, key: str) -> None:
    """Tell every operator of the office, once per key."""
    operators = db.session.scalars(
        select(RoleGrant.person_id)
        .join(Person, Person.id == RoleGrant.person_id)
        .where(
            RoleGrant.role == Role.OPERATOR,
            RoleGrant.revoked_at.is_(None),
            Person.status == PersonStatus.ACTIVE,
        )
        .order_by(RoleGrant.person_id)
    )
    _tell(operators.all(), kind, facts, key)


def to_owners(enterprise_id: int, kind: str, facts: Mapping[str, object], *, key: str) -> None:
    """Tell every owner of an enterprise, once per key."""
    owners = db.session.scalars(
        select(Member.person_id)
        .where(
            Member.enterprise_id == enterprise_id,
            Member.role == MemberRole.OWNER,
            Member.revoked_at.is_(None),
        )
        .order_by(Member.person_id)
    )
    _tell(owners.all(), kind, facts, key)


def to_person(person_id: int, kind: str, facts: Mapping[str, object], *, key: str) -> None:
    """Tell one person, once per key."""
    _tell([person_id], kind, facts, key)


def _tell(people: Iterable[int], kind: str, facts: Mapping[str, object], key: str) -> None:
    for person_id in people:
        outbox.enqueue(
            "notifications.deliver",
            {"kind": kind, "person_id": person_id, **facts},
            key=f"{kind}:{key}:{person_id}",
        )
