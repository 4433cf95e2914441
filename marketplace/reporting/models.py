"""What the scheduled check of the books found."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Base


class BookCheck(Base):
    """One run over the books: how many checks there were and what broke."""

    __tablename__ = "book_check"

    id: Mapped[int] = mapped_column(primary_key=True)
    checked_at: Mapped[datetime] = mapped_column(index=True)
    checks: Mapped[int]
    # [{"name": "..", "title": "..", "broken": 1, "example": ".."}]; empty = all hold.
    findings: Mapped[list[dict[str, object]]] = mapped_column(JSONB, server_default="[]")
