"""Check the books on a schedule, keep what was found, and tell administrators of new breaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from marketplace.accounts.models import Person, PersonStatus, Role, RoleGrant
from marketplace.core import outbox
from marketplace.core.db import db
from marketplace.reporting import books
from marketplace.reporting.models import BookCheck


@dataclass(frozen=True)
class Finding:
    """One check that did not hold."""

    name: str
    title: str
    broken: int
    example: str


@dataclass(frozen=True)
class KeptCheck:
    """One run over all books and what it found."""

    id: int
    checked_at: datetime
    checks: int
    findings: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        """Tell whether every check held."""
        return not self.findings


def watch(*, at: datetime) -> KeptCheck:
    """Check all books, keep the result, and tell administrators of what broke since last time."""
    known = {finding.name for run in list_runs(limit=1) for finding in run.findings}
    checks = books.check_books()
    row = BookCheck(
        checked_at=at,
        checks=len(checks),
        findings=[
            {
                "name": check.name,
                "title": check.title,
                "broken": check.broken,
                "example": check.example,
            }
            for check in checks
            if not check.holds
        ],
    )
    db.session.add(row)
    db.session.flush()
    kept = _kept(row)
    new = [finding.title for finding in kept.findings if finding.name not in known]
    if new:
        _tell_administrators(kept.id, new)
    return kept


def find_last() -> KeptCheck | None:
    """Return the last run, or None before the first."""
    return next(iter(list_runs(limit=1)), None)


def list_runs(*, limit: int) -> list[KeptCheck]:
    """Return the last runs, newest first."""
    rows = db.session.scalars(
        select(BookCheck).order_by(BookCheck.checked_at.desc(), BookCheck.id.desc()).limit(limit)
    )
    return [_kept(row) for row in rows]


def _tell_administrators(check_id: int, titles: Sequence[str]) -> None:
    people = db.session.scalars(
        select(RoleGrant.person_id)
        .join(Person, Person.id == RoleGrant.person_id)
        .where(
            RoleGrant.role == Role.ADMINISTRATOR,
            RoleGrant.revoked_at.is_(None),
            Person.status == PersonStatus.ACTIVE,
        )
        .order_by(RoleGrant.person_id)
    )
    for person_id in people:
        outbox.enqueue(
            "notifications.deliver",
            {"kind": "books_broken", "person_id": person_id, "titles": list(titles)},
            key=f"books_broken:{check_id}:{person_id}",
        )


def _kept(row: BookCheck) -> KeptCheck:
    return KeptCheck(
        row.id, row.checked_at, row.checks, tuple(_finding(found) for found in row.findings)
    )


def _finding(found: Mapping[str, object]) -> Finding:
    return Finding(
        name=str(found["name"]),
        title=str(found["title"]),
        broken=int(str(found["broken"])),
        example=str(found["example"]),
    )
