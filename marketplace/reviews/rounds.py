"""A round's way: scoring is opened and closed, results are noted and published."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import func, select

from marketplace.catalog.models import Product
from marketplace.core import outbox
from marketplace.core.db import db
from marketplace.core.errors import Conflict, InvalidInput
from marketplace.reviews import conflicts, panels, results, status
from marketplace.reviews.panel_models import PanelCriterion, PanelEntry, Panellist
from marketplace.reviews.questions import list_desk_people
from marketplace.reviews.status import PanelStatus

LONGEST_NOTE: Final = 1_000


class NotClosed(Conflict):
    """Results are read and noted once nobody scores any more."""

    message = "심사를 마감한 뒤에 할 수 있습니다."


class NotReady(Conflict):
    """A round without goods, criteria or panellists scores nothing."""

    message = "출품, 심사 항목, 심사위원이 하나 이상 있어야 심사를 시작할 수 있습니다."


class NoteTooLong(InvalidInput):
    """A note fits on a screen."""

    message = "개선 의견은 1,000자까지 쓸 수 있습니다."
    field = "improvement"


def open_scoring(panel_id: int, *, by: int, at: datetime, ip: str | None) -> None:
    """
    Let the panel score; conflicts of interest that are known are flagged.

    :raises PanelMissing, PanelMoveNotAllowed, NotReady:
    """
    panel = panels.get_for_update(panel_id)
    is_first = panel.status is PanelStatus.DRAFT
    status.move(panel, PanelStatus.SCORING)
    counts = [
        db.session.scalar(select(func.count()).where(model.panel_id == panel_id))
        for model in (PanelEntry, PanelCriterion, Panellist)
    ]
    if not all(counts):
        raise NotReady
    conflicts.flag_known(panel_id, at=at)
    if is_first:
        _tell_panel(panel_id)
    panels.record("panel.opened", panel_id, by=by, ip=ip)


def close(panel_id: int, *, by: int, at: datetime, ip: str | None) -> None:
    """
    End scoring; sheets of those who began to work for a maker meanwhile do not count.

    :raises PanelMissing, PanelMoveNotAllowed:
    """
    status.move(panels.get_for_update(panel_id), PanelStatus.CLOSED)
    conflicts.flag_known(panel_id, at=at)
    panels.record("panel.closed", panel_id, by=by, ip=ip)


def note(
    panel_id: int,
    *,
    entry_id: int,
    improvement: str,
    channels: Collection[str],
    by: int,
    ip: str | None,
) -> None:
    """
    Write what the office makes of an entry: what to improve, and where it may be sold.

    :raises PanelMissing, NotClosed, NoteTooLong, ChannelUnknown:
    """
    if panels.get_for_update(panel_id).status is not PanelStatus.CLOSED:
        raise NotClosed
    entry = db.session.get(PanelEntry, entry_id)
    if entry is None or entry.panel_id != panel_id:
        raise panels.PanelMissing
    clean = improvement.strip()
    if len(clean) > LONGEST_NOTE:
        raise NoteTooLong
    entry.improvement, entry.channels = clean, panels.known_channels(channels)
    panels.record("panel.noted", panel_id, by=by, ip=ip, entry_id=entry_id)


def publish(panel_id: int, *, drops_extremes: bool, by: int, at: datetime, ip: str | None) -> None:
    """
    Show every enterprise its result and give the best their badges.

    :raises PanelMissing, PanelMoveNotAllowed:
    """
    panel = panels.get_for_update(panel_id)
    status.move(panel, PanelStatus.PUBLISHED)
    panel.published_at = at
    ranked = results.table(panel_id, drops_extremes=drops_extremes).rows
    scored = [row for row in ranked if row.mean_bps(drops_extremes=drops_extremes) is not None]
    best = {row.entry_id for row in scored[: panel.badges]}
    for entry in db.session.scalars(select(PanelEntry).where(PanelEntry.panel_id == panel_id)):
        entry.has_badge = entry.id in best
    _tell_enterprises(panel_id)
    panels.record("panel.published", panel_id, by=by, ip=ip, drops_extremes=drops_extremes)


def _tell_panel(panel_id: int) -> None:
    for panellist_id in db.session.scalars(
        select(Panellist.id).where(Panellist.panel_id == panel_id)
    ).all():
        outbox.enqueue(
            "notifications.deliver",
            {"kind": "panel_opened", "panellist_id": panellist_id},
            key=f"panel_opened:{panellist_id}",
        )


def _tell_enterprises(panel_id: int) -> None:
    for enterprise_id in db.session.scalars(
        select(Product.enterprise_id)
        .join(PanelEntry, PanelEntry.product_id == Product.id)
        .where(PanelEntry.panel_id == panel_id)
        .distinct()
    ).all():
        for person_id in list_desk_people(enterprise_id):
            outbox.enqueue(
                "notifications.deliver",
                {"kind": "panel_published", "panel_id": panel_id, "person_id": person_id},
                key=f"panel_published:{panel_id}:{person_id}",
            )
