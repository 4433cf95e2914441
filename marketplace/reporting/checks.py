"""One check of the books: two sums that must be one, and the rows where they are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import text

from marketplace.core.db import db


@dataclass(frozen=True)
class Check:
    """One invariant and how many rows break it; `example` names one of them."""

    name: str
    title: str
    broken: int
    example: str | None

    @property
    def holds(self) -> bool:
        """Tell whether nothing breaks it."""
        return self.broken == 0


class Rule(NamedTuple):
    """A check as a query that returns one row per breach; its first column names it."""

    name: str
    title: str
    sql: str


def run(rule: Rule) -> Check:
    """Look for breaches of one rule."""
    return found(rule.name, rule.title, db.session.scalars(text(rule.sql)).all())


def found(name: str, title: str, breaches: Sequence[str]) -> Check:
    """Return the check that found these breaches."""
    return Check(name, title, len(breaches), breaches[0] if breaches else None)
