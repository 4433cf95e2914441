"""Particles that agree with the word before them."""

from __future__ import annotations

import re
from typing import Final

_PARTICLES: Final = {
    "을": ("을", "를"),
    "이": ("이", "가"),
    "은": ("은", "는"),
    "과": ("과", "와"),
    "으로": ("으로", "로"),
}
_MARK = re.compile(r"(.)([”』)]?)\[(을|이|은|과|으로)\]")
_FIRST: Final = ord("가")
_LAST: Final = ord("힣")
_FINALS: Final = 28
_RIEUL: Final = 8
_DIGITS_WITH_FINAL: Final = frozenset("013678")


def inflect(text: str) -> str:
    """Replace marks such as `[을]` by the form that fits the syllable before them."""
    return _MARK.sub(_chosen, text)


def _chosen(match: re.Match[str]) -> str:
    last, quote, particle = match.groups()
    with_final, without_final = _PARTICLES[particle]
    final = _final_of(last)
    # 으로 drops its vowel after ㄹ too: 쌀로, not 쌀으로.
    closed = final not in (0, _RIEUL) if particle == "으로" else final != 0
    return f"{last}{quote}{with_final if closed else without_final}"


def _final_of(letter: str) -> int:
    if _FIRST <= ord(letter) <= _LAST:
        return (ord(letter) - _FIRST) % _FINALS
    return 1 if letter in _DIGITS_WITH_FINAL else 0
