"""Read a list's filters from the address, and write addresses that change one of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from flask import request

from marketplace.accounts.queries import list_dong
from marketplace.catalog.categories import CategoryNode
from marketplace.enterprises.designations import LABELS, DesignationKind
from marketplace.search.filters import ProductFilter, Sort

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
_LONGEST_TEXT: Final = 60
_MOST_CHOICES: Final = 20


@dataclass(frozen=True)
class Listing:
    """What a list was asked for; `category` is the chosen node of the tree."""

    filters: ProductFilter
    sort: Sort
    after: str | None
    category: CategoryNode | None
    arguments: tuple[tuple[str, str], ...]

    def address(self, *, without: tuple[str, str] | str | None = None, **put: str) -> str:
        """Return the list's address with something put in or left out; it starts anew."""
        kept = [
            (name, value)
            for name, value in self.arguments
            if name != "after" and name not in put and without not in (name, (name, value))
        ]
        query = urlencode([*kept, *put.items()])
        return f"{request.path}?{query}" if query else request.path

    def chips(self) -> Iterator[tuple[str, str]]:
        """Yield what the list is narrowed to, and the address without it."""
        names = dict(list_dong()) if self.filters.dongs else {}
        if self.category is not None:
            yield self.category.name, self.address(without="category")
        for kind in self.filters.kinds:
            yield LABELS[DesignationKind(kind)], self.address(without=("kind", kind))
        for code in self.filters.dongs:
            yield names.get(code, code), self.address(without=("dong", code))
        if self.filters.price_from is not None or self.filters.price_to is not None:
            yield _price_words(self.filters), self._without_price()
        for flag, label in FLAGS:
            if (flag, "1") in self.arguments:
                yield label, self.address(without=flag)

    def _without_price(self) -> str:
        kept = [
            (name, value)
            for name, value in self.arguments
            if name not in ("price_from", "price_to", "after")
        ]
        return f"{request.path}?{urlencode(kept)}"


def read_listing(categories: list[CategoryNode], *, enterprise_id: int | None = None) -> Listing:
    """Read the list that the address asks for; what cannot be meant is left out."""
    slug = request.args.get("category", "")
    category = next((node for node in categories if node.slug == slug), None)
    sort = _sort(request.args.get("sort", ""))
    kinds = [kind for kind in request.args.getlist("kind") if kind in set(DesignationKind)]
    filters = ProductFilter(
        text=request.args.get("q", "")[:_LONGEST_TEXT].replace("\x00", ""),
        category_id=None if category is None else category.id,
        enterprise_id=enterprise_id,
        kinds=tuple(kinds[:_MOST_CHOICES]),
        dongs=tuple(
            code for code in request.args.getlist("dong")[:_MOST_CHOICES] if code.isdigit()
        ),
        price_from=_won("price_from"),
        price_to=_won("price_to"),
        coupon_eligible=request.args.get("coupon") == "1",
        free_shipping=request.args.get("free") == "1",
        gift=request.args.get("gift") == "1",
        in_stock=request.args.get("stock") == "1",
    )
    return Listing(
        filters=filters,
        sort=sort,
        after=request.args.get("after") or None,
        category=category,
        arguments=tuple((name, value) for name, value in request.args.items(multi=True) if value),
    )


def _sort(asked: str) -> Sort:
    return Sort(asked) if asked in set(Sort) else Sort.RELEVANCE


def _won(name: str) -> int | None:
    typed = request.args.get(name, "").replace(",", "").strip()
    # Longer numbers are no price, and the database could not hold them.
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 12 else None


def _price_words(filters: ProductFilter) -> str:
    low = "" if filters.price_from is None else f"{filters.price_from:,}원"
    high = "" if filters.price_to is None else f"{filters.price_to:,}원"
    return f"{low} ~ {high}".strip()
