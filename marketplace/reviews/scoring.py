"""What one panellist sees and scores: entries by number, without the names of their makers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from marketplace.catalog.models import Category, Product
from marketplace.core.db import db
from marketplace.core.errors import Conflict, InvalidInput, NotFound
from marketplace.core.money import Won
from marketplace.enterprises.models import Enterprise
from marketplace.reviews import conflicts, panels
from marketplace.reviews.panel_models import (
    Panel,
    PanelCriterion,
    PanelEntry,
    Panellist,
    PanelScore,
    PanelSheet,
)
from marketplace.reviews.status import PanelStatus

SCORES: Final = range(1, 6)
LONGEST_COMMENT: Final = 1_000
_MAKER: Final = "○○"


class SeatMissing(NotFound):
    """The round is not this person's to score."""

    message = "심사할 품평회를 찾을 수 없습니다."


class ScoringOver(Conflict):
    """Scores are given while the round is open."""

    message = "심사 기간이 아닙니다."


class InConflict(Conflict):
    """Nobody scores what their own enterprise makes."""

    message = "이해관계가 있는 출품은 심사할 수 없습니다."


class ScoresMissing(InvalidInput):
    """Every criterion is scored."""

    message = "모든 항목에 1점부터 5점까지 점수를 주세요."
    field = "scores"


class CommentTooLong(InvalidInput):
    """Comments fit on a sheet."""

    message = "의견은 1,000자까지 쓸 수 있습니다."
    field = "comment"


@dataclass(frozen=True, kw_only=True)
class Seat:
    """One round a person scores in."""

    panel_id: int
    name: str
    held_on: date
    status: PanelStatus
    entries: int
    done: int


@dataclass(frozen=True)
class Asked:
    """One criterion of a sheet."""

    id: int
    name: str
    weight_bps: int


@dataclass(frozen=True, kw_only=True)
class BlindEntry:
    """One entry as a panellist may know it, with what this panellist said of it so far."""

    id: int
    number: int
    name: str
    summary: str
    category: str
    price: Won
    consumer_price: Won
    origin: str
    has_conflict: bool
    is_scored: bool
    scores: Mapping[int, int]
    comment: str
    improvement: str
    channels: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """What a panellist fills in."""

    scores: Mapping[int, int]
    comment: str
    improvement: str
    channels: Collection[str]


def list_seats(person_id: int) -> list[Seat]:
    """List the rounds a person scores in, newest first, in one query."""
    entries = (
        select(func.count())
        .where(PanelEntry.panel_id == Panel.id)
        .correlate(Panel)
        .scalar_subquery()
    )
    done = (
        select(func.count())
        .where(PanelSheet.panellist_id == Panellist.id)
        .correlate(Panellist)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(Panel, entries, done)
        .join(Panellist, Panellist.panel_id == Panel.id)
        .where(Panellist.person_id == person_id, Panel.status != PanelStatus.DRAFT)
        .order_by(Panel.held_on.desc(), Panel.id.desc())
    )
    return [
        Seat(
            panel_id=panel.id,
            name=panel.name,
            held_on=panel.held_on,
            status=panel.status,
            entries=count,
            done=sheets,
        )
        for panel, count, sheets in rows
    ]


def list_criteria(panel_id: int) -> list[Asked]:
    """List what a round is scored by."""
    rows = db.session.scalars(
        select(PanelCriterion)
        .where(PanelCriterion.panel_id == panel_id)
        .order_by(PanelCriterion.position, PanelCriterion.id)
    )
    return [Asked(row.id, row.name, row.weight_bps) for row in rows]


def list_entries(panel_id: int, *, person_id: int) -> list[BlindEntry]:
    """
    List a round's entries for one panellist, in three queries.

    :raises SeatMissing:
    """
    panellist = _seat(panel_id, person_id)
    rows = db.session.execute(
        select(PanelEntry, Product, Category.name, Enterprise.name, PanelSheet)
        .join(Product, Product.id == PanelEntry.product_id)
        .join(Category, Category.id == Product.category_id)
        .join(Enterprise, Enterprise.id == Product.enterprise_id)
        .outerjoin(
            PanelSheet,
            (PanelSheet.entry_id == PanelEntry.id) & (PanelSheet.panellist_id == panellist.id),
        )
        .where(PanelEntry.panel_id == panel_id)
        .order_by(PanelEntry.number)
    ).all()
    scores: dict[int, dict[int, int]] = {}
    sheets = [row[4].id for row in rows if row[4] is not None]
    for score in db.session.scalars(select(PanelScore).where(PanelScore.sheet_id.in_(sheets))):
        scores.setdefault(score.sheet_id, {})[score.criterion_id] = score.score
    return [
        _blind(entry, product, category, maker, sheet, scores)
        for entry, product, category, maker, sheet in rows
    ]


