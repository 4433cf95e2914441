"""The rows of messages: written before a message leaves, and told what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from marketplace.core.db import db
from marketplace.notifications.models import Channel, Message, MessageState

_LONGEST_FAILURE: Final = 300


def write_down(
    *,
    key: str,
    kind: str,
    channel: Channel,
    person_id: int | None,
    address: str,
    given: Mapping[str, object],
    subject: str | None,
) -> Message | None:
    """Write a message once per key and count one attempt; None when it has left already."""
    db.session.execute(
        insert(Message)
        .values(
            dedupe_key=key,
            kind=kind,
            channel=channel,
            person_id=person_id,
            address=address,
            facts=dict(given),
            subject=subject,
            state=MessageState.WAITING,
        )
        .on_conflict_do_nothing()
    )
    message = get(key)
    if message.state == MessageState.SENT:
        return None
    message.attempts += 1
    return message


def note_sent(*, key: str, at: datetime, provider_ref: str | None = None) -> None:
    """Note that the message of a key has left, and what the provider calls it."""
    message = get(key)
    message.state = MessageState.SENT
    message.sent_at = at
    message.failure = None
    message.provider_ref = provider_ref


def note_failed(*, key: str, failure: str) -> None:
    """Note why the message of a key could not leave."""
    message = get(key)
    message.state = MessageState.FAILED
    message.failure = failure[:_LONGEST_FAILURE]


def get(key: str) -> Message:
    """Lock the message of a key."""
    return db.session.scalars(
        select(Message).where(Message.dedupe_key == key).with_for_update()
    ).one()
