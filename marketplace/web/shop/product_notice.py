"""The product notice (상품정보제공고시) of each kind of goods: its name and its rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from marketplace.catalog.notice_fields import name_of

__all__ = ["name_of", "rows_of"]

# The database keeps a notice without order; people look for what it is, then who answers for it.
_FIRST: Final = ("제품명", "품명", "상품명", "도서명", "식품의 유형", "종류")
_LAST: Final = ("제조국", "품질보증기준", "A/S 책임자와 전화번호", "소비자상담 전화번호")


def rows_of(notice: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return a notice as rows: what it is, what is in it, who answers for it."""
    return sorted(notice.items(), key=lambda row: (_place(row[0]), row[0]))


def _place(term: str) -> int:
    for place, start in enumerate(_FIRST, -len(_FIRST)):
        if term.startswith(start):
            return place
    return _LAST.index(term) + 1 if term in _LAST else 0
