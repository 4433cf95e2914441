"""The trail of acts and of looks at personal data."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Base


class AuditEvent(Base):
    """One act on one thing. Append-only: a trigger refuses update and delete."""

    __tablename__ = "audit_event"
    __table_args__ = (Index("ix_audit_event_subject", "subject_kind", "subject_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    actor_id: Mapped[int | None] = mapped_column(index=True)
    action: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[int | None]
    details: Mapped[dict[str, object]] = mapped_column(JSONB, server_default="{}")
    ip: Mapped[str | None]
    request_id: Mapped[str | None]


class AccessLog(Base):
    """One look at unmasked personal data (개인정보의 안전성 확보조치 기준: 접속기록)."""

    __tablename__ = "access_log"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    actor_id: Mapped[int] = mapped_column(index=True)
    ip: Mapped[str | None]
    person_id: Mapped[int | None] = mapped_column(index=True)
    subject: Mapped[str]
    task: Mapped[str]
    reason: Mapped[str]
