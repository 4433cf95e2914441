"""Leave word of claims, for the enterprise that answers them and the buyer who waits."""

from __future__ import annotations

from sqlalchemy import select

from marketplace.core import outbox
from marketplace.core.db import db
from marketplace.enterprises.models import Member, MemberRole
from marketplace.orders.models import Bundle, ClaimCase


def tell_enterprise(kind: str, *, case_id: int, again: str = "") -> None:
    """Let everybody of the enterprise who answers claims know of a case."""
    people = db.session.scalars(
        select(Member.person_id)
        .join(Bundle, Bundle.enterprise_id == Member.enterprise_id)
        .join(ClaimCase, ClaimCase.bundle_id == Bundle.id)
        .where(
            ClaimCase.id == case_id,
            Member.revoked_at.is_(None),
            Member.role.in_([MemberRole.OWNER, MemberRole.STAFF]),
        )
        .order_by(Member.person_id)
    )
    for person_id in people:
        outbox.enqueue(
            "notifications.deliver",
            {"kind": kind, "claim_case_id": case_id, "person_id": person_id},
            key=f"{kind}:{case_id}:{person_id}{again}",
        )


def tell_buyer(kind: str, *, case_id: int) -> None:
    """Let the buyer know how a case stands."""
    outbox.enqueue(
        "notifications.deliver",
        {"kind": kind, "claim_case_id": case_id},
        key=f"{kind}:{case_id}",
    )
