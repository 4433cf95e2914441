"""How coupons reach people without an open claim: codes, lists and waiting people."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.accounts.models import Person
from marketplace.core.db import Base
from marketplace.coupons.models import Campaign, Coupon


class BatchState(StrEnum):
    """How far a background job over many coupons is."""

    WAITING = "waiting"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"


class CodeBatch(Base):
    """Many unique codes made at once, handed out once as a file and once as a printed sheet."""

    __tablename__ = "code_batch"
    __table_args__ = (
        CheckConstraint("wanted > 0 AND made BETWEEN 0 AND wanted", name="made_within_wanted"),
        # The codes can be read again only until both files are taken.
        CheckConstraint(
            "seed IS NULL OR csv_taken_at IS NULL OR sheet_taken_at IS NULL", name="seed_forgotten"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey(Campaign.id), index=True)
    wanted: Mapped[int]
    made: Mapped[int] = mapped_column(default=0, server_default="0")
    state: Mapped[BatchState] = mapped_column(default=BatchState.WAITING)
    # Sealed; every code of the batch follows from it and from the coupon's slot number.
    seed: Mapped[bytes | None] = mapped_column(LargeBinary)
    error: Mapped[str] = mapped_column(server_default="")
    created_by: Mapped[int | None] = mapped_column(ForeignKey(Person.id))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]
    csv_taken_at: Mapped[datetime | None]
    sheet_taken_at: Mapped[datetime | None]


class CouponCode(Base):
    """The code of one coupon: a keyed digest and its last four characters."""

    __tablename__ = "coupon_code"

    coupon_id: Mapped[int] = mapped_column(ForeignKey(Coupon.id), primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey(CodeBatch.id), index=True)
    digest: Mapped[str] = mapped_column(unique=True)
    last4: Mapped[str]


class GrantList(Base):
    """An uploaded list of people who get a coupon each, and what became of every row."""

    __tablename__ = "grant_list"

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey(Campaign.id), index=True)
    file_name: Mapped[str]
    # Where the uploaded file waits in the storage; forgotten when the list is done.
    storage_key: Mapped[str | None]
    state: Mapped[BatchState] = mapped_column(default=BatchState.WAITING)
    total: Mapped[int] = mapped_column(default=0, server_default="0")
    granted: Mapped[int] = mapped_column(default=0, server_default="0")
    # [{"row": 2, "name": "홍*동", "outcome": "granted" or a refusal code, "text": ".."}]
    report: Mapped[list[dict[str, object]]] = mapped_column(JSONB, server_default="[]")
    uploaded_by: Mapped[int | None] = mapped_column(ForeignKey(Person.id))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]


class WaitingEntry(Base):
    """A person who waits for a coupon of a campaign that is all taken."""

    __tablename__ = "waiting_entry"
    __table_args__ = (
        Index(
            "ix_waiting_entry_queue",
            "campaign_id",
            "queued_at",
            postgresql_where=text("served_at IS NULL"),
        ),
    )

    campaign_id: Mapped[int] = mapped_column(ForeignKey(Campaign.id), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id), primary_key=True)
    queued_at: Mapped[datetime]
    served_at: Mapped[datetime | None]
