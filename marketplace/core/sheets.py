"""Uploaded tables: XLSX or CSV, as spreadsheets in Korea write them."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from marketplace.core.errors import InvalidInput

LARGEST_FILE: Final = 5 * 1024 * 1024
MOST_ROWS: Final = 5_000
_MOST_UNPACKED: Final = 60 * 1024 * 1024
_MOST_PARTS: Final = 200
_WIDEST: Final = 300
_HEADER_WITHIN: Final = 10
_LONGEST_CELL: Final = 200
_ZIP: Final = b"PK\x03\x04"
_READER: Final = str(Path(__file__).with_name("sheet_reader.py"))
_PATIENCE: Final = 30
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class SheetUnreadable(InvalidInput):
    """It is no table, too large, or lacks the columns that are needed."""

    message = "파일을 읽을 수 없습니다. {reason}"
    field = "file"


@dataclass(frozen=True)
class Limits:
    """How large a file, how many rows and how long a cell may be."""

    file_size: int = LARGEST_FILE
    rows: int = MOST_ROWS
    cell: int = _LONGEST_CELL


_USUAL: Final = Limits()


@dataclass(frozen=True)
class Row:
    """One row; `number` as the spreadsheet counts, `cells` by the names asked for."""

    number: int
    cells: Mapping[str, str]


def read(
    content: bytes,
    *,
    columns: Mapping[str, Collection[str]],
    is_enough: Callable[[Collection[str]], bool],
    needed: str,
    limits: Limits = _USUAL,
) -> list[Row]:
    """
    Return the rows under the first line whose titles are enough; empty rows are left out.

    `columns` maps a name to how its title may be spelt (small letters, no blanks); `needed` says in
    Korean which titles there must be.

    :raises SheetUnreadable:
    """
    lines = read_lines(content, limits)
    first, places = _header(lines, columns, is_enough, needed)
    rows = []
    for number, line in enumerate(lines[first + 1 :], start=first + 2):
        cells = {name: _cell(line, place, limits.cell) for name, place in places.items()}
        if any(cells.values()):
            rows.append(Row(number, {name: cells.get(name, "") for name in columns}))
    if not rows:
        raise SheetUnreadable(reason="제목 줄 아래에 한 줄도 없습니다.")
    if len(rows) > limits.rows:
        raise SheetUnreadable(reason=f"{limits.rows:,}줄 이하로 나누어 올려 주세요.")
    return rows


def read_lines(content: bytes, limits: Limits = _USUAL) -> list[list[str]]:
    """
    Return every line of a table as it stands, titles included.

    :raises SheetUnreadable:
    """
    if len(content) > limits.file_size:
        raise SheetUnreadable(reason=f"{limits.file_size >> 20}MB 이하로 나누어 올려 주세요.")
    return _workbook(content, limits) if content.startswith(_ZIP) else _text(content, limits)


def _workbook(content: bytes, limits: Limits) -> list[list[str]]:
    _refuse_bomb(content)
    tallest = limits.rows + _HEADER_WITHIN + 1
    try:
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-I", _READER, str(tallest), str(limits.cell)],
            input=content,
            capture_output=True,
            check=True,
            timeout=_PATIENCE,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        # It claimed more than its process was allowed to take.
        raise SheetUnreadable(reason="풀어 놓은 내용이 너무 큽니다.") from error
    answer = json.loads(done.stdout)
    if "height" in answer:
        raise SheetUnreadable(reason=f"{limits.rows:,}줄 이하로 나누어 올려 주세요.")
    if "rows" not in answer:
        raise SheetUnreadable(reason="엑셀에서 다시 저장해 보세요.")
    rows: list[list[str]] = answer["rows"]
    return rows


def _refuse_bomb(content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            parts = packed.infolist()
    except zipfile.BadZipFile as error:
        raise SheetUnreadable(reason="엑셀에서 다시 저장해 보세요.") from error
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > _MOST_UNPACKED:
        raise SheetUnreadable(reason="풀어 놓은 내용이 너무 큽니다.")


def _text(content: bytes, limits: Limits) -> list[list[str]]:
    for encoding in ("utf-8-sig", "cp949"):
        try:
            written = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise SheetUnreadable(reason="UTF-8이나 CP949로 저장한 CSV 또는 XLSX 파일만 받습니다.")
    if "\x00" in written:
        raise SheetUnreadable(reason="CSV 또는 XLSX 파일만 받습니다.")
    delimiter = "\t" if "\t" in written.partition("\n")[0] else ","
    tallest = limits.rows + _HEADER_WITHIN + 1
    reader = csv.reader(io.StringIO(written, newline=""), delimiter=delimiter)
    try:
        # Never more than asked for: millions of empty lines weigh nothing in a file.
        lines = [[cell.strip() for cell in row] for row in islice(reader, tallest + 1)]
    except csv.Error as error:
        raise SheetUnreadable(reason="따옴표가 맞지 않는 줄이 있습니다.") from error
    if len(lines) > tallest:
        raise SheetUnreadable(reason=f"{limits.rows:,}줄 이하로 나누어 올려 주세요.")
    if max(map(len, lines), default=0) > _WIDEST:
        raise SheetUnreadable(reason=f"한 줄에 {_WIDEST}칸까지만 받습니다.")
    return lines


def _header(
    lines: Sequence[Sequence[str]],
    columns: Mapping[str, Collection[str]],
    is_enough: Callable[[Collection[str]], bool],
    needed: str,
) -> tuple[int, dict[str, int]]:
    for number, line in enumerate(lines[:_HEADER_WITHIN]):
        titles = ["".join(title.split()).lower() for title in line]
        places = {
            name: next(place for place, title in enumerate(titles) if title in spellings)
            for name, spellings in columns.items()
            if not set(titles).isdisjoint(spellings)
        }
        if is_enough(places):
            return number, places
    raise SheetUnreadable(reason=needed)


def _cell(line: Sequence[str], place: int, longest: int) -> str:
    # Workbooks can write any character, even those that no column of ours holds.
    return _CONTROLS.sub("", line[place]).strip()[:longest] if place < len(line) else ""
