"""
Read one workbook in a process of its own: content on standard input, rows as JSON on the other end.

A file of a kilobyte can claim a corner cell, repeat a row a million times or unpack without end,
and the library that reads it ends its process when memory runs out. So it gets little memory and
little time, and what it takes down is only itself. Started by `core.sheets`, alone and by its path.
"""

from __future__ import annotations

import io
import json
import resource
import sys
from typing import Final

from python_calamine import CalamineError, CalamineWorkbook

_MEMORY: Final = 512 * 1024 * 1024
_CPU_SECONDS: Final = 20
_MOST_COLUMNS: Final = 100


def main(most_rows: int, longest_cell: int) -> None:
    """Answer with the rows of the first sheet, or with their number when they are too many."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
        sheet = workbook.get_sheet_by_index(0)
        if sheet.total_height > most_rows:
            answer: dict[str, object] = {"height": sheet.total_height}
        else:
            answer = {
                "rows": [
                    [_plain(cell)[:longest_cell] for cell in row[:_MOST_COLUMNS]]
                    for row in sheet.to_python(skip_empty_area=False)
                ]
            }
    except (CalamineError, IndexError, OSError):
        answer = {}
    sys.stdout.write(json.dumps(answer))


def _plain(value: object) -> str:
    # A number in a cell comes as a fraction: 17.0 is the seventeenth member.
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
