"""Conflicts of interest: who works for an enterprise does not score its goods."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from marketplace.catalog.models import Product
from marketplace.core.db import db
from marketplace.enterprises.models import Member
from marketplace.reviews.panel_models import PanelEntry, Panellist, PanelScore, PanelSheet


def flag_known(panel_id: int, *, at: datetime) -> None:
    """Flag every panellist's entries of an enterprise they work for."""
    pairs = db.session.execute(
        select(Panellist.id, PanelEntry.id)
        .select_from(Panellist)
        .join(PanelEntry, PanelEntry.panel_id == Panellist.panel_id)
        .join(Product, Product.id == PanelEntry.product_id)
        .join(
            Member,
            (Member.enterprise_id == Product.enterprise_id)
            & (Member.person_id == Panellist.person_id)
            & Member.revoked_at.is_(None),
        )
        .where(Panellist.panel_id == panel_id)
    ).all()
    for panellist_id, entry_id in pairs:
        flag(panellist_id=panellist_id, entry_id=entry_id, at=at)


def flag(*, panellist_id: int, entry_id: int, at: datetime) -> None:
    """Note that a panellist does not score an entry, and drop the scores given before."""
    values = {
        "has_conflict": True,
        "comment": "",
        "improvement": "",
        "channels": [],
        "submitted_at": at,
    }
    sheet_id = db.session.scalar(
        insert(PanelSheet)
        .values(panellist_id=panellist_id, entry_id=entry_id, **values)
        .on_conflict_do_update(
            index_elements=[PanelSheet.panellist_id, PanelSheet.entry_id], set_=values
        )
        .returning(PanelSheet.id)
    )
    db.session.execute(delete(PanelScore).where(PanelScore.sheet_id == sheet_id))


def works_for_maker(*, person_id: int, product_id: int) -> bool:
    """Tell whether somebody works for the enterprise that makes a product."""
    found = db.session.scalar(
        select(Member.id)
        .join(Product, Product.enterprise_id == Member.enterprise_id)
        .where(
            Product.id == product_id,
            Member.person_id == person_id,
            Member.revoked_at.is_(None),
        )
        .limit(1)
    )
    return found is not None
