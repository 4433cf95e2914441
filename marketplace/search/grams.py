"""
Turn Korean text into what PostgreSQL can index and ask for.

Korean glues nouns together (아카시아꿀), and the head stands last. So every word is cut into
syllables and pairs of syllables, each weighted by its place in the word: A the whole word,
B its end, C its start, D inside. A query matches anywhere; it ranks first where it ends a word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from marketplace.search import jamo

MAX_QUERY_LENGTH: Final = 100
_MAX_QUERY_WORDS: Final = 8
_MAX_TOKEN_LENGTH: Final = 40
_MAX_SPLIT_LENGTH: Final = 12
# A tsvector holds 1 MB at most; no honest field comes near this, a hostile one would break it.
_MAX_FIELD_LENGTH: Final = 1_000
_INITIALS_LENGTH: Final = 12

_KEPT_JAMO: Final = re.compile(r"[ㄱ-ㆎ]")
_INSIDE_LATIN: Final = re.compile(r"(?<=[a-z])[/.&'\u2019-](?=[a-z])")
_THOUSANDS: Final = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_NUMBER_UNIT: Final = re.compile(r"(?<=\d)\s+(?=(?:mg|kg|g|ml|cl|l|mm|cm|m)(?![a-z0-9]))")
_WORD: Final = re.compile(r"(?:\d+\.\d+|[^\W_])+")
# Scripts written without spaces are cut into grams, every other one is kept in whole tokens.
_PART: Final = re.compile(r"[가-힣ㄱ-ㆎ一-鿿ぁ-ヿ]+|(?:\d+\.\d+|[^\W_가-힣ㄱ-ㆎ一-鿿ぁ-ヿ])+")
_GRAMMED: Final = re.compile(r"[가-힣ㄱ-ㆎ一-鿿ぁ-ヿ]")
_AMOUNT: Final = re.compile(r"(\d+(?:\.\d+)?)[a-z]+")
_TRAILING_JAMO: Final = re.compile(r"(?<=[가-힣])[ㄱ-ㅣ]+$")
_PARTICLE: Final = re.compile(
    r"(?<=[가-힣])(?:에서|으로|까지|부터|처럼|한테|에게|이나|이랑|하고|이라|이란"
    r"|은|는|이|가|을|를|의|에|로|와|과|도|만|랑|나)$"
)

# A name counts in full. What stands around it (category, tags, seller, options) is found as well,
# but never first: everything in the category 가방·잡화 would come before bags.
NAME, CONTEXT = "ABCD", "CDDD"


class TextQuery(NamedTuple):
    """What to ask the index, and which of the matches come first."""

    match: str
    strong: str
    loose_match: str
    loose_strong: str
    by_initials: bool = False


def normalise(text: str) -> str:
    """Write the same thing the same way: composed, narrow, lower case, one space."""
    composed = unicodedata.normalize("NFC", text)
    # NFKC would turn ㄱ as typed into another, invisible-looking letter, so jamo are left out.
    narrow = "".join(
        char if _KEPT_JAMO.match(char) else unicodedata.normalize("NFKC", char) for char in composed
    ).lower()
    narrow = _THOUSANDS.sub("", _INSIDE_LATIN.sub("", narrow))
    return _NUMBER_UNIT.sub("", " ".join(narrow.split()))


def words(text: str) -> list[str]:
    """List the words of a text in their normal form."""
    return _WORD.findall(normalise(text))


def clean_query(text: str) -> str:
    """Cut typed text to what a search reads: at most eight words, in their normal form."""
    return " ".join(words(text[:MAX_QUERY_LENGTH])[:_MAX_QUERY_WORDS])


def index_text(fields: Iterable[tuple[str, str]]) -> str:
    """Write the tsvector of a product from its (weights, text) fields."""
    places: dict[str, dict[int, str]] = {}
    position = 1
    for weights, text in fields:
        for word in words(text[:_MAX_FIELD_LENGTH]):
            for part in _PART.findall(word):
                for gram, offset, weight in _weighted_grams(part):
                    places.setdefault(gram, {}).setdefault(
                        position + offset, weights["ABCD".index(weight)]
                    )
                position += len(part) if _GRAMMED.match(part) else 1
            # The hole lets a query tell "one word" from "two neighbours".
            position += 1
    return " ".join(
        f"'{gram}':" + ",".join(f"{at}{weight}" for at, weight in sorted(spots.items()))
        for gram, spots in places.items()
    )


def initials_text(titles: Iterable[str]) -> str:
    """Write the tsvector of first consonants: A ends with its word, D runs on into the next."""
    weights: dict[str, str] = {}
    for title in titles:
        listed = [jamo.initials(word) for word in words(title[:_MAX_FIELD_LENGTH])]
        for i, word in enumerate(listed):
            weights.setdefault("".join(listed[i:])[:_INITIALS_LENGTH], "D")
            for start in range(len(word)):
                weights[word[start:][:_INITIALS_LENGTH]] = "A"
    return " ".join(f"'{lexeme}':1{weight}" for lexeme, weight in weights.items())


def parse_query(text: str) -> TextQuery | None:
    """Read what a person typed. None when there is nothing to look for in it."""
    listed = clean_query(text).split()
    if not listed:
        return None
    if all(jamo.is_initials(word) for word in listed):
        joined = [jamo.spread_initials(word)[:_INITIALS_LENGTH] for word in listed]
        match = " & ".join(f"'{word}':*" for word in joined)
        strong = " & ".join(f"'{word}':A" for word in joined)
        return TextQuery(match, strong, match, strong, by_initials=True)

    exact = [(word,) for word in listed]
    loose = [tuple(_loosened(word)) for word in listed]
    return TextQuery(
        match=_ask(exact, strong=False),
        strong=_ask(exact, strong=True),
        loose_match=_ask(loose, strong=False),
        loose_strong=_ask(loose, strong=True),
    )


def _weighted_grams(part: str) -> Iterator[tuple[str, int, str]]:
    """Cut one part of a word into grams with their offset and weight."""
    if not _GRAMMED.match(part):
        yield part[:_MAX_TOKEN_LENGTH], 0, "A"
        if amount := _AMOUNT.fullmatch(part[:_MAX_TOKEN_LENGTH]):
            yield amount[1], 0, "D"
        return
    for size in (1, 2):
        last = len(part) - size
        for start in range(last + 1):
            weight = "A" if last == 0 else "B" if start == last else "D" if start else "C"
            yield part[start : start + size], start, weight


def _loosened(word: str) -> Iterator[str]:
    """Give the word and what is left of it without a particle or a half-typed syllable."""
    yield word
    bare = _TRAILING_JAMO.sub("", word)
    if bare != word:
        yield bare
    stem = _PARTICLE.sub("", bare)
    if stem != bare:
        yield stem


def _ask(choices: Iterable[tuple[str, ...]], *, strong: bool) -> str:
    """Ask for every word, each in any of its forms."""
    return " & ".join(
        "(" + " | ".join(_ask_word(form, strong=strong) for form in forms) + ")"
        for forms in choices
    )


def _ask_word(word: str, *, strong: bool) -> str:
    parts = _PART.findall(word)
    if len(parts) == 1:
        if not _GRAMMED.match(word):
            return _ask_token(word, strong=strong)
        return " | ".join((_phrase(word, strong=strong), *_splits(word, strong=strong)))
    asked = ""
    for i, part in enumerate(parts):
        if _GRAMMED.match(part):
            piece = _phrase(part, strong=strong and i == len(parts) - 1)
            step = min(len(part), 2)
        else:
            piece, step = f"'{part[:_MAX_TOKEN_LENGTH]}'", 1
        asked = f"{asked}{piece}" + (f" <{step}> " if i < len(parts) - 1 else "")
    return f"({asked})"


def _ask_token(token: str, *, strong: bool) -> str:
    cut = token[:_MAX_TOKEN_LENGTH]
    if strong:
        return f"'{cut}':AB"
    # Numbers are exact: 50 must not find 500.
    return f"'{cut}'" if cut[0].isdigit() else f"'{cut}':*"


def _phrase(word: str, *, strong: bool) -> str:
    """Ask for neighbouring grams; a strong one must end a word."""
    grams = [word] if len(word) == 1 else [word[i : i + 2] for i in range(len(word) - 1)]
    asked = [f"'{gram}'" for gram in grams]
    if strong:
        asked[-1] += ":AB"
    return f"({' <-> '.join(asked)})"


def _splits(word: str, *, strong: bool) -> Iterator[str]:
    """Ask for the same syllables written apart: 아카시아꿀 also finds 아카시아 꿀."""
    if len(word) > _MAX_SPLIT_LENGTH:
        return
    for at in range(1, len(word)):
        left, right = word[:at], word[at:]
        # A lone syllable must be a word of its own, or 봉사 과즙 would answer 사과즙.
        first = f"'{left}':AC" if at == 1 else _phrase(left, strong=False)
        if len(word) == 2:
            then = f"'{right}':A" if strong else f"'{right}':AC"
        else:
            then = _phrase(right, strong=strong)
        yield f"({first} <{min(at, 2) + 1}> {then})"


def any_part(text: str) -> str | None:
    """Ask for any pair of syllables of a text: what could be near when nothing matched."""
    asked: dict[str, None] = {}
    for word in clean_query(text).split():
        for part in _PART.findall(word):
            if not _GRAMMED.match(part):
                asked[f"'{part[:_MAX_TOKEN_LENGTH]}'"] = None
            elif len(part) == 1:
                asked[f"'{part}':AB"] = None
            else:
                asked.update((f"'{part[i : i + 2]}'", None) for i in range(len(part) - 1))
    return " | ".join(asked) or None
