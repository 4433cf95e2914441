"""XLSX downloads whose text stays text: no cell of them is ever a formula or a link."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Final

from flask import Response

_MIMETYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_OPTIONS: Final = {
    # Rows are written out one by one: a long file costs no more memory than a short one.
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
# Spreadsheets take no longer text; what is cut could otherwise make the whole file unreadable.
_LONGEST_TEXT: Final = 32_767
_WIDTH: Final = 18


def respond(
    filename: str,
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    sheet_name: str | None = None,
) -> Response:
    """Return rows as a spreadsheet with one sheet; numbers stay numbers."""
    written = io.BytesIO()
    # Late: it takes 19 MB, which a web process that exports nothing does not need.
    xlsxwriter = import_module("xlsxwriter")
    with xlsxwriter.Workbook(written, _OPTIONS) as book:
        sheet = book.add_worksheet(sheet_name)
        sheet.set_column(0, len(header) - 1, _WIDTH)
        bold = book.add_format({"bold": True})
        for column, title in enumerate(header):
            sheet.write_string(0, column, title, bold)
        sheet.freeze_panes(1, 0)
        for number, row in enumerate(rows, start=1):
            for column, value in enumerate(row):
                if isinstance(value, int):
                    sheet.write_number(number, column, value)
                else:
                    sheet.write_string(number, column, str(value)[:_LONGEST_TEXT])
    response = Response(written.getvalue(), mimetype=_MIMETYPE)
    response.headers.set("Content-Disposition", "attachment", filename=filename)
    return response
