"""How many pieces of which lines a form is about: fields named `line_<id>`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# No id and no count of ours is longer.
_LONGEST: Final = 18


def read(values: Mapping[str, str], *, field: str = "line") -> dict[int, int]:
    """Return line → number; what is no whole number is left out."""
    pieces = {}
    for name, written in values.items():
        line, _, number = name.partition("_")
        if line == field and _is_number(number) and _is_number(written):
            pieces[int(number)] = int(written)
    return pieces


def _is_number(written: str) -> bool:
    return written.isascii() and written.isdigit() and len(written) <= _LONGEST
