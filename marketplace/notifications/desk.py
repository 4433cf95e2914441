"""What left and what did not, as the office may see it; and a failed message sent once more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, or_, select

from marketplace.accounts.models import Person
from marketplace.audit import trail
from marketplace.core import masking, outbox
from marketplace.core.db import db
from marketplace.core.errors import Conflict, NotFound
from marketplace.core.outbox import Job, JobState
from marketplace.notifications.catalogue import ENTRIES
from marketplace.notifications.models import Channel, Message, MessageState

__all__ = [
    "CHANNELS",
    "PAGE",
    "STATES",
    "Channel",
    "Filters",
    "MessageMissing",
    "MessageState",
    "NotFailed",
    "StillTried",
    "count_unsent",
    "find_failed",
    "list_page",
    "resend",
]

PAGE: Final = 50
CHANNELS: Final[Mapping[Channel, str]] = {
    Channel.MAIL: "메일",
    Channel.TALK: "알림톡",
    Channel.SMS: "문자",
}
STATES: Final[Mapping[MessageState, str]] = {
    MessageState.WAITING: "보내는 중",
    MessageState.SENT: "보냄",
    MessageState.FAILED: "실패",
}
_TRIED: Final = (JobState.PENDING, JobState.SENT)


class MessageMissing(NotFound):
    """There is no such message."""

    message = "보낸 기록을 찾을 수 없습니다."


class NotFailed(Conflict):
    """Only what failed is sent again."""

    message = "실패한 알림만 다시 보낼 수 있습니다."


class StillTried(Conflict):
    """The worker has not given up yet; sent by hand as well, it would arrive twice."""

    message = "아직 자동으로 다시 보내고 있습니다. 그래도 실패하면 다시 보낼 수 있습니다."


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What the office asks for; None is everything."""

    kind: str | None = None
    state: MessageState | None = None
    channel: Channel | None = None
    person_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class MessageRow:
    """One message with whom it went to masked."""

    id: int
    title: str
    channel: Channel
    state: MessageState
    person: str
    address: str
    attempts: int
    failure: str | None
    created_at: datetime
    sent_at: datetime | None
    provider_ref: str | None


@dataclass(frozen=True, kw_only=True)
class Failed:
    """A message that may be sent once more."""

    key: str
    kind: str
    is_text: bool
    given: Mapping[str, object]


def list_page(filters: Filters, *, before_id: int | None = None) -> list[MessageRow]:
    """List messages, newest first, older than `before_id` when given; one query."""
    statement = select(Message, Person.name).outerjoin(Person, Person.id == Message.person_id)
    if filters.kind is not None:
        statement = statement.where(Message.kind == filters.kind)
    if filters.state is not None:
        statement = statement.where(Message.state == filters.state)
    if filters.channel is not None:
        statement = statement.where(Message.channel == filters.channel)
    if filters.person_id is not None:
        statement = statement.where(Message.person_id == filters.person_id)
    if before_id is not None:
        statement = statement.where(Message.id < before_id)
    rows = db.session.execute(statement.order_by(Message.id.desc()).limit(PAGE))
    return [_row(message, name) for message, name in rows]


def count_unsent() -> dict[MessageState, int]:
    """Count the messages that have not left, by state; the others grow for ever."""
    found = dict(
        db.session.execute(
            select(Message.state, func.count())
            .where(Message.state != MessageState.SENT)
            .group_by(Message.state)
        ).all()
    )
    return {state: found.get(state, 0) for state in MessageState if state != MessageState.SENT}


def resend(*, message_id: int, actor_id: int, ip: str | None) -> None:
    """
    Ask for a failed message to leave once more.

    :raises MessageMissing, NotFailed, StillTried:
    """
    message = db.session.get(Message, message_id, with_for_update=True)
    if message is None:
        raise MessageMissing
    if message.state is not MessageState.FAILED:
        raise NotFailed
    mine = f"resend:{message.id}:"
    tried = select(Job.id).where(
        or_(
            Job.dedupe_key == message.dedupe_key,
            Job.dedupe_key.startswith(mine, autoescape=True),
        ),
        Job.state.in_(_TRIED),
    )
    if db.session.scalar(tried.limit(1)) is not None:
        raise StillTried
    outbox.enqueue(
        "notifications.resend", {"message_id": message.id}, key=f"{mine}{message.attempts}"
    )
    trail.record(
        "message.resent",
        subject_kind="message",
        subject_id=message.id,
        actor_id=actor_id,
        details={"kind": message.kind, "channel": message.channel.value},
        ip=ip,
    )


def find_failed(message_id: int) -> Failed | None:
    """Return a message that may be sent once more, None when it left meanwhile."""
    message = db.session.get(Message, message_id)
    if message is None or message.state is MessageState.SENT:
        return None
    return Failed(
        key=message.dedupe_key,
        kind=message.kind,
        is_text=message.channel is not Channel.MAIL,
        given=message.facts,
    )


def _row(message: Message, name: str | None) -> MessageRow:
    is_mail = message.channel is Channel.MAIL
    entry = ENTRIES.get(message.kind)
    return MessageRow(
        id=message.id,
        title=entry.title if entry else message.kind,
        channel=message.channel,
        state=message.state,
        person=masking.name(name) if name else "비회원",
        address=masking.email(message.address) if is_mail else masking.phone(message.address),
        attempts=message.attempts,
        failure=masking.text(message.failure) if message.failure else None,
        created_at=message.created_at,
        sent_at=message.sent_at,
        provider_ref=message.provider_ref,
    )
