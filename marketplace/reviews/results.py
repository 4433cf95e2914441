"""
What a round came to: integer means of blind scores, and what was said without names.

One sheet is worth the sum of its scores times their weights, in basis points of a point: between
10,000 (all ones) and 50,000 (all fives). An entry's mean is that of its sheets, rounded half up.
Without the extremes, the highest and the lowest sheet are left out when there are at least three.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import select

from marketplace.catalog.models import Product
from marketplace.core.db import db
from marketplace.enterprises.models import Enterprise
from marketplace.reviews.panel_models import (
    Panel,
    PanelCriterion,
    PanelEntry,
    Panellist,
    PanellistKind,
    PanelScore,
    PanelSheet,
)
from marketplace.reviews.status import PanelStatus

_ENOUGH_TO_DROP: Final = 3


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """What one panellist said, without their name."""

    kind: PanellistKind
    comment: str
    improvement: str
    channels: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One entry with its means in basis points of a point; None while nobody scored it."""

    entry_id: int
    number: int
    product_id: int
    product_name: str
    enterprise_name: str
    sheets: int
    conflicts: int
    mean_all: int | None
    mean_dropped: int | None
    by_criterion: tuple[int | None, ...]
    improvement: str
    channels: tuple[str, ...]
    has_badge: bool
    opinions: tuple[Opinion, ...]

    def mean_bps(self, *, drops_extremes: bool) -> int | None:
        """Return the mean that counts."""
        return self.mean_dropped if drops_extremes else self.mean_all


@dataclass(frozen=True, kw_only=True)
class Table:
    """The result of a round, best first; entries without a score come last by number."""

    criteria: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, kw_only=True)
class OwnResult:
    """One entry of an enterprise in a published round."""

    panel_name: str
    held_on: date
    published_at: datetime
    entries: int
    criteria: tuple[str, ...]
    row: Row


@dataclass(frozen=True, kw_only=True)
class _Scored:
    sheet: PanelSheet
    kind: PanellistKind
    total: int
    scores: tuple[int, ...]


def mean(values: Sequence[int]) -> int | None:
    """Return the mean rounded half up, in integers; None of nothing."""
    return (2 * sum(values) + len(values)) // (2 * len(values)) if values else None


def without_extremes(values: Iterable[int]) -> list[int]:
    """Return values without their highest and lowest, when at least three are there."""
    ordered = sorted(values)
    return ordered[1:-1] if len(ordered) >= _ENOUGH_TO_DROP else ordered


def table(panel_id: int, *, drops_extremes: bool) -> Table:
    """Return the result of a round, in four queries whatever its size."""
    criteria = db.session.scalars(
        select(PanelCriterion)
        .where(PanelCriterion.panel_id == panel_id)
        .order_by(PanelCriterion.position, PanelCriterion.id)
    ).all()
    scored, conflicts = _sheets(panel_id, criteria)
    entries = db.session.execute(
        select(PanelEntry, Product.name, Enterprise.name)
        .join(Product, Product.id == PanelEntry.product_id)
        .join(Enterprise, Enterprise.id == Product.enterprise_id)
        .where(PanelEntry.panel_id == panel_id)
        .order_by(PanelEntry.number)
    )
    rows = [
        _row(entry, product, maker, scored.get(entry.id, []), conflicts.get(entry.id, 0), criteria)
        for entry, product, maker in entries
    ]
    rows.sort(key=lambda row: (-(row.mean_bps(drops_extremes=drops_extremes) or 0), row.number))
    return Table(criteria=tuple(each.name for each in criteria), rows=tuple(rows))


def list_of_enterprise(enterprise_id: int) -> list[OwnResult]:
    """List an enterprise's entries in published rounds, newest first."""
    panels = db.session.scalars(
        select(Panel)
        .join(PanelEntry, PanelEntry.panel_id == Panel.id)
        .join(Product, Product.id == PanelEntry.product_id)
        .where(Product.enterprise_id == enterprise_id, Panel.status == PanelStatus.PUBLISHED)
        .distinct()
        .order_by(Panel.id.desc())
    ).all()
    own = set(
        db.session.scalars(
            select(PanelEntry.id)
            .join(Product, Product.id == PanelEntry.product_id)
            .where(
                Product.enterprise_id == enterprise_id,
                PanelEntry.panel_id.in_([panel.id for panel in panels]),
            )
        )
    )
    found = []
    for panel in panels:
        whole = table(panel.id, drops_extremes=False)
        found += [
            OwnResult(
                panel_name=panel.name,
                held_on=panel.held_on,
                published_at=panel.published_at or panel.created_at,
                entries=len(whole.rows),
                criteria=whole.criteria,
                row=row,
            )
            for row in whole.rows
            if row.entry_id in own
        ]
    return found


def _sheets(
    panel_id: int, criteria: Sequence[PanelCriterion]
) -> tuple[dict[int, list[_Scored]], dict[int, int]]:
    rows = db.session.execute(
        select(PanelSheet, Panellist.kind)
        .join(Panellist, Panellist.id == PanelSheet.panellist_id)
        .where(Panellist.panel_id == panel_id)
        .order_by(PanelSheet.submitted_at, PanelSheet.id)
    ).all()
    given: dict[int, dict[int, int]] = {}
    for score in db.session.scalars(
        select(PanelScore)
        .join(PanelCriterion, PanelCriterion.id == PanelScore.criterion_id)
        .where(PanelCriterion.panel_id == panel_id)
    ):
        given.setdefault(score.sheet_id, {})[score.criterion_id] = score.score
    scored: dict[int, list[_Scored]] = {}
    conflicts: dict[int, int] = {}
    for sheet, kind in rows:
        if sheet.has_conflict:
            conflicts[sheet.entry_id] = conflicts.get(sheet.entry_id, 0) + 1
            continue
        scores = tuple(given[sheet.id][criterion.id] for criterion in criteria)
        total = sum(
            score * criterion.weight_bps for score, criterion in zip(scores, criteria, strict=True)
        )
        scored.setdefault(sheet.entry_id, []).append(
            _Scored(sheet=sheet, kind=kind, total=total, scores=scores)
        )
    return scored, conflicts


def _row(
    entry: PanelEntry,
    product: str,
    maker: str,
    scored: Sequence[_Scored],
    conflicts: int,
    criteria: Sequence[PanelCriterion],
) -> Row:
    totals = [each.total for each in scored]
    return Row(
        entry_id=entry.id,
        number=entry.number,
        product_id=entry.product_id,
        product_name=product,
        enterprise_name=maker,
        sheets=len(scored),
        conflicts=conflicts,
        mean_all=mean(totals),
        mean_dropped=mean(without_extremes(totals)),
        by_criterion=tuple(
            mean([each.scores[position] * 10_000 for each in scored])
            for position in range(len(criteria))
        ),
        improvement=entry.improvement,
        channels=tuple(entry.channels),
        has_badge=entry.has_badge,
        opinions=tuple(
            Opinion(
                kind=each.kind,
                comment=each.sheet.comment,
                improvement=each.sheet.improvement,
                channels=tuple(each.sheet.channels),
            )
            # In the order of what was said: that of time or of seats would tell who said it.
            for each in sorted(scored, key=lambda one: (one.sheet.comment, one.sheet.improvement))
            if each.sheet.comment or each.sheet.improvement or each.sheet.channels
        ),
    )
