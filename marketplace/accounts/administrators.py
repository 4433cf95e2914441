"""There is always an administrator left who hands out roles."""

from __future__ import annotations

from typing import Final

from sqlalchemy import func, select

from marketplace.accounts.models import Person, PersonStatus, Role, RoleGrant
from marketplace.core.db import db
from marketplace.core.errors import Conflict

# Any number nobody else locks.
_LOCK: Final = 20261125


class LastAdministrator(Conflict):
    """Nobody could hand out roles any more."""

    message = "마지막 관리자는 역할을 거두거나 이용을 정지하거나 탈퇴할 수 없습니다."


def lock() -> None:
    """Let nobody else appoint or lose an administrator until this transaction ends."""
    db.session.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def list_active() -> list[int]:
    """List the administrators who may sign in."""
    return list(
        db.session.scalars(
            select(RoleGrant.person_id)
            .join(Person, Person.id == RoleGrant.person_id)
            .where(
                RoleGrant.role == Role.ADMINISTRATOR,
                RoleGrant.revoked_at.is_(None),
                Person.status == PersonStatus.ACTIVE,
            )
        )
    )


def refuse_last(person_id: int) -> None:
    """
    Refuse to lose an administrator when nobody else is one; call with `lock` held.

    :raises LastAdministrator:
    """
    if list_active() == [person_id]:
        raise LastAdministrator
