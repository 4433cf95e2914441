"""Names in addresses: Korean written in Latin letters, syllable by syllable."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from sqlalchemy import func, select

from marketplace.core.db import db

_LEADS: Final = (
    *("g", "kk", "n", "d", "tt", "r", "m", "b", "pp", "s", "ss", "", "j", "jj", "ch"),
    *("k", "t", "p", "h"),
)
_VOWELS: Final = (
    *("a", "ae", "ya", "yae", "eo", "e", "yeo", "ye", "o", "wa", "wae", "oe", "yo"),
    *("u", "wo", "we", "wi", "yu", "eu", "ui", "i"),
)
_FINALS: Final = (
    *("", "k", "k", "k", "n", "n", "n", "t", "l", "k", "m", "l", "l", "l", "p", "l", "m"),
    *("p", "p", "t", "t", "ng", "t", "t", "k", "t", "p", "t"),
)
_FIRST: Final = ord("가")
_LAST: Final = ord("힣")
_LONGEST: Final = 40
_NAMES: Final = 7_212_001


def lock_names() -> None:
    """Give names and slugs one at a time: they are looked for before they are taken."""
    db.session.execute(select(func.pg_advisory_xact_lock(_NAMES)))


def romanise(name: str) -> str:
    """Return a name as an address can carry it: 밀밭나루 is milbatnaru."""
    written = "".join(_letters(sign) for sign in unicodedata.normalize("NFC", name))
    slug = re.sub(r"[^a-z0-9]+", "-", written.lower()).strip("-")
    return slug[:_LONGEST].strip("-") or "shop"


def _letters(sign: str) -> str:
    if not _FIRST <= ord(sign) <= _LAST:
        return sign
    place = ord(sign) - _FIRST
    lead, vowel, final = place // 588, place % 588 // 28, place % 28
    return f"{_LEADS[lead]}{_VOWELS[vowel]}{_FINALS[final]}"
