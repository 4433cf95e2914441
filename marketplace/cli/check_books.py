"""Prove the books from the command line: a table, and a status that says whether all holds."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Final

import click

from marketplace.cli.environment import application
from marketplace.reporting import books, coupon_sums
from marketplace.reporting.books import Book, Check

_WIDE: Final = frozenset("WF")
_NAMES: Final = {Book.COUPONS: "쿠폰 장부", Book.ORDERS: "주문·결제 장부"}


@click.command("check-books")
@click.argument("names", nargs=-1, type=click.Choice([book.value for book in Book]))
def check_books(names: tuple[str, ...]) -> None:
    """Check these books, or all of them; exit with 1 when something does not add up."""
    with application():
        chosen = [Book(name) for name in names] or list(Book)
        sums = coupon_sums.read() if Book.COUPONS in chosen else None
        found = {book: books.check_books(book) for book in chosen}
    if sums is not None:
        _print_sums(sums)
    for book, checks in found.items():
        _print_checks(_NAMES[book], checks)
    broken = sum(not check.holds for checks in found.values() for check in checks)
    total = sum(len(checks) for checks in found.values())
    if broken:
        click.echo(f"어긋남: {total}개 항목 가운데 {broken}개")
        raise SystemExit(1)
    click.echo(f"모두 맞음: {total}개 항목")


def _print_sums(sums: coupon_sums.Sums) -> None:
    click.echo("캠페인별 발행 = 집행 + 미사용 + 만료 + 회수 + 남음 (원)")
    _print_table(
        ["캠페인", "발행(장)", "발행", "집행", "미사용", "만료", "회수", "남음", "결과"],
        [
            [
                book.name,
                f"{book.counter:,}",
                f"{book.issued_won:,}",
                f"{book.spent_won:,}",
                f"{book.unused_won:,}",
                f"{book.expired_won:,}",
                f"{book.revoked_won:,}",
                f"{book.outstanding_won:,}",
                _verdict(holds=book.holds),
            ]
            for book in sums.campaigns
        ],
    )
    click.echo("재원별 예약 = 남은 쿠폰, 집행 = 준 할인 = 원장 (원)")
    _print_table(
        ["재원", "한도", "예약", "남은 쿠폰", "집행", "준 할인", "원장", "결과"],
        [
            [
                f"{book.fiscal_year} {book.funder} {book.name}",
                f"{book.ceiling:,}",
                f"{book.reserved:,}",
                f"{book.outstanding:,}",
                f"{book.spent:,}",
                f"{book.discounts:,}",
                f"{book.ledger:,}" if book.is_public else "-",
                _verdict(holds=book.holds),
            ]
            for book in sums.grants
        ],
    )


def _print_checks(name: str, checks: Sequence[Check]) -> None:
    click.echo(name)
    _print_table(
        ["항목", "어긋난 수", "예", "결과"],
        [
            [check.title, f"{check.broken:,}", check.example or "", _verdict(holds=check.holds)]
            for check in checks
        ],
    )


def _verdict(*, holds: bool) -> str:
    return "맞음" if holds else "어긋남"


def _print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    lines = [header, *rows]
    widths = [max(_width(line[column]) for line in lines) for column in range(len(header))]
    for line in lines:
        cells = (_padded(cell, width) for cell, width in zip(line, widths, strict=True))
        click.echo("  " + "  ".join(cells).rstrip())
    click.echo("")


def _padded(cell: str, width: int) -> str:
    blanks = " " * (width - _width(cell))
    is_number = cell.replace(",", "").lstrip("-").isdigit()
    return blanks + cell if is_number else cell + blanks


def _width(cell: str) -> int:
    """Count the columns of a terminal: Korean letters take two."""
    return sum(2 if unicodedata.east_asian_width(sign) in _WIDE else 1 for sign in cell)
