"""Read a list's filters from the address, and write addresses that change one of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from flask import request

from marketplace.accounts.queries import list_dong
from marketplace.catalog.categories import CategoryNode, list_categories
from marketplace.enterprises.designations import LABELS, DesignationKind
from marketplace.search.filters import ProductFilter, Sort
from marketplace.web import kept

SORTS: Final = (
    (Sort.RELEVANCE, "추천순"),
    (Sort.POPULAR, "인기순"),
    (Sort.NEWEST, "새로 나온 순"),
    (Sort.PRICE_LOW, "낮은 가격순"),
    (Sort.PRICE_HIGH, "높은 가격순"),
    (Sort.REVIEWS, "후기 많은 순"),
)
FLAGS: Final = (
    ("coupon", "쿠폰 사용 가능"),
    ("free", "무료배송"),
    ("gift", "선물하기 좋은"),
    ("stock", "품절 제외"),
)
KIND_LABELS: Final = {kind.value: label for kind, label in LABELS.items()}
_KINDS: Final = frozenset(kind.value for kind in DesignationKind)
_SORTS: Final = frozenset(sort.value for sort in Sort)
_LONGEST_TEXT: Final = 60
_LONGEST_PRICE: Final = 9
_MOST_CHOICES: Final = 20
# Categories and dong change with a release of the district's data, not while people shop.
_KEPT_SECONDS: Final = 30.0


@dataclass(frozen=True)
class Listing:
    """What a list was asked for; `category` is the chosen node of the tree."""

    filters: ProductFilter
    sort: Sort
    after: str | None
    category: CategoryNode | None
    # Only what was understood, so that no address carries on what somebody made up.
    arguments: tuple[tuple[str, str], ...]

    def address(self, *without: str | tuple[str, str], **put: str) -> str:
        """Return the list's address with something put in or left out; it starts anew."""
        kept_ones = [
            (name, value)
            for name, value in self.arguments
            if name not in put and name not in without and (name, value) not in without
        ]
        query = urlencode([*kept_ones, *put.items()])
        return f"{request.path}?{query}" if query else request.path

    def chips(self) -> Iterator[tuple[str, str]]:
        """Yield what the list is narrowed to, and the address without it."""
        if self.category is not None:
            yield self.category.name, self.address("category")
        for kind in self.filters.kinds:
            yield KIND_LABELS[kind], self.address(("kind", kind))
        names = dict(dongs()) if self.filters.dongs else {}
        for code in self.filters.dongs:
            yield names[code], self.address(("dong", code))
        if self.filters.price_from is not None or self.filters.price_to is not None:
            yield _price_words(self.filters), self.address("price_from", "price_to")
        for flag, label in FLAGS:
            if (flag, "1") in self.arguments:
                yield label, self.address(flag)

    def bare_address(self) -> str:
        """Return the address that keeps the text and the order and no condition."""
        return self.address("category", "kind", "dong", "price_from", "price_to", *dict(FLAGS))


def read_listing() -> Listing:
    """Read the list that the address asks for; what cannot be meant is left out."""
    asked = request.args
    slug = asked.get("category", "")
    category = next((node for node in categories() if node.slug == slug), None)
    sort = asked.get("sort", "")
    low, high = _won("price_from"), _won("price_to")
    filters = ProductFilter(
        text=asked.get("q", "").strip()[:_LONGEST_TEXT],
        category_id=None if category is None else category.id,
        kinds=_choices("kind", _KINDS),
        dongs=_choices("dong", frozenset(code for code, _ in dongs())) if "dong" in asked else (),
        price_from=low,
        price_to=high,
        coupon_eligible=asked.get("coupon") == "1",
        free_shipping=asked.get("free") == "1",
        gift=asked.get("gift") == "1",
        in_stock=asked.get("stock") == "1",
    )
    chosen = Sort(sort) if sort in _SORTS else Sort.RELEVANCE
    return Listing(
        filters=filters,
        sort=chosen,
        after=asked.get("after") or None,
        category=category,
        arguments=tuple(_arguments(filters, chosen, category)),
    )


def categories() -> list[CategoryNode]:
    """Return the category tree."""
    return kept.recall("categories", list_categories, seconds=_KEPT_SECONDS)


def dongs() -> list[tuple[str, str]]:
    """Return code and name of every dong of the district."""
    return kept.recall("dongs", lambda: list(list_dong()), seconds=_KEPT_SECONDS)


def _arguments(
    filters: ProductFilter, sort: Sort, category: CategoryNode | None
) -> Iterator[tuple[str, str]]:
    if filters.text:
        yield "q", filters.text
    if category is not None:
        yield "category", category.slug
    for kind in filters.kinds:
        yield "kind", kind
    for code in filters.dongs:
        yield "dong", code
    if filters.price_from is not None:
        yield "price_from", str(filters.price_from)
    if filters.price_to is not None:
        yield "price_to", str(filters.price_to)
    flags = (filters.coupon_eligible, filters.free_shipping, filters.gift, filters.in_stock)
    for (name, _), is_set in zip(FLAGS, flags, strict=True):
        if is_set:
            yield name, "1"
    if sort is not Sort.RELEVANCE:
        yield "sort", sort.value


def _choices(name: str, known: frozenset[str]) -> tuple[str, ...]:
    asked = dict.fromkeys(value for value in request.args.getlist(name) if value in known)
    return tuple(asked)[:_MOST_CHOICES]


def _won(name: str) -> int | None:
    typed = request.args.get(name, "").replace(",", "").strip()
    # Longer numbers are no price of anything sold here.
    readable = typed.isascii() and typed.isdigit() and len(typed) <= _LONGEST_PRICE
    return int(typed) if readable else None


def _price_words(filters: ProductFilter) -> str:
    low = "" if filters.price_from is None else f"{filters.price_from:,}원"
    high = "" if filters.price_to is None else f"{filters.price_to:,}원"
    return f"{low} ~ {high}".strip()
