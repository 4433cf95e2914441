"""The words of the catalogue: what shoppers can mean, for completion and "did you mean"."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from marketplace.catalog.models import Category, Product
from marketplace.core.db import db
from marketplace.enterprises.designations import LABELS, DesignationKind
from marketplace.enterprises.models import Enterprise
from marketplace.search import grams, jamo
from marketplace.search.models import ProductDocument, SearchWord, WordKind

_LONGEST: Final = 30
_LARGEST_LIST: Final = 20
_LEAST_KEYS: Final = 3
# A word has a letter in it; an amount such as 500g, or a lone Latin letter, is no word.
_WORD: Final = re.compile(r"(?!\d[\d.]*[a-z]{0,2}$)(?![a-z]$)(?=.*[^\W\d_]).+")
_RANK: Final = {kind: place for place, kind in enumerate(WordKind)}


class Suggestion(NamedTuple):
    """One word to complete what is being typed."""

    word: str
    kind: WordKind


def suggest(typed: str, *, limit: int = 10) -> list[Suggestion]:
    """Complete what is being typed, down to a half-made syllable, initials or a wrong keyboard."""
    start = "".join(grams.clean_query(typed).split())
    if not start:
        return []
    fits: ColumnElement[bool]
    if jamo.is_initials(start):
        fits = SearchWord.initials.like(f"{jamo.spread_initials(start)}%")
    else:
        fits = SearchWord.jamo.like(f"{jamo.decompose(start)}%")
    meant = "".join(grams.words(jamo.from_english_keys(typed[: grams.MAX_QUERY_LENGTH])))
    if start.isascii() and len(start) >= _LEAST_KEYS and not meant.isascii():
        fits = or_(fits, SearchWord.jamo.like(f"{jamo.decompose(meant)}%"))
    rows = db.session.execute(
        select(SearchWord.word, SearchWord.kind)
        .where(fits)
        .order_by(SearchWord.weight.desc(), func.length(SearchWord.word), SearchWord.word)
        .limit(max(1, min(limit, _LARGEST_LIST)))
    )
    return [Suggestion(*row) for row in rows]


def add(product_ids: Sequence[int]) -> None:
    """Add the words of these products that are not known yet."""
    _insert(_collect(product_ids))


def rebuild() -> None:
    """Write all words anew, with how many products say each."""
    db.session.execute(delete(SearchWord))
    _insert(_collect(None))


def _collect(product_ids: Sequence[int] | None) -> Counter[tuple[WordKind, str]]:
    """Count who says what among the products in the index."""
    statement = (
        select(
            Product.name,
            Product.tags,
            Enterprise.name,
            Product.category_id,
            ProductDocument.kinds,
        )
        .join(ProductDocument, ProductDocument.product_id == Product.id)
        .join(Enterprise, Enterprise.id == Product.enterprise_id)
    )
    if product_ids is not None:
        statement = statement.where(Product.id.in_(product_ids))
    branches = _branches()
    said: Counter[tuple[WordKind, str]] = Counter()
    for name, tags, enterprise, category_id, kinds in db.session.execute(statement):
        said.update(_words_of(WordKind.NAME, [name], whole=False))
        said.update(_words_of(WordKind.TAG, tags, whole=True))
        said.update(_words_of(WordKind.ENTERPRISE, [enterprise], whole=True))
        said.update(_words_of(WordKind.CATEGORY, branches[category_id], whole=True))
        said.update(
            _words_of(WordKind.TAG, [LABELS[DesignationKind(kind)] for kind in kinds], whole=False)
        )
    return said


def _branches() -> Mapping[int, list[str]]:
    rows = db.session.execute(select(Category.id, Category.name, Category.path)).all()
    names = {row.id: row.name for row in rows}
    return {row.id: [names[node] for node in row.path] for row in rows}


def _words_of(kind: WordKind, texts: Iterable[str], *, whole: bool) -> set[tuple[WordKind, str]]:
    """List the words of some texts; a whole one is a term of its own as well."""
    found: set[tuple[WordKind, str]] = set()
    for text in texts:
        listed = grams.words(text)
        terms = {*listed, " ".join(listed)} if whole else set(listed)
        found.update(
            (kind, term) for term in terms if len(term) <= _LONGEST and _WORD.fullmatch(term)
        )
    return found


def _insert(said: Counter[tuple[WordKind, str]]) -> None:
    entries: dict[str, dict[str, Any]] = {}
    for (kind, word), count in sorted(said.items(), key=lambda item: _RANK[item[0][0]]):
        joined = word.replace(" ", "")
        entry = entries.setdefault(
            word,
            {
                "word": word,
                "kind": kind,
                "jamo": jamo.decompose(joined),
                "initials": jamo.initials(joined),
                "weight": 0,
            },
        )
        entry["weight"] = max(entry["weight"], count)
    if entries:
        # In one order, so that two writers cannot wait for each other.
        rows = [entries[word] for word in sorted(entries)]
        db.session.execute(insert(SearchWord).on_conflict_do_nothing(), rows)
