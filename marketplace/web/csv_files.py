"""CSV downloads that a spreadsheet opens as text, never as formulas."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from flask import Response

# What spreadsheets take for the beginning of a formula, full-width forms included.
_FULL_WIDTH = ("\uff1d", "\uff0b", "\uff0d", "\uff20")
_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "\x00", *_FULL_WIDTH)


def respond(filename: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """Return rows as a UTF-8 CSV file with a byte-order mark, as Korean spreadsheets expect."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(header)
    for row in rows:
        writer.writerow([safe_cell(value) for value in row])
    response = Response("\ufeff" + written.getvalue(), mimetype="text/csv")
    response.headers.set("Content-Disposition", "attachment", filename=filename)
    return response


def safe_cell(value: object) -> object:
    """Return a cell whose text cannot be read as a formula; numbers stay numbers."""
    if isinstance(value, str) and value.startswith(_RISKY):
        return f"'{value}"
    return value
