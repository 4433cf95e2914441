"""A person's notices in the mall."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from marketplace.core.db import db
from marketplace.notifications.models import Notice


@dataclass(frozen=True)
class NoticeCard:
    """One notice."""

    id: int
    title: str
    link: str
    created_at: datetime
    is_read: bool


def list_notices(
    *, person_id: int, before_id: int | None = None, limit: int = 20
) -> list[NoticeCard]:
    """Return a person's notices, newest first, older than `before_id` when given."""
    statement = select(Notice).where(Notice.person_id == person_id)
    if before_id is not None:
        statement = statement.where(Notice.id < before_id)
    found = db.session.scalars(statement.order_by(Notice.id.desc()).limit(limit))
    return [
        NoticeCard(
            id=notice.id,
            title=notice.title,
            link=notice.link,
            created_at=notice.created_at,
            is_read=notice.read_at is not None,
        )
        for notice in found
    ]


def mark_read(*, person_id: int, up_to_id: int, at: datetime) -> None:
    """Mark a person's notices up to one as read."""
    db.session.execute(
        update(Notice)
        .where(Notice.person_id == person_id, Notice.id <= up_to_id, Notice.read_at.is_(None))
        .values(read_at=at)
    )
