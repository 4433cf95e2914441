"""Help a person whose search found nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    String,
    cast,
    desc,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from marketplace.catalog.models import Category
from marketplace.core.db import db
from marketplace.search import grams, jamo, terms
from marketplace.search.models import ProductDocument, SearchWord, WordKind

_CANDIDATES: Final = 20
_CATEGORIES: Final = 6
_POPULAR: Final = 8
_WORDS: Final = 6
_LONGEST_COMPOUND: Final = 8
_LEAST_LETTERS: Final = 4
_LONGEST_INITIALS: Final = 6
_HANGUL: Final = re.compile(r"[가-힣]{2,}")


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
    # Where something near is sold; empty when nothing is near.
    categories: list[NearCategory]


class _Candidate(NamedTuple):
    word: str
    weight: int


@dataclass(slots=True)
class _Findings:
    near: dict[str, list[_Candidate]] = field(default_factory=dict)
    parts: set[str] = field(default_factory=set)
    # Words by how many of the typed initials they begin with.
    begun: dict[int, list[str]] = field(default_factory=dict)
    popular: list[str] = field(default_factory=list)
    on_other_keys: bool = False


def assist(text: str, *, at: datetime) -> Assistance:
    """Offer what a person may have meant, the words that exist, what others seek, categories."""
    typed = grams.clean_query(text).split()
    meant = grams.clean_query(jamo.from_english_keys(text[: grams.MAX_QUERY_LENGTH]))
    found = _find(typed, meant, at)
    better = meant if found.on_other_keys else _correct(typed, found.near)
    words = _words_within(typed, found)
    # What begins with the same consonants has nothing else in common.
    about = text if found.begun else better or " ".join(words) or text
    return Assistance(
        did_you_mean=better,
        words=words,
        popular=found.popular,
        categories=_list_categories(about),
    )


def _find(typed: Sequence[str], meant: str, at: datetime) -> _Findings:
    found = _Findings()
    for row in db.session.execute(_statement(typed, meant, at)):
        if row.source == "near":
            found.near.setdefault(row.asked, []).append(_Candidate(row.word, row.weight))
        elif row.source == "part":
            found.parts.add(row.word)
        elif row.source == "begun":
            found.begun.setdefault(len(row.asked), []).append(row.word)
        elif row.source == "popular":
            found.popular.append(row.word)
        else:
            found.on_other_keys = True
    return found


def _words_within(typed: Sequence[str], found: _Findings) -> list[str]:
    """List the known words among those typed, and those a compound is made of."""
    if found.begun:
        return found.begun[max(found.begun)]
    words: dict[str, None] = {}
    for word in typed:
        if word in _spelled(found.near.get(word, ())):
            if len(typed) > 1:
                words[word] = None
            continue
        # Korean puts the head last: a 통밀빵 is a 빵 before it is of 통밀.
        for cuts in (_ends(word), _starts(word)):
            longest = next((cut for cut in cuts if cut in found.parts), None)
            words.update({} if longest is None else {longest: None})
    return list(words)[:_WORDS]


def _correct(typed: Sequence[str], near: dict[str, list[_Candidate]]) -> str | None:
    """Replace every unknown word by the nearest known one; None when one has none near."""
    whole = " ".join(typed)
    if len(typed) > 1 and (best := _nearest(whole, near.get(whole, ()))):
        return best
    corrected = [_nearest(word, near.get(word, ())) for word in typed]
    if None not in corrected:
        better = " ".join(word for word in corrected if word)
        return better if better != whole else None
    if not typed or typed[-1] in _spelled(near.get(typed[-1], ())):
        return None
    return _correct_head(typed[-1], near)


def _correct_head(compound: str, near: dict[str, list[_Candidate]]) -> str | None:
    """Find what a compound nobody sells most likely ends in: 벌굴 is some 꿀."""
    for end in _ends(compound):
        head = _nearest(end, near.get(end, ()))
        if head == end:
            return None
        # With one syllable to go by, only a forgotten shift key is a slip: 색 is no 책.
        if head and (len(end) > 1 or set(jamo.decompose(head)) == set(jamo.decompose(end))):
            return head
    return None


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


def _ends(word: str) -> list[str]:
    """List what a compound may end in, the longest first."""
    return [word[at:] for at in range(1, len(word))] if _is_compound(word) else []


def _starts(word: str) -> list[str]:
    """List what a compound may begin with, the longest first; one syllable says too little."""
    return [word[:at] for at in range(len(word) - 1, 1, -1)] if _is_compound(word) else []


def _is_compound(word: str) -> bool:
    return len(word) <= _LONGEST_COMPOUND and _HANGUL.fullmatch(word) is not None


def _statement(typed: Sequence[str], meant: str, at: datetime) -> CompoundSelect[Any]:
    asked = [*typed, " ".join(typed)] if len(typed) > 1 else list(typed)
    parts = [part for word in typed for part in (*_ends(word), *_starts(word))]
    statements = [_popular(at), _parts(parts), *map(_near, asked), *_begun(typed)]
    statements += [_near_head(end) for end in _ends(typed[-1] if typed else "")]
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
    alike: ColumnElement[bool] = SearchWord.jamo.bool_op("%")(letters)
    if len(letters) >= _LEAST_LETTERS:
        # A short word with another first letter, 거피 for 커피, shares too few trigrams.
        alike = or_(alike, SearchWord.jamo.like(f"_{letters[1:]}"))
    return (
        _rows("near", literal(word), SearchWord.word, SearchWord.weight)
        .where(alike)
        .order_by(likeness.desc(), SearchWord.weight.desc(), SearchWord.word)
        .limit(_CANDIDATES)
    )


def _popular(at: datetime) -> Select[Any]:
    listed = terms.popular(at=at, limit=_POPULAR).subquery().c
    return _rows("popular", literal(""), listed.term, listed.searches)


def _parts(parts: Sequence[str]) -> Select[Any]:
    return _rows("part", literal(""), SearchWord.word, SearchWord.weight).where(
        SearchWord.word.in_(parts), _tells_enough()
    )


def _near_head(end: str) -> Select[Any]:
    return _near(end).where(_tells_enough())


def _tells_enough() -> ColumnElement[bool]:
    # 우체국 sells no 국: one syllable at the end of a word is taken for a word only where it
    # names a whole kind of goods.
    return or_(func.length(SearchWord.word) > 1, SearchWord.kind == WordKind.CATEGORY)


def _begun(typed: Sequence[str]) -> Iterator[Select[Any]]:
    """Choose words that share the first of the initials somebody typed."""
    if not typed or not all(map(jamo.is_initials, typed)):
        return
    joined = "".join(map(jamo.spread_initials, typed))[:_LONGEST_INITIALS]
    for length in range(2, len(joined) + 1):
        start = joined[:length]
        yield (
            _rows("begun", literal(start), SearchWord.word, SearchWord.weight)
            .where(SearchWord.initials.like(f"{start}%"))
            .order_by(SearchWord.weight.desc(), SearchWord.word)
            .limit(_WORDS)
        )


def _list_categories(text: str) -> list[NearCategory]:
    """List the categories with most products that share a syllable pair with a text."""
    asked = grams.any_part(text)
    if asked is None:
        return []
    leaf = ProductDocument.category_path[func.cardinality(ProductDocument.category_path)]
    counted = (
        select(leaf.label("leaf"), func.count().label("products"))
        .where(ProductDocument.grams.bool_op("@@")(cast(literal(asked), TSQUERY)))
        .group_by("leaf")
        .order_by(desc("products"), "leaf")
        .limit(_CATEGORIES)
        .subquery()
    )
    rows = db.session.execute(
        select(Category.id, Category.slug, Category.name)
        .join(counted, counted.c.leaf == Category.id)
        .order_by(counted.c.products.desc(), Category.id)
    )
    return [NearCategory(*row) for row in rows]


def _rows(source: str, asked: Any, word: Any, weight: Any) -> Select[Any]:
    return select(
        literal(source).label("source"),
        cast(asked, String).label("asked"),
        cast(word, String).label("word"),
        weight.label("weight"),
    )
