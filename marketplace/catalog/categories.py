"""The category tree."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from marketplace.catalog.models import Category
from marketplace.core.db import db


@dataclass(frozen=True)
class CategoryNode:
    """One category with its place in the tree."""

    id: int
    parent_id: int | None
    slug: str
    name: str
    path: tuple[int, ...]
    notice_kind: str


def list_categories() -> list[CategoryNode]:
    """Return every category, parents before children, in shop order, in one query."""
    found = db.session.scalars(select(Category).order_by(Category.position, Category.id)).all()
    return [
        CategoryNode(
            id=category.id,
            parent_id=category.parent_id,
            slug=category.slug,
            name=category.name,
            path=tuple(category.path),
            notice_kind=category.notice_kind,
        )
        for category in found
    ]


def add(*, slug: str, name: str, parent_id: int | None, position: int, notice_kind: str) -> int:
    """Add a category under its parent and return its id."""
    parent = None if parent_id is None else db.session.get_one(Category, parent_id)
    category = Category(
        slug=slug,
        name=name,
        parent_id=parent_id,
        position=position,
        notice_kind=notice_kind,
        path=[],
    )
    db.session.add(category)
    db.session.flush()
    category.path = [*(parent.path if parent else []), category.id]
    db.session.flush()
    return category.id
