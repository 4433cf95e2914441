"""
Product sheets: taken in, done in the background some hundred rows at a time, and reported.

Each chunk is written with the count of rows done, in one transaction: a sheet whose worker died
goes on where it was, and a file that was sent before is not done again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from marketplace.audit import trail
from marketplace.catalog import import_sheet, import_writes
from marketplace.catalog.import_sheet import CellWrong, Line
from marketplace.catalog.upkeep_models import ImportState, ProductImport
from marketplace.core import outbox
from marketplace.core.db import db
from marketplace.core.errors import DomainError, NotFound
from marketplace.core.sheets import Row

__all__ = ["ImportState", "Progress", "fail", "find_waiting", "get", "list_own", "take_in", "work"]

CHUNK: Final = 500
# More say no more: whoever has a thousand wrong rows has one wrong column.
MOST_ERRORS: Final = 2_000
_SHOWN: Final = 30


class ImportMissing(NotFound):
    message = "올린 파일을 찾을 수 없습니다."


@dataclass(frozen=True)
class RowError:
    """What is wrong with one cell, by the row and column of the sheet."""

    row: int
    column: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Progress:
    """One sheet and what became of its rows so far."""

    id: int
    filename: str
    state: ImportState
    total: int
    done: int
    created: int
    updated: int
    unchanged: int
    errors: tuple[RowError, ...]
    failure: str | None
    uploaded_at: datetime
    finished_at: datetime | None

    @property
    def is_moving(self) -> bool:
        """Tell whether rows are still to be done."""
        return self.state in (ImportState.WAITING, ImportState.RUNNING)


def take_in(
    *, enterprise_id: int, filename: str, content: bytes, storage_key: str, by: int, at: datetime
) -> tuple[int, bool]:
    """
    Take in a sheet whose file waits in the storage; a worker does it.

    Return its id and whether it is new: the same file again is the sheet it was before.
    """
    digest = hashlib.sha256(content).hexdigest()
    made = db.session.scalar(
        insert(ProductImport)
        .values(
            enterprise_id=enterprise_id,
            uploaded_by=by,
            filename=filename[:200],
            sha256=digest,
            storage_key=storage_key,
            uploaded_at=at,
        )
        .on_conflict_do_nothing(index_elements=["enterprise_id", "sha256"])
        .returning(ProductImport.id)
    )
    if made is None:
        known = db.session.scalars(
            select(ProductImport.id).where(
                ProductImport.enterprise_id == enterprise_id, ProductImport.sha256 == digest
            )
        ).one()
        return known, False
    outbox.enqueue(
        "catalog.import_products", {"import_id": made}, key=f"catalog.import_products:{made}"
    )
    trail.record(
        "product_sheet_uploaded",
        subject_kind="product_import",
        subject_id=made,
        actor_id=by,
        details={"enterprise": enterprise_id, "file": filename[:200]},
    )
    return made, True


def find_waiting(import_id: int) -> str | None:
    """Return where the file of a sheet waits that has rows to be done."""
    sheet = db.session.get(ProductImport, import_id, populate_existing=True)
    if sheet is None or sheet.state in (ImportState.DONE, ImportState.FAILED):
        return None
    return sheet.storage_key


def work(import_id: int, groups: Sequence[Sequence[Row]], *, at: datetime) -> bool:
    """
    Do the next rows of a sheet, whole products at a time; False when every row was done.

    Run it in one transaction: its writes and its count are saved together or not at all.
    """
    sheet = _lock(import_id)
    if sheet.state in (ImportState.DONE, ImportState.FAILED):
        return False
    sheet.state = ImportState.RUNNING
    sheet.total = sum(map(len, groups))
    chunk = _next(groups, sheet.done)
    names = import_writes.names_of(sheet.enterprise_id)
    products, errors = _meant(chunk, names)
    written = import_writes.write(
        sheet.enterprise_id, products, names, actor=f"import:{sheet.id}", at=at
    )
    told = [*errors, *written.errors]
    room = MOST_ERRORS - len(sheet.errors)
    if told and room > 0:
        titles = import_sheet.TITLES
        said = [
            {"row": row, "column": titles.get(column, column), "message": message}
            for row, column, message in sorted(told)
        ]
        sheet.errors = [*sheet.errors, *said[:room]]
    sheet.created += written.created
    sheet.updated += written.updated
    sheet.unchanged += written.unchanged
    sheet.done += sum(map(len, chunk))
    if sheet.done >= sheet.total:
        sheet.state, sheet.finished_at = ImportState.DONE, at
    db.session.flush()
    return sheet.state is ImportState.RUNNING


def fail(import_id: int, error: DomainError, *, at: datetime) -> None:
    """Note why a sheet cannot be read."""
    sheet = _lock(import_id)
    sheet.state, sheet.failure, sheet.finished_at = ImportState.FAILED, str(error), at
    db.session.flush()


def get(import_id: int, enterprise_id: int) -> Progress:
    """
    Return a sheet of an enterprise with what became of its rows.

    :raises ImportMissing:
    """
    sheet = db.session.get(ProductImport, import_id, populate_existing=True)
    if sheet is None or sheet.enterprise_id != enterprise_id:
        raise ImportMissing
    return _seen(sheet)


def list_own(enterprise_id: int) -> list[Progress]:
    """Return the last sheets of an enterprise, newest first."""
    sheets = db.session.scalars(
        select(ProductImport)
        .where(ProductImport.enterprise_id == enterprise_id)
        .order_by(ProductImport.id.desc())
        .limit(_SHOWN)
        .execution_options(populate_existing=True)
    )
    return [_seen(sheet) for sheet in sheets]


def _next(groups: Sequence[Sequence[Row]], done: int) -> list[Sequence[Row]]:
    """Return the groups behind the rows that were done, as many as make a chunk."""
    chunk: list[Sequence[Row]] = []
    passed, size = 0, 0
    for group in groups:
        passed += len(group)
        if passed <= done:
            continue
        if chunk and size + len(group) > CHUNK:
            break
        chunk.append(group)
        size += len(group)
    return chunk


def _meant(
    chunk: Sequence[Sequence[Row]], names: import_sheet.Names
) -> tuple[list[list[Line]], list[tuple[int, str, str]]]:
    """Return the rows of each product as they were meant, and what is wrong with the others."""
    products: list[list[Line]] = []
    errors: list[tuple[int, str, str]] = []
    for group in chunk:
        lines: dict[tuple[str, ...], Line] = {}
        for row in group:
            try:
                line = import_sheet.meant(row, names)
            except CellWrong as wrong:
                errors.append((row.number, wrong.column, wrong.message))
                continue
            if line.values in lines:
                twice = f"{lines[line.values].row}행과 같은 상품코드와 옵션입니다."
                errors.append((row.number, "code", twice))
            else:
                lines[line.values] = line
        if lines:
            products.append(list(lines.values()))
    return products, errors


def _lock(import_id: int) -> ProductImport:
    sheet = db.session.get(ProductImport, import_id, with_for_update=True, populate_existing=True)
    if sheet is None:
        raise ImportMissing
    return sheet


def _seen(sheet: ProductImport) -> Progress:
    errors: list[dict[str, Any]] = list(sheet.errors)
    return Progress(
        id=sheet.id,
        filename=sheet.filename,
        state=sheet.state,
        total=sheet.total,
        done=sheet.done,
        created=sheet.created,
        updated=sheet.updated,
        unchanged=sheet.unchanged,
        errors=tuple(
            RowError(int(each["row"]), str(each["column"]), str(each["message"])) for each in errors
        ),
        failure=sheet.failure,
        uploaded_at=sheet.uploaded_at,
        finished_at=sheet.finished_at,
    )
