"""
The product sheet: its columns, and what one row says once it was read.

A row is one combination of a product's options. Rows with one seller's code are one product. An
empty cell says nothing: what is known stays, and a new product gets what is usual.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from marketplace.catalog import editing, stock_edits, stories, variants
from marketplace.catalog.models import TaxKind
from marketplace.catalog.prices import HIGHEST
from marketplace.core import sheets
from marketplace.core.sheets import Row

LIMITS: Final = sheets.Limits(file_size=10 * 1024 * 1024, rows=20_000, cell=8_000)

# Our name, how the template spells it, and how others do.
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "code": ("판매자 상품코드", "상품코드", "판매자관리코드", "자체상품코드"),
    "name": ("상품명",),
    "category": ("분류", "카테고리", "카테고리코드"),
    "summary": ("짧은 소개", "상품요약"),
    "story": ("상세설명", "상세 설명"),
    "consumer_price": ("정가", "소비자가"),
    "price": ("판매가",),
    "tax": ("과세 구분", "부가세"),
    "origin": ("원산지",),
    "lead_days": ("출고 소요일", "출고일"),
    "shipping": ("배송 정책", "배송비 템플릿코드"),
    "gift": ("선물하기",),
    "coupon": ("쿠폰 사용",),
    "tags": ("태그", "검색어"),
    "option_1": ("옵션명1",),
    "value_1": ("옵션값1",),
    "option_2": ("옵션명2",),
    "value_2": ("옵션값2",),
    "option_3": ("옵션명3",),
    "value_3": ("옵션값3",),
    "difference": ("옵션 추가금", "옵션가"),
    "stock": ("재고수량", "재고", "옵션 재고수량"),
    "low_stock_at": ("재고 알림 수량",),
}
TITLES: Final = {name: spellings[0] for name, spellings in COLUMNS.items()}
_TAX: Final = {
    "과세": TaxKind.TAXABLE,
    "과세상품": TaxKind.TAXABLE,
    "면세": TaxKind.TAX_FREE,
    "면세상품": TaxKind.TAX_FREE,
}
_YES_NO: Final = {"예": True, "y": True, "o": True, "아니오": False, "n": False, "x": False}


class CellWrong(Exception):
    """One cell cannot be meant."""

    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column
        self.message = message


@dataclass(frozen=True, kw_only=True)
class Line:
    """One row as it was meant; None where the cell was empty."""

    row: int
    code: str
    options: tuple[tuple[str, str], ...]
    # Columns of the product and of the combination that the row fills in.
    product: Mapping[str, Any]
    variant: Mapping[str, Any]

    @property
    def values(self) -> tuple[str, ...]:
        """Return the option values that name the combination."""
        return tuple(value for _, value in self.options)


@dataclass(frozen=True)
class Names:
    """What rows may call a category or a shipping policy, and the default policy."""

    categories: Mapping[str, int]
    policies: Mapping[str, int]
    default_policy: int | None


def read(content: bytes) -> list[Row]:
    """
    Return the rows of a product sheet.

    :raises SheetUnreadable:
    """
    return sheets.read(
        content,
        columns={
            name: tuple("".join(title.split()).lower() for title in titles)
            for name, titles in COLUMNS.items()
        },
        is_enough=_names_products,
        needed="제목 줄에 판매자 상품코드 열과 바꿀 내용의 열이 있어야 합니다. 양식을 쓰세요.",
        limits=LIMITS,
    )


def in_groups(rows: Sequence[Row]) -> list[list[Row]]:
    """Return the rows of each product together, products in the order of their first rows."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        # Rows without a code are nobody's: each is refused by itself.
        groups.setdefault(row.cells["code"] or f"\x00{row.number}", []).append(row)
    return list(groups.values())


