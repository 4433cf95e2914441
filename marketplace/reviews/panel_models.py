"""Review panels (제품품평회): rounds, entries, panellists, weighted criteria and blind scores."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, String, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.accounts.models import Person
from marketplace.catalog.models import Product
from marketplace.core.db import Base


class PanelStatus(StrEnum):
    """Where a round stands."""

    DRAFT = "draft"
    SCORING = "scoring"
    CLOSED = "closed"
    PUBLISHED = "published"


class Panel(Base):
    """One round in which panellists score products."""

    __tablename__ = "panel"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    held_on: Mapped[date]
    status: Mapped[PanelStatus] = mapped_column(default=PanelStatus.DRAFT)
    # The best this many entries carry a badge once the round is published.
    badges: Mapped[int] = mapped_column(default=3, server_default="3")
    created_by: Mapped[int | None] = mapped_column(ForeignKey(Person.id))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    published_at: Mapped[datetime | None]


class PanelCriterion(Base):
    """What is scored from 1 to 5, and how much it counts in basis points."""

    __tablename__ = "panel_criterion"
    __table_args__ = (
        UniqueConstraint("panel_id", "name"),
        CheckConstraint("weight_bps BETWEEN 1 AND 10000", name="weight_range"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    panel_id: Mapped[int] = mapped_column(ForeignKey(Panel.id))
    name: Mapped[str]
    weight_bps: Mapped[int]
    position: Mapped[int] = mapped_column(default=0)


class PanelEntry(Base):
    """One product in a round; panellists know it by its number while they score."""

    __tablename__ = "panel_entry"
    __table_args__ = (
        UniqueConstraint("panel_id", "product_id"),
        UniqueConstraint("panel_id", "number"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    panel_id: Mapped[int] = mapped_column(ForeignKey(Panel.id))
    product_id: Mapped[int] = mapped_column(ForeignKey(Product.id), index=True)
    number: Mapped[int]
    # What the office made of the round for this product.
    improvement: Mapped[str] = mapped_column(server_default="")
    channels: Mapped[list[str]] = mapped_column(ARRAY(String), server_default="{}")
    has_badge: Mapped[bool] = mapped_column(default=False)


class PanellistKind(StrEnum):
    """From where a panellist looks."""

    MERCHANDISER = "merchandiser"
    CONSUMER = "consumer"


class Panellist(Base):
    """One person who scores in a round."""

    __tablename__ = "panellist"
    __table_args__ = (UniqueConstraint("panel_id", "person_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    panel_id: Mapped[int] = mapped_column(ForeignKey(Panel.id))
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id), index=True)
    kind: Mapped[PanellistKind]


class PanelSheet(Base):
    """What one panellist says of one entry; one with a conflict of interest scores nothing."""

    __tablename__ = "panel_sheet"
    __table_args__ = (UniqueConstraint("panellist_id", "entry_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    panellist_id: Mapped[int] = mapped_column(ForeignKey(Panellist.id))
    entry_id: Mapped[int] = mapped_column(ForeignKey(PanelEntry.id), index=True)
    has_conflict: Mapped[bool] = mapped_column(default=False)
    comment: Mapped[str] = mapped_column(server_default="")
    improvement: Mapped[str] = mapped_column(server_default="")
    channels: Mapped[list[str]] = mapped_column(ARRAY(String), server_default="{}")
    submitted_at: Mapped[datetime]


class PanelScore(Base):
    """One score of one criterion."""

    __tablename__ = "panel_score"
    __table_args__ = (CheckConstraint("score BETWEEN 1 AND 5", name="score_range"),)

    sheet_id: Mapped[int] = mapped_column(ForeignKey(PanelSheet.id), primary_key=True)
    criterion_id: Mapped[int] = mapped_column(ForeignKey(PanelCriterion.id), primary_key=True)
    score: Mapped[int]
