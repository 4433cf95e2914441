"""What the outbox was asked for."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select

from marketplace.accounts import mailed_links
from marketplace.accounts.mailed_links import TokenPurpose
from marketplace.core.db import db, transaction
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


def mail_links(*, at: datetime) -> None:
    """Mail the links asked for, as the worker does."""
    with transaction():
        asked = db.session.scalars(
            delete(Job).where(Job.kind == "accounts.mail_link").returning(Job.payload)
        ).all()
        for payload in asked:
            person_id = payload["person_id"]
            if isinstance(person_id, int):
                purpose = TokenPurpose(str(payload["purpose"]))
                mailed_links.send(person_id=person_id, purpose=purpose, at=at)
