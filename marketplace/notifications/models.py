"""Messages sent and notices shown in the mall."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.accounts.models import Person
from marketplace.core.db import Base


class MessageState(StrEnum):
    """Where a message stands."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


class Channel(StrEnum):
    """By which way a message leaves."""

    MAIL = "mail"
    TALK = "talk"
    SMS = "sms"


class Message(Base):
    """One mail or text to one address about one thing; its key makes it leave once."""

    __tablename__ = "message"
    __table_args__ = (
        Index("ix_message_unsent", "state", "id", postgresql_where=text("state <> 'sent'")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    dedupe_key: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    channel: Mapped[Channel] = mapped_column(default=Channel.MAIL, server_default="mail")
    person_id: Mapped[int | None] = mapped_column(ForeignKey(Person.id), index=True)
    address: Mapped[str]
    facts: Mapped[dict[str, object]] = mapped_column(JSONB)
    state: Mapped[MessageState] = mapped_column(default=MessageState.WAITING)
    subject: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    sent_at: Mapped[datetime | None]
    failure: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    # What the provider calls it.
    provider_ref: Mapped[str | None]


class Preference(Base):
    """A person wants messages of a topic by a channel, or does not; silence means the default."""

    __tablename__ = "preference"

    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id), primary_key=True)
    topic: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[Channel] = mapped_column(primary_key=True)
    is_wanted: Mapped[bool]
    changed_at: Mapped[datetime]


class RecordedText(Base):
    """A text the recorded provider took instead of a network; read in the demo and in tests."""

    __tablename__ = "recorded_text"

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True)
    channel: Mapped[Channel]
    phone: Mapped[str]
    body: Mapped[str]
    sent_at: Mapped[datetime] = mapped_column(index=True)


class Notice(Base):
    """One notice in a person's inbox."""

    __tablename__ = "notice"
    __table_args__ = (
        Index("ix_notice_person", "person_id", "id"),
        Index("ix_notice_unread", "person_id", postgresql_where=text("read_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    dedupe_key: Mapped[str] = mapped_column(unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id))
    kind: Mapped[str]
    title: Mapped[str]
    link: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    read_at: Mapped[datetime | None]
