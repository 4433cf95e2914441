"""Leave word for those who look after an enterprise's goods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import select

from marketplace.core import outbox
from marketplace.core.db import db
from marketplace.enterprises.models import Member, MemberRole

_TOLD: Final = (MemberRole.OWNER, MemberRole.STAFF)


def tell_members(enterprise_id: int, kind: str, about: Mapping[str, object]) -> None:
    """Leave word of this kind for the owners and staff of an enterprise, each once."""
    people = db.session.scalars(
        select(Member.person_id)
        .where(
            Member.enterprise_id == enterprise_id,
            Member.role.in_(_TOLD),
            Member.revoked_at.is_(None),
        )
        .distinct()
    )
    for person_id in people.all():
        outbox.enqueue("notifications.deliver", {"kind": kind, "person_id": person_id, **about})
