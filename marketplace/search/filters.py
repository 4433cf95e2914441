"""What a shopper may ask a product list for, and how a page of it continues."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from marketplace.core.errors import InvalidInput
from marketplace.search import grams
from marketplace.search.grams import TextQuery

_LARGEST: Final = 2**63 - 1
_LONGEST_CURSOR: Final = 200
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = (datetime(9999, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


class BadCursor(InvalidInput):
    """The mark of the next page was changed on the way."""

    message = "목록의 다음 위치를 알 수 없습니다. 첫 페이지부터 다시 보아 주세요."


class BadFilter(InvalidInput):
    """A filter asks for something that cannot be."""

    message = "검색 조건을 확인해 주세요."


class Sort(StrEnum):
    """In which order products are listed."""

    RELEVANCE = "relevance"
    POPULAR = "popular"
    NEWEST = "newest"
    PRICE_LOW = "price_low"
    PRICE_HIGH = "price_high"
    REVIEWS = "reviews"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductFilter:
    """Every condition must hold; several kinds or dong are alternatives of one condition."""

    text: str = ""
    category_id: int | None = None
    enterprise_id: int | None = None
    kinds: tuple[str, ...] = ()
    dongs: tuple[str, ...] = ()
    price_from: int | None = None
    price_to: int | None = None
    coupon_eligible: bool = False
    free_shipping: bool = False
    gift: bool = False
    in_stock: bool = False

    def __post_init__(self) -> None:
        """
        Refuse numbers the database cannot hold.

        :raises BadFilter:
        """
        for number in (self.category_id, self.enterprise_id, self.price_from, self.price_to):
            if number is not None and not 0 <= number <= _LARGEST:
                raise BadFilter
        if any("\x00" in value for value in (*self.kinds, *self.dongs)):
            raise BadFilter

    @property
    def has_text(self) -> bool:
        """Whether anything was typed, even if nothing of it can be looked for."""
        return bool(self.text.strip())

    def normal(self) -> ProductFilter:
        """Write the same question the same way, whatever order its parts came in."""
        return replace(
            self,
            text=grams.clean_query(self.text) or self.text.strip()[:1],
            kinds=tuple(sorted(set(self.kinds))),
            dongs=tuple(sorted(set(self.dongs))),
        )

    def query(self) -> TextQuery | None:
        """Read the text typed."""
        return grams.parse_query(self.text)


class Cursor(NamedTuple):
    """The last row of a page: its sort keys and its product. A moment counts microseconds."""

    strong: bool
    key: int
    product_id: int

    @property
    def moment(self) -> datetime:
        """Return the key of a list sorted by time."""
        return _EPOCH + timedelta(microseconds=self.key)

    def write(self, sort: Sort) -> str:
        """Write the cursor for a URL."""
        plain = json.dumps([sort.value, int(self.strong), self.key, self.product_id])
        return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def mark(*, strong: bool, key: int | datetime, product_id: int) -> Cursor:
    """Mark a row as the last of its page."""
    number = (key - _EPOCH) // timedelta(microseconds=1) if isinstance(key, datetime) else key
    return Cursor(strong=strong, key=number, product_id=product_id)


def read_cursor(written: str, sort: Sort) -> Cursor:
    """
    Read a cursor back.

    :raises BadCursor: it is not one of this sort's
    """
    if len(written) > _LONGEST_CURSOR:
        raise BadCursor
    try:
        padded = written.encode("ascii") + b"=" * (-len(written) % 4)
        read = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, RecursionError) as error:
        raise BadCursor from error
    if not isinstance(read, list) or len(read) != 4 or read[0] != sort.value:
        raise BadCursor
    if not all(type(number) is int and 0 <= number <= _LARGEST for number in read[1:]):
        raise BadCursor
    if sort == Sort.NEWEST and read[2] > _LATEST:
        raise BadCursor
    return Cursor(strong=read[1] == 1, key=read[2], product_id=read[3])
