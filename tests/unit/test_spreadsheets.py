"""What leaves as CSV or XLSX is text where it was text: no cell is a formula (S16)."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from typing import Final

import pytest
from python_calamine import CalamineWorkbook

from marketplace.web import csv_files, xlsx_files

RISKY: Final = [
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\x00=1+1",
    "\uff1d1+1",
    "\uff0b1+1",
    "\uff0d1+1",
    "\uff20SUM(A1)",
    '=HYPERLINK("http://evil.example","누르세요")',
    "{=1+1}",
    "https://evil.example",
    "0123",
    "1e5",
]
FORMULA: Final = re.compile(r"^[=+\-@\t\r\n\x00\uff1d\uff0b\uff0d\uff20]")


def csv_cells(rows: list[list[object]]) -> list[list[str]]:
    text = csv_files.respond("t.csv", ["가", "나"], rows).get_data(as_text=True)
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))[1:]


def xlsx_bytes(rows: list[list[object]]) -> bytes:
    return xlsx_files.respond("t.xlsx", ["가", "나"], rows).get_data()


def xlsx_cells(rows: list[list[object]]) -> list[list[object]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(xlsx_bytes(rows)))
    rows: list[list[object]] = [list(row) for row in book.get_sheet_by_index(0).to_python()]
    return rows[1:]


class TestCsv:
    @pytest.mark.parametrize("value", RISKY)
    def test_no_cell_begins_like_a_formula(self, value: str) -> None:
        ((cell, _),) = csv_cells([[value, 1]])

        assert not FORMULA.match(cell)
        assert cell.removeprefix("'") == value

    def test_numbers_stay_numbers_and_plain_text_stays_plain(self) -> None:
        assert csv_cells([[-5, "홍*동"], [0, "a,b"]]) == [["-5", "홍*동"], ["0", "a,b"]]


class TestXlsx:
    @pytest.mark.parametrize("value", [value for value in RISKY if "\x00" not in value])
    def test_text_is_read_back_as_the_same_text(self, value: str) -> None:
        ((cell, number),) = xlsx_cells([[value, 12_000]])

        # A carriage return is a line break in XML.
        assert cell == value.replace("\r", "\n") or cell == value
        assert isinstance(cell, str)
        assert number == 12_000

    def test_has_no_formula_and_no_link(self) -> None:
        with zipfile.ZipFile(io.BytesIO(xlsx_bytes([[value, 1] for value in RISKY]))) as parts:
            sheet = parts.read("xl/worksheets/sheet1.xml").decode()
            names = parts.namelist()

        assert "<f>" not in sheet
        assert "<f " not in sheet
        assert "hyperlink" not in sheet
        assert not [name for name in names if "rels/sheet" in name]

    def test_cuts_text_that_no_spreadsheet_takes(self) -> None:
        ((cell, _),) = xlsx_cells([["가" * 40_000, 1]])

        assert isinstance(cell, str)
        assert len(cell) == 32_767

    def test_names_the_file_and_says_what_it_is(self) -> None:
        response = xlsx_files.respond("uses.xlsx", ["가"], [])

        assert "attachment" in response.headers["Content-Disposition"]
        assert "uses.xlsx" in response.headers["Content-Disposition"]
        assert (response.mimetype or "").endswith("spreadsheetml.sheet")