def get_entry(panel_id: int, entry_id: int, *, person_id: int) -> BlindEntry:
    """
    Return one entry of a round for one panellist.

    :raises SeatMissing:
    """
    found = next(
        (each for each in list_entries(panel_id, person_id=person_id) if each.id == entry_id), None
    )
    if found is None:
        raise SeatMissing
    return found


def score(*, panel_id: int, entry_id: int, person_id: int, sheet: Sheet, at: datetime) -> None:
    """
    Write a panellist's scores of an entry; written again they replace the earlier ones.

    :raises SeatMissing, ScoringOver, InConflict, ScoresMissing, CommentTooLong, ChannelUnknown:
    """
    panellist, entry = _open(panel_id, entry_id, person_id)
    if conflicts.works_for_maker(person_id=person_id, product_id=entry.product_id):
        raise InConflict
    asked = {criterion.id for criterion in list_criteria(panel_id)}
    if set(sheet.scores) != asked or not all(each in SCORES for each in sheet.scores.values()):
        raise ScoresMissing
    comment, improvement = sheet.comment.strip(), sheet.improvement.strip()
    if max(len(comment), len(improvement)) > LONGEST_COMMENT:
        raise CommentTooLong
    values = {
        "has_conflict": False,
        "comment": comment,
        "improvement": improvement,
        "channels": panels.known_channels(sheet.channels),
        "submitted_at": at,
    }
    sheet_id = db.session.scalar(
        insert(PanelSheet)
        .values(panellist_id=panellist.id, entry_id=entry_id, **values)
        .on_conflict_do_update(
            index_elements=[PanelSheet.panellist_id, PanelSheet.entry_id], set_=values
        )
        .returning(PanelSheet.id)
    )
    db.session.execute(delete(PanelScore).where(PanelScore.sheet_id == sheet_id))
    db.session.execute(
        insert(PanelScore),
        [
            {"sheet_id": sheet_id, "criterion_id": criterion_id, "score": given}
            for criterion_id, given in sorted(sheet.scores.items())
        ],
    )


def declare_conflict(*, panel_id: int, entry_id: int, person_id: int, at: datetime) -> None:
    """
    Let a panellist step back from an entry.

    :raises SeatMissing, ScoringOver:
    """
    panellist, _ = _open(panel_id, entry_id, person_id)
    conflicts.flag(panellist_id=panellist.id, entry_id=entry_id, at=at)


def get_panel(panel_id: int, *, person_id: int) -> Seat:
    """
    Return one round of a panellist.

    :raises SeatMissing:
    """
    found = next((seat for seat in list_seats(person_id) if seat.panel_id == panel_id), None)
    if found is None:
        raise SeatMissing
    return found


def _seat(panel_id: int, person_id: int) -> Panellist:
    panellist = db.session.scalars(
        select(Panellist)
        .join(Panel, Panel.id == Panellist.panel_id)
        .where(
            Panellist.panel_id == panel_id,
            Panellist.person_id == person_id,
            Panel.status != PanelStatus.DRAFT,
        )
    ).one_or_none()
    if panellist is None:
        raise SeatMissing
    return panellist


def _open(panel_id: int, entry_id: int, person_id: int) -> tuple[Panellist, PanelEntry]:
    panellist = _seat(panel_id, person_id)
    # Shared by all who score; whoever closes the round waits for them and they for nobody else.
    panel = db.session.get(Panel, panel_id, with_for_update={"read": True})
    entry = db.session.get(PanelEntry, entry_id)
    if panel is None or entry is None or entry.panel_id != panel_id:
        raise SeatMissing
    if panel.status is not PanelStatus.SCORING:
        raise ScoringOver
    return panellist, entry


def _blind(
    entry: PanelEntry,
    product: Product,
    category: str,
    maker: str,
    sheet: PanelSheet | None,
    scores: Mapping[int, Mapping[int, int]],
) -> BlindEntry:
    return BlindEntry(
        id=entry.id,
        number=entry.number,
        name=product.name.replace(maker, _MAKER),
        summary=product.summary.replace(maker, _MAKER),
        category=category,
        price=product.price,
        consumer_price=product.consumer_price,
        origin=product.origin,
        has_conflict=sheet is not None and sheet.has_conflict,
        is_scored=sheet is not None and not sheet.has_conflict,
        scores=scores.get(sheet.id, {}) if sheet is not None else {},
        comment=sheet.comment if sheet is not None else "",
        improvement=sheet.improvement if sheet is not None else "",
        channels=tuple(sheet.channels) if sheet is not None else (),
    )
