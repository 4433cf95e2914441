"""What the outbox was asked for."""

from __future__ import annotations

from sqlalchemy import select

from marketplace.core.db import db
from marketplace.core.outbox import Job


def mails() -> list[dict[str, object]]:
    """List the notifications asked for, in order."""
    return list(
        db.session.scalars(
            select(Job.payload).where(Job.kind == "notifications.deliver").order_by(Job.id)
        )
    )


def kinds() -> list[object]:
    """List the kinds of the notifications asked for, in order."""
    return [payload["kind"] for payload in mails()]
