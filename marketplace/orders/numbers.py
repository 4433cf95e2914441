"""Order numbers people can read out on the telephone."""

from __future__ import annotations

import re
import secrets
from datetime import datetime
from typing import Final

from marketplace.core.calendar import day_in_seoul

# No vowels, so that no word forms; no 0/O, 1/I/L, 5/S, 2/Z or U/V.
ALPHABET: Final = "346789BCDFGHJKMPQRTVWXY"
_RANDOM: Final = 8
_NUMBER: Final = re.compile(rf"\d{{8}}[{ALPHABET}]{{{_RANDOM}}}")


def new_number(*, at: datetime) -> str:
    """Return a number nobody can guess: the day in Korea and eight random characters."""
    tail = "".join(secrets.choice(ALPHABET) for _ in range(_RANDOM))
    return f"{day_in_seoul(at):%Y%m%d}{tail}"


def tidy(typed: str) -> str:
    """Return a number as it is stored, from what somebody typed or pasted."""
    return re.sub(r"[\s-]", "", typed).upper()


def is_number(text: str) -> bool:
    """Say whether a text could be an order number at all."""
    return _NUMBER.fullmatch(text) is not None
