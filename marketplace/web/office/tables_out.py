"""Tables that leave the office as CSV or XLSX; each leaves a mark in the audit trail."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum

from flask import Response
from flask_login import current_user

from marketplace.audit import trail
from marketplace.core.db import transaction
from marketplace.web import csv_files, limits, xlsx_files


class FileKind(StrEnum):
    """The files a table can be."""

    CSV = "csv"
    XLSX = "xlsx"


def respond(
    what: str,
    *,
    kind: FileKind,
    filename: str,
    header: Sequence[str],
    read: Callable[[], Iterable[Sequence[object]]],
    subject: tuple[str, int | None],
    details: Mapping[str, object],
) -> Response:
    """Return a table as a file and write down who took it."""
    write = csv_files.respond if kind is FileKind.CSV else xlsx_files.respond
    with transaction():
        trail.record(
            f"{what}_exported",
            subject_kind=subject[0],
            subject_id=subject[1],
            actor_id=current_user.person_id,
            details={**details, "kind": kind.value},
            ip=limits.client_address(),
        )
        return write(f"{filename}.{kind.value}", header, read())
