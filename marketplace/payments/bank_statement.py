"""Read the deposits of a bank's statement file (CSV, as Korean banks export it)."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from marketplace.core.errors import InvalidInput
from marketplace.core.money import Won

LARGEST_FILE: Final = 5 * 1024 * 1024
MOST_LINES: Final = 50_000
_HEADER_WITHIN: Final = 20
_ERRORS_SHOWN: Final = 20

# Column names of the banks, best first. Names of the same meaning stand in one row.
_COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    "day": ("거래일시", "거래일자", "거래일", "입금일시", "입금일자", "입금일", "일자", "날짜"),
    "time": ("거래시간", "거래시각", "시간"),
    "amount": ("입금액", "입금금액", "맡기신금액", "입금"),
    "depositor": (
        "입금자명",
        "입금자",
        "보낸분",
        "보낸분/받는분",
        "의뢰인/수취인",
        "기재내용",
        "거래내용",
        "내용",
        "적요",
    ),
    "balance": ("거래후잔액", "잔액"),
}
_REQUIRED: Final = ("day", "amount", "depositor")
_DAY: Final = re.compile(r"^(\d{4})[-./]?(\d{2})[-./]?(\d{2})(?:\D.*|)$")
_AMOUNT: Final = re.compile(r"^\d{1,12}$")


class StatementUnreadable(InvalidInput):
    message = "입금 내역 파일을 읽을 수 없습니다. {reason}"


class StatementLinesWrong(InvalidInput):
    """Nothing was imported; `rows` says what is wrong with which line."""

    message = "입금 내역의 {count}개 줄에 오류가 있어 아무것도 올리지 않았습니다."


@dataclass(frozen=True)
class Deposit:
    """One deposit, with a key that is the same whenever the line is seen again."""

    key: str
    deposited_on: date
    depositor: str
    amount: Won


def parse(content: bytes) -> list[Deposit]:
    """
    Return the deposits of a statement; withdrawals are left out.

    :raises StatementUnreadable, StatementLinesWrong:
    """
    rows = _rows(content)
    first, columns = _header(rows)
    deposits: list[Deposit] = []
    wrong: list[str] = []
    seen: Counter[tuple[str, ...]] = Counter()
    for number, row in enumerate(rows[first + 1 :], start=first + 2):
        cells = {name: _cell(row, place) for name, place in columns.items()}
        try:
            deposit = _deposit(cells, seen)
        except ValueError as error:
            wrong.append(f"{number}번째 줄: {error}")
            continue
        if deposit is not None:
            deposits.append(deposit)
    if wrong:
        raise StatementLinesWrong(count=len(wrong), rows=tuple(wrong[:_ERRORS_SHOWN]))
    return deposits


def _rows(content: bytes) -> list[list[str]]:
    if len(content) > LARGEST_FILE:
        raise StatementUnreadable(reason="5MB보다 큰 파일입니다.")
    text = _decode(content)
    if "\x00" in text:
        raise StatementUnreadable(reason="CSV 파일이 아닙니다.")
    separator = "\t" if text.count("\t") > text.count(",") else ","
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=separator))
    except csv.Error as error:
        raise StatementUnreadable(reason="CSV 파일이 아닙니다.") from error
    if len(rows) > MOST_LINES:
        raise StatementUnreadable(reason=f"{MOST_LINES:,}줄보다 많습니다.")
    return rows


def _decode(content: bytes) -> str:
    for encoding in ("utf-8-sig", "cp949"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise StatementUnreadable(reason="문자 인코딩을 알 수 없습니다.")


def _header(rows: Sequence[Sequence[str]]) -> tuple[int, dict[str, int]]:
    for number, row in enumerate(rows[:_HEADER_WITHIN]):
        names = [re.sub(r"\s|\(원\)", "", cell) for cell in row]
        columns: dict[str, int] = {}
        for meaning, aliases in _COLUMNS.items():
            known = next((alias for alias in aliases if alias in names), None)
            if known is not None:
                columns[meaning] = names.index(known)
        if all(meaning in columns for meaning in _REQUIRED):
            return number, columns
    raise StatementUnreadable(reason="거래일, 입금액, 입금자명 열을 찾을 수 없습니다.")


def _deposit(cells: Mapping[str, str], seen: Counter[tuple[str, ...]]) -> Deposit | None:
    figure = re.sub(r"[\s,원]", "", cells["amount"]).removesuffix(".00")
    # Blank lines, withdrawals and the line of totals at the end.
    if figure in ("", "-", "0") or not (cells["day"] or cells["depositor"]):
        return None
    if not _AMOUNT.match(figure):
        raise ValueError(f"입금액을 읽을 수 없습니다 ({cells['amount']})")
    match = _DAY.match(cells["day"])
    if match is None:
        raise ValueError(f"거래일을 읽을 수 없습니다 ({cells['day']})")
    try:
        day = date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        raise ValueError(f"없는 날짜입니다 ({cells['day']})") from None
    if not cells["depositor"]:
        raise ValueError("입금자명이 비어 있습니다")
    identity = (
        cells["day"],
        cells.get("time", ""),
        cells["depositor"],
        figure,
        cells.get("balance", ""),
    )
    # Two equal deposits of one day are told apart by their order in the file.
    seen[identity] += 1
    key = hashlib.sha256("\x1f".join((*identity, str(seen[identity]))).encode()).hexdigest()
    return Deposit(key, day, cells["depositor"], Won(int(figure)))


def _cell(row: Sequence[str], place: int) -> str:
    return row[place].strip() if place < len(row) else ""
