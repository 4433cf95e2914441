"""Small files that claim to be huge: refused, and never at the cost of the process (S15)."""

from __future__ import annotations

import io
import resource
import zipfile
from typing import Final

import pytest

from marketplace.core import sheets
from marketplace.core.sheets import SheetUnreadable

_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_DOCUMENT: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006/relationships"
_OASIS: Final = "urn:oasis:names:tc:opendocument:xmlns"


def packed(parts: dict[str, str]) -> bytes:
    """Zip some parts."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, content in parts.items():
            pack.writestr(name, content)
    return made.getvalue()


def xlsx(*rows: str, strings: str = "") -> bytes:
    """Make a workbook of one sheet by hand."""
    relation = (
        f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="r1" '
        f'Type="{_DOCUMENT}/%s" Target="%s"/></Relationships>'
    )
    return packed(
        {
            "_rels/.rels": relation % ("officeDocument", "xl/workbook.xml"),
            "xl/_rels/workbook.xml.rels": relation % ("worksheet", "worksheets/sheet1.xml"),
            "xl/workbook.xml": (
                f'<workbook xmlns="{_MAIN}" xmlns:r="{_DOCUMENT}"><sheets>'
                '<sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>'
            ),
            "xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}">{strings}</sst>',
            "xl/worksheets/sheet1.xml": (
                f'<worksheet xmlns="{_MAIN}"><sheetData>{"".join(rows)}</sheetData></worksheet>'
            ),
        }
    )


def row(number: int, column: str, text: str) -> str:
    """Write a row of one cell."""
    return (
        f'<row r="{number}"><c r="{column}{number}" t="inlineStr"><is><t>{text}</t></is></c></row>'
    )


def ods(*, rows: int, columns: int) -> bytes:
    """Make another program's workbook, whose one cell is repeated."""
    return packed(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": f'<m:manifest xmlns:m="{_OASIS}:manifest:1.0"/>',
            "content.xml": (
                f'<o:document-content xmlns:o="{_OASIS}:office:1.0" '
                f'xmlns:table="{_OASIS}:table:1.0" xmlns:text="{_OASIS}:text:1.0" '
                f'xmlns:office="{_OASIS}:office:1.0"><office:body><office:spreadsheet>'
                f'<table:table table:name="a"><table:table-row '
                f'table:number-rows-repeated="{rows}"><table:table-cell '
                f'office:value-type="string" table:number-columns-repeated="{columns}">'
                "<text:p>이메일</text:p></table:table-cell></table:table-row></table:table>"
                "</office:spreadsheet></office:body></o:document-content>"
            ),
        }
    )


def read(content: bytes) -> list[sheets.Row]:
    """Read a list of addresses."""
    return sheets.read(
        content,
        columns={"email": ("이메일",)},
        is_enough=lambda found: "email" in found,
        needed="제목 줄에 이메일 열이 있어야 합니다.",
    )


def test_reads_what_is_small() -> None:
    found = read(xlsx(row(1, "A", "이메일"), row(2, "A", "a@example.com")))

    assert [each.cells["email"] for each in found] == ["a@example.com"]


BOMBS: Final = {
    "a cell in the far corner": xlsx(row(1, "A", "이메일"), row(1_048_576, "XFD", "x")),
    "a cell far to the right": xlsx(row(1, "A", "이메일"), row(5_000, "XFD", "x")),
    "one long text in every row": xlsx(
        row(1, "A", "이메일"),
        *(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(2, 4_000)),
        strings=f"<si><t>{'a' * 1_000_000}</t></si>",
    ),
    "a cell repeated": ods(rows=5_000, columns=16_384),
}


@pytest.mark.parametrize("name", BOMBS)
def test_refuses_what_would_be_huge(name: str) -> None:
    content = BOMBS[name]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(SheetUnreadable):
        read(content)

    assert len(content) < 100_000
    # In kilobytes: what was unpacked was unpacked elsewhere.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


@pytest.mark.parametrize("hidden", ["_x0000_", "_x0001_", "_x007F_"])
def test_drops_characters_no_column_holds(hidden: str) -> None:
    (found,) = read(xlsx(row(1, "A", "이메일"), row(2, "A", f"a{hidden}@example.com")))

    assert found.cells["email"] == "a@example.com"


def test_leaves_a_million_rows_unread() -> None:
    with pytest.raises(SheetUnreadable, match="5,000줄"):
        read(xlsx(row(1, "A", "이메일"), row(1_048_576, "A", "x")))


class TestText:
    def test_millions_of_empty_lines_are_refused_before_they_are_kept(self) -> None:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        with pytest.raises(SheetUnreadable, match="줄 이하로 나누어"):
            sheets.read_lines(b"\n" * (4 * 1024 * 1024))

        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60 * 1024

    def test_a_line_of_thousands_of_cells_is_refused(self) -> None:
        with pytest.raises(SheetUnreadable, match="칸까지만"):
            sheets.read_lines(b"," * 5_000)
