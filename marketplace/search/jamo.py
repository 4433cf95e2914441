"""Take Hangul apart into the keys that typed it, and put it together again."""

from __future__ import annotations

import re
from typing import Final

_FIRST: Final = 0xAC00
_LAST: Final = 0xD7A3
_LEADS: Final = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_VOWELS: Final = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_TAILS: Final = (
    "",
    *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ",
)
# Doubles fall apart too: 굴 and 꿀 are one slip of the shift key, so they must share letters.
_PARTS: Final = {
    "ㄲ": "ㄱㄱ",
    "ㄸ": "ㄷㄷ",
    "ㅃ": "ㅂㅂ",
    "ㅆ": "ㅅㅅ",
    "ㅉ": "ㅈㅈ",
    "ㄳ": "ㄱㅅ",
    "ㄵ": "ㄴㅈ",
    "ㄶ": "ㄴㅎ",
    "ㄺ": "ㄹㄱ",
    "ㄻ": "ㄹㅁ",
    "ㄼ": "ㄹㅂ",
    "ㄽ": "ㄹㅅ",
    "ㄾ": "ㄹㅌ",
    "ㄿ": "ㄹㅍ",
    "ㅀ": "ㄹㅎ",
    "ㅄ": "ㅂㅅ",
    "ㅘ": "ㅗㅏ",
    "ㅙ": "ㅗㅐ",
    "ㅚ": "ㅗㅣ",
    "ㅝ": "ㅜㅓ",
    "ㅞ": "ㅜㅔ",
    "ㅟ": "ㅜㅣ",
    "ㅢ": "ㅡㅣ",
}
_JOINED: Final = {parts: whole for whole, parts in _PARTS.items() if len(set(parts)) == 2}
_KEYS: Final = (
    dict(zip("qwertyuiop", "ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔ", strict=True))
    | dict(zip("asdfghjkl", "ㅁㄴㅇㄹㅎㅗㅓㅏㅣ", strict=True))
    | dict(zip("zxcvbnm", "ㅋㅌㅊㅍㅠㅜㅡ", strict=True))
    | dict(zip("QWERTOP", "ㅃㅉㄸㄲㅆㅒㅖ", strict=True))
)
_CONSONANTS: Final = re.compile(r"[ㄱ-ㅎ]+")
_SYLLABLE: Final = re.compile(
    r"([ㄱ-ㅎ])((?:ㅗ[ㅏㅐㅣ]|ㅜ[ㅓㅔㅣ]|ㅡㅣ|[ㅏ-ㅣ]))"
    # A consonant closes the syllable only when no vowel follows it.
    r"((?:ㄱㅅ|ㄴ[ㅈㅎ]|ㄹ[ㄱㅁㅂㅅㅌㅍㅎ]|ㅂㅅ|[ㄱ-ㄷㄹㅁㅂㅄ-ㅆㅇㅈㅊ-ㅎ])(?![ㅏ-ㅣ])"
    r"|[ㄱ-ㄷㄹㅁㅂㅅㅆㅇㅈㅊ-ㅎ](?=[ㄱ-ㅎ][ㅏ-ㅣ]))?"
)


def decompose(text: str) -> str:
    """Spell every syllable as the plain letters that typed it: 꿀 → ㄱㄱㅜㄹ."""
    return "".join(_letters(char) for char in text)


def initials(text: str) -> str:
    """Keep the first consonant of every syllable and every other character as it is."""
    return "".join(
        _LEADS[(ord(char) - _FIRST) // 588] if _FIRST <= ord(char) <= _LAST else char
        for char in text
    )


def is_initials(word: str) -> bool:
    """Tell whether a word is made of bare consonants only, as in ㅅㅎㄱ."""
    return _CONSONANTS.fullmatch(word) is not None


def spread_initials(word: str) -> str:
    """Undo the pairs an input method joined: ㄳ was typed as ㄱ, ㅅ. Doubles stay."""
    return "".join(_PARTS.get(char, char) if char not in _LEADS else char for char in word)


def from_english_keys(text: str) -> str:
    """Read what was typed with the keyboard left in English: gks → 한."""
    keys = (_KEYS.get(char) or _KEYS.get(char.lower(), char) for char in text)
    return _SYLLABLE.sub(_join, "".join(keys))


def distance(left: str, right: str) -> int:
    """Count the letters to add, drop, change or swap to turn one word into another."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        older, before, row = before, row, [i]
        for j, b in enumerate(right, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1]


def _letters(char: str) -> str:
    offset = ord(char) - _FIRST
    if not 0 <= offset <= _LAST - _FIRST:
        return _PARTS.get(char, char)
    parts = (_LEADS[offset // 588], _VOWELS[offset % 588 // 28], _TAILS[offset % 28])
    return "".join(_PARTS.get(part, part) for part in parts)


def _join(match: re.Match[str]) -> str:
    lead, vowel, tail = match[1], match[2], match[3] or ""
    if lead not in _LEADS:
        return match[0]
    vowel, tail = _JOINED.get(vowel, vowel), _JOINED.get(tail, tail)
    return chr(_FIRST + _LEADS.index(lead) * 588 + _VOWELS.index(vowel) * 28 + _TAILS.index(tail))
