"""Rounds as the office sees them: set-up and progress, and no score before closing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import func, select

from marketplace.accounts.models import Person
from marketplace.catalog.models import Product
from marketplace.core import masking
from marketplace.core.db import db
from marketplace.enterprises.models import Enterprise
from marketplace.reviews import scoring
from marketplace.reviews.panel_models import (
    Panel,
    PanelEntry,
    Panellist,
    PanellistKind,
    PanelSheet,
)
from marketplace.reviews.panels import PanelMissing
from marketplace.reviews.scoring import Asked
from marketplace.reviews.status import PanelStatus

PAGE: Final = 30


@dataclass(frozen=True, kw_only=True)
class PanelRow:
    """One round of the list."""

    id: int
    name: str
    held_on: date
    status: PanelStatus
    entries: int
    panellists: int


@dataclass(frozen=True, kw_only=True)
class EntryRow:
    """One entry with how many sheets it has."""

    id: int
    number: int
    product_id: int
    product_name: str
    enterprise_name: str
    sheets: int


@dataclass(frozen=True, kw_only=True)
class PanellistRow:
    """One panellist with how many entries they are done with."""

    id: int
    name: str
    email: str
    kind: PanellistKind
    done: int
    conflicts: int


@dataclass(frozen=True, kw_only=True)
class PanelView:
    """One round with everything but its scores."""

    id: int
    name: str
    held_on: date
    badges: int
    status: PanelStatus
    published_at: datetime | None
    criteria: tuple[Asked, ...]
    entries: tuple[EntryRow, ...]
    panellists: tuple[PanellistRow, ...]


def list_page(*, before_id: int | None = None) -> list[PanelRow]:
    """List rounds, newest first, in one query."""
    entries, panellists = (
        select(func.count()).where(model.panel_id == Panel.id).correlate(Panel).scalar_subquery()
        for model in (PanelEntry, Panellist)
    )
    statement = select(Panel, entries, panellists)
    if before_id is not None:
        statement = statement.where(Panel.id < before_id)
    rows = db.session.execute(statement.order_by(Panel.id.desc()).limit(PAGE))
    return [
        PanelRow(
            id=panel.id,
            name=panel.name,
            held_on=panel.held_on,
            status=panel.status,
            entries=entered,
            panellists=seated,
        )
        for panel, entered, seated in rows
    ]


def get(panel_id: int) -> PanelView:
    """
    Return one round, in four queries.

    :raises PanelMissing:
    """
    panel = db.session.get(Panel, panel_id)
    if panel is None:
        raise PanelMissing
    return PanelView(
        id=panel.id,
        name=panel.name,
        held_on=panel.held_on,
        badges=panel.badges,
        status=panel.status,
        published_at=panel.published_at,
        criteria=tuple(scoring.list_criteria(panel_id)),
        entries=_entries(panel_id),
        panellists=_panellists(panel_id),
    )


def _entries(panel_id: int) -> tuple[EntryRow, ...]:
    sheets = (
        select(func.count())
        .where(PanelSheet.entry_id == PanelEntry.id, PanelSheet.has_conflict.is_(False))
        .correlate(PanelEntry)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(PanelEntry, Product.name, Enterprise.name, sheets)
        .join(Product, Product.id == PanelEntry.product_id)
        .join(Enterprise, Enterprise.id == Product.enterprise_id)
        .where(PanelEntry.panel_id == panel_id)
        .order_by(PanelEntry.number)
    )
    return tuple(
        EntryRow(
            id=entry.id,
            number=entry.number,
            product_id=entry.product_id,
            product_name=product,
            enterprise_name=maker,
            sheets=count,
        )
        for entry, product, maker, count in rows
    )


def _panellists(panel_id: int) -> tuple[PanellistRow, ...]:
    rows = db.session.execute(
        select(
            Panellist,
            Person.name,
            Person.email,
            func.count(PanelSheet.id),
            func.count(PanelSheet.id).filter(PanelSheet.has_conflict),
        )
        .join(Person, Person.id == Panellist.person_id)
        .outerjoin(PanelSheet, PanelSheet.panellist_id == Panellist.id)
        .where(Panellist.panel_id == panel_id)
        .group_by(Panellist.id, Person.name, Person.email)
        .order_by(Panellist.id)
    )
    return tuple(
        PanellistRow(
            id=panellist.id,
            name=masking.name(name),
            email=masking.email(email),
            kind=panellist.kind,
            done=done,
            conflicts=conflicts,
        )
        for panellist, name, email, done, conflicts in rows
    )
