"""Help a person whose search found nothing, in one statement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    CompoundSelect,
    Select,
    String,
    cast,
    desc,
    exists,
    false,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from marketplace.catalog.models import Category
from marketplace.core.db import db
from marketplace.search import grams, jamo, terms
from marketplace.search.models import ProductDocument, SearchWord

_CANDIDATES: Final = 20
_CATEGORIES: Final = 6
_POPULAR: Final = 8


class NearCategory(NamedTuple):
    """One category to look into instead."""

    category_id: int
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class Assistance:
    """What to offer instead of nothing."""

    did_you_mean: str | None
    # Words of the query that are in the catalogue, each worth a search of its own.
    words: list[str]
    popular: list[str]
    categories: list[NearCategory]


class _Candidate(NamedTuple):
    word: str
    weight: int


def assist(text: str, *, at: datetime) -> Assistance:
    """Offer what a person may have meant, the words that exist, what others seek, categories."""
    typed = grams.clean_query(text).split()
    meant = grams.clean_query(jamo.from_english_keys(text[: grams.MAX_QUERY_LENGTH]))
    near: dict[str, list[_Candidate]] = {}
    popular: list[str] = []
    categories: list[NearCategory] = []
    on_other_keys = False
    for row in db.session.execute(_statement(typed, meant, text, at)):
        if row.source == "near":
            near.setdefault(row.asked, []).append(_Candidate(row.word, row.weight))
        elif row.source == "popular":
            popular.append(row.word)
        elif row.source == "keys":
            on_other_keys = True
        else:
            categories.append(NearCategory(row.weight, row.asked, row.word))
    known = [word for word in typed if word in _spelled(near.get(word, ()))]
    better = meant if on_other_keys else _correct(typed, near)
    return Assistance(
        did_you_mean=better,
        words=known if len(typed) > 1 else [],
        popular=popular,
        categories=categories,
    )


def _correct(typed: Sequence[str], near: dict[str, list[_Candidate]]) -> str | None:
    """Replace every unknown word by the nearest known one; None when one has none near."""
    whole = " ".join(typed)
    if len(typed) > 1 and (best := _nearest(whole, near.get(whole, ()))):
        return best
    corrected = [_nearest(word, near.get(word, ())) for word in typed]
    if None in corrected or corrected == list(typed):
        return None
    return " ".join(word for word in corrected if word)


def _nearest(word: str, candidates: Iterable[_Candidate]) -> str | None:
    letters = jamo.decompose(word.replace(" ", ""))
    # One slip in a short word; a long one may hold more.
    allowed = max(1, len(letters) // 5)
    ranked = sorted(
        (
            jamo.distance(letters, jamo.decompose(near.word.replace(" ", ""))),
            -near.weight,
            near.word,
        )
        for near in candidates
    )
    if not ranked or ranked[0][0] > allowed:
        return None
    return ranked[0][2]


def _spelled(candidates: Iterable[_Candidate]) -> set[str]:
    return {near.word for near in candidates}


def _statement(typed: Sequence[str], meant: str, text: str, at: datetime) -> CompoundSelect[Any]:
    asked = [*typed, " ".join(typed)] if len(typed) > 1 else list(typed)
    statements = [_popular(at), _categories(grams.any_part(text)), *map(_near, asked)]
    query = grams.parse_query(meant)
    if query is not None and not meant.isascii():
        found = ProductDocument.grams.bool_op("@@")(cast(literal(query.match), TSQUERY))
        statements.append(
            _rows("keys", literal(""), literal(meant), literal(0)).where(exists().where(found))
        )
    return union_all(*(select(statement.subquery()) for statement in statements))


def _near(word: str) -> Select[Any]:
    letters = jamo.decompose(word.replace(" ", ""))
    likeness = func.similarity(SearchWord.jamo, letters)
    return (
        _rows("near", literal(word), SearchWord.word, SearchWord.weight)
        .where(SearchWord.jamo.bool_op("%")(letters))
        .order_by(likeness.desc(), SearchWord.weight.desc(), SearchWord.word)
        .limit(_CANDIDATES)
    )


def _popular(at: datetime) -> Select[Any]:
    listed = terms.popular(at=at, limit=_POPULAR).subquery().c
    return _rows("popular", literal(""), listed.term, listed.searches)


def _categories(asked: str | None) -> Select[Any]:
    """Choose categories whose products share a syllable pair with the text, then the largest."""
    leaf = ProductDocument.category_path[func.cardinality(ProductDocument.category_path)]
    near = (
        false()
        if asked is None
        else ProductDocument.grams.bool_op("@@")(cast(literal(asked), TSQUERY))
    )
    counted = (
        select(
            leaf.label("leaf"),
            func.count().filter(near).label("near"),
            func.count().label("products"),
        )
        .group_by("leaf")
        .order_by(desc("near"), desc("products"), "leaf")
        .limit(_CATEGORIES)
        .subquery()
    )
    return (
        _rows("category", Category.slug, Category.name, Category.id)
        .join(counted, counted.c.leaf == Category.id)
        .order_by(counted.c.near.desc(), counted.c.products.desc(), Category.id)
    )


def _rows(source: str, asked: Any, word: Any, weight: Any) -> Select[Any]:
    return select(
        literal(source).label("source"),
        cast(asked, String).label("asked"),
        cast(word, String).label("word"),
        weight.label("weight"),
    )