def meant(row: Row, names: Names) -> Line:
    """
    Return what a row says.

    :raises CellWrong:
    """
    cells = row.cells
    if not cells["code"]:
        raise CellWrong("code", "판매자 상품코드를 적어 주세요.")
    if len(cells["code"]) > variants.LONGEST_CODE:
        raise CellWrong("code", f"{variants.LONGEST_CODE}자까지 쓸 수 있습니다.")
    return Line(
        row=row.number,
        code=cells["code"],
        options=_options(cells),
        product=_present(
            {
                "name": _text(cells, "name", editing.LONGEST_NAME),
                "category_id": _named(cells, "category", names.categories, "분류"),
                "shipping_policy_id": _named(cells, "shipping", names.policies, "배송 정책"),
                "summary": _text(cells, "summary", editing.LONGEST_SUMMARY),
                "story": stories.written(cells["story"]) if cells["story"] else None,
                "consumer_price": _whole(cells, "consumer_price", 1, HIGHEST),
                "price": _whole(cells, "price", 1, HIGHEST),
                "tax_kind": _word(cells, "tax", _TAX),
                "origin": _text(cells, "origin", editing.LONGEST_ORIGIN),
                "lead_days": _whole(cells, "lead_days", 0, editing.LONGEST_LEAD),
                "is_gift": _word(cells, "gift", _YES_NO),
                "coupon_eligible": _word(cells, "coupon", _YES_NO),
                "tags": _tags(cells["tags"]),
            }
        ),
        variant=_present(
            {
                "price_difference": _whole(cells, "difference", -HIGHEST, HIGHEST),
                "free": _whole(cells, "stock", 0, stock_edits.MOST),
                "low_stock_at": _whole(cells, "low_stock_at", 0, stock_edits.MOST),
            }
        ),
    )


def _names_products(found: Collection[str]) -> bool:
    return "code" in found and len(found) > 1


def _present(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value is not None}


def _options(cells: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    options = []
    for number in range(1, variants.MOST_GROUPS + 1):
        name, value = cells[f"option_{number}"], cells[f"value_{number}"]
        if bool(name) != bool(value):
            raise CellWrong(f"value_{number}", "옵션명과 옵션값을 함께 적어 주세요.")
        if max(len(name), len(value)) > variants.LONGEST_WORD:
            raise CellWrong(f"value_{number}", f"{variants.LONGEST_WORD}자까지 쓸 수 있습니다.")
        if name:
            options.append((name, value))
    return tuple(options)


def _text(cells: Mapping[str, str], column: str, longest: int) -> str | None:
    text = cells[column]
    if len(text) > longest:
        raise CellWrong(column, f"{longest}자까지 쓸 수 있습니다.")
    return " ".join(text.split()) or None


def _whole(cells: Mapping[str, str], column: str, lowest: int, highest: int) -> int | None:
    text = cells[column].replace(",", "").removesuffix("원").strip()
    if not text:
        return None
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 12):
        raise CellWrong(column, f"숫자가 아닙니다: {cells[column][:40]}")
    number = int(text)
    if not lowest <= number <= highest:
        raise CellWrong(column, f"{lowest:,}부터 {highest:,}까지 적을 수 있습니다.")
    return number


def _word(cells: Mapping[str, str], column: str, words: Mapping[str, Any]) -> Any:
    text = cells[column].lower()
    if not text:
        return None
    if text not in words:
        raise CellWrong(column, f"쓸 수 있는 말: {', '.join(words)}")
    return words[text]


def _named(
    cells: Mapping[str, str], column: str, known: Mapping[str, int], what: str
) -> int | None:
    text = cells[column]
    if not text:
        return None
    found = known.get(text)
    if found is None:
        raise CellWrong(column, f"없는 {what}입니다: {text[:40]}")
    return found


def _tags(text: str) -> list[str] | None:
    return tags_of(text.split(",")) or None


def tags_of(words: Iterable[str]) -> list[str]:
    """Return the tags among some words: no blanks around, none twice, not too many."""
    clean: Callable[[str], str] = lambda word: word.strip().lstrip("#")[: editing.LONGEST_TAG]  # noqa: E731
    return list(dict.fromkeys(filter(None, map(clean, words))))[: editing.MOST_TAGS]
