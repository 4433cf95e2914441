"""Facts about a person that somebody looked at: where they live and work, and who they are."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.accounts.models import Person
from marketplace.core.db import Base


class VerificationKind(StrEnum):
    """Which fact was looked at."""

    RESIDENCE = "residence"
    WORKPLACE = "workplace"
    STAFF = "staff"
    IDENTITY = "identity"


class VerificationMethod(StrEnum):
    """Who looked at it, and how."""

    DESK = "desk"
    LIST = "list"
    PHONE = "phone"


class Verification(Base):
    """One verified fact; the newest that is not revoked or expired counts."""

    __tablename__ = "verification"
    __table_args__ = (
        Index(
            "uq_verification_current",
            "person_id",
            "kind",
            unique=True,
            postgresql_where=text("revoked_at IS NULL"),
        ),
        # One person, one account: limits bind the verified person.
        Index(
            "uq_verification_identity",
            "identity_digest",
            unique=True,
            postgresql_where=text("revoked_at IS NULL"),
        ),
        CheckConstraint(
            "(kind = 'identity') = (identity_digest IS NOT NULL)", name="identity_given"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id))
    kind: Mapped[VerificationKind]
    method: Mapped[VerificationMethod]
    # A dong's code, a workplace's or a department's name; empty for an identity.
    value: Mapped[str] = mapped_column(server_default="")
    # A keyed digest of what the provider calls this human being.
    identity_digest: Mapped[str | None]
    verified_by: Mapped[int | None] = mapped_column(ForeignKey(Person.id))
    verified_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class VerificationRequest(Base):
    """A resident asks the desk to look at a fact."""

    __tablename__ = "verification_request"
    __table_args__ = (
        Index(
            "uq_verification_request_open",
            "person_id",
            "kind",
            unique=True,
            postgresql_where=text("decided_at IS NULL"),
        ),
        CheckConstraint("(decided_at IS NULL) = (is_granted IS NULL)", name="decided_once"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id))
    kind: Mapped[VerificationKind]
    value: Mapped[str]
    requested_at: Mapped[datetime] = mapped_column(index=True)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey(Person.id))
    decided_at: Mapped[datetime | None]
    is_granted: Mapped[bool | None]
    reason: Mapped[str] = mapped_column(server_default="")


class IdentityChallenge(Base):
    """A started phone verification: what was asked, until when, and how often it was missed."""

    __tablename__ = "identity_challenge"
    __table_args__ = (CheckConstraint("attempts >= 0", name="attempts_not_negative"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id), index=True)
    name: Mapped[str]
    phone: Mapped[str]
    birth_on: Mapped[date]
    # The provider's own name for the transaction.
    provider_ref: Mapped[str] = mapped_column(unique=True)
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
