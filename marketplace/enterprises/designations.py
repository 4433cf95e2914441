"""Which designations hold on a day, and what they are called."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

from sqlalchemy import ColumnElement, select

from marketplace.core.db import db
from marketplace.enterprises.models import Designation, DesignationKind

__all__ = ["LABELS", "DesignationKind", "holds_on", "kinds_by_enterprise"]

LABELS: Final = {
    DesignationKind.SOCIAL: "사회적기업",
    DesignationKind.PRE_SOCIAL: "예비사회적기업",
    DesignationKind.VILLAGE: "마을기업",
    DesignationKind.COOPERATIVE: "협동조합",
    DesignationKind.SOCIAL_COOPERATIVE: "사회적협동조합",
    DesignationKind.SELF_SUPPORT: "자활기업",
}


def holds_on(day: date | ColumnElement[date]) -> ColumnElement[bool]:
    """Return the condition that a designation is valid on a day."""
    return (
        (Designation.granted_on <= day)
        & (Designation.expires_on.is_(None) | (Designation.expires_on > day))
        & (Designation.revoked_on.is_(None) | (Designation.revoked_on > day))
    )


def kinds_by_enterprise(
    enterprise_ids: Iterable[int], *, on: date
) -> dict[int, list[DesignationKind]]:
    """Return the kinds each enterprise validly holds on a day, in the order granted."""
    rows = db.session.execute(
        select(Designation.enterprise_id, Designation.kind)
        .where(Designation.enterprise_id.in_(list(enterprise_ids)), holds_on(on))
        .order_by(Designation.enterprise_id, Designation.granted_on, Designation.id)
    )
    kinds: dict[int, list[DesignationKind]] = {}
    for enterprise_id, kind in rows:
        held = kinds.setdefault(enterprise_id, [])
        if kind not in held:
            held.append(kind)
    return kinds
