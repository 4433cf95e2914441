"""Private files: checked by their content, kept under names that do no harm, shown to few."""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import PurePosixPath
from typing import Final
from uuid import uuid4

from sqlalchemy import select

from marketplace.audit import trail
from marketplace.core.db import db
from marketplace.core.errors import InvalidInput, NotFound
from marketplace.core.storage import Storage
from marketplace.enterprises.application_models import Document

__all__ = ["MAX_BYTES", "Document", "OpenedDocument"]

MAX_BYTES: Final = 10 * 1024 * 1024
PDF: Final = "application/pdf"
JPEG: Final = "image/jpeg"
_SUFFIXES: Final = {PDF: ".pdf", JPEG: ".jpg"}
_LONGEST_STEM: Final = 80
# What would end a header's value or mean something to a file system.
_RISKY: Final = re.compile(r'[<>:"|?*;%\\/]')
_TAIL: Final = 1024


class DocumentRefused(InvalidInput):
    """The file is no document we keep."""

    message = "파일을 올릴 수 없습니다: {why}"
    field = "file"


class DocumentMissing(NotFound):
    """There is no such document, or it is not this person's to see."""

    message = "서류를 찾을 수 없습니다."


@dataclass(frozen=True)
class OpenedDocument:
    """A document with its content, to be handed out as a download."""

    filename: str
    media_type: str
    content: bytes


def store(
    content: bytes, *, filename: str, storage: Storage, person_id: int, at: datetime
) -> Document:
    """
    Keep a PDF as it is, and a picture re-encoded; anything else is refused.

    :raises DocumentRefused:
    """
    if not content:
        raise DocumentRefused(why="올릴 파일을 골라 주세요.")
    if len(content) > MAX_BYTES:
        raise DocumentRefused(why="10MB보다 작은 파일만 올릴 수 있습니다.")
    media_type, kept = _recognised(content)
    key = f"documents/{uuid4().hex}{_SUFFIXES[media_type]}"
    storage.put(key, kept)
    made = Document(
        storage_key=key,
        filename=safe_name(filename, media_type),
        media_type=media_type,
        size=len(kept),
        uploaded_by=person_id,
        created_at=at,
    )
    db.session.add(made)
    db.session.flush()
    return made


def safe_name(written: str, media_type: str) -> str:
    """Return a file's name that no header, folder or terminal stumbles over."""
    plain = "".join(
        sign
        for sign in unicodedata.normalize("NFC", written)
        if unicodedata.category(sign)[0] != "C" and unicodedata.category(sign) not in ("Zl", "Zp")
    )
    stem = PurePosixPath(plain.replace("\\", "/")).name
    stem = stem.rpartition(".")[0] or stem
    stem = _RISKY.sub("_", stem).strip(". ")[:_LONGEST_STEM]
    return f"{stem or '서류'}{_SUFFIXES[media_type]}"


def open_own(document_id: int, *, person_id: int, storage: Storage) -> OpenedDocument:
    """
    Return a document to whoever uploaded it.

    :raises DocumentMissing:
    """
    document = db.session.get(Document, document_id)
    if document is None or document.uploaded_by != person_id:
        raise DocumentMissing
    return _opened(document, storage)


def open_as_staff(
    document_id: int, *, actor_id: int, about: str, reason: str, ip: str | None, storage: Storage
) -> OpenedDocument:
    """
    Return a document to staff, who leave behind why they looked.

    :raises DocumentMissing, ReasonMissing:
    """
    document = db.session.get(Document, document_id)
    if document is None:
        raise DocumentMissing
    trail.record_look(
        actor_id=actor_id,
        person_id=document.uploaded_by,
        subject=f"document:{document.id}",
        task=about,
        reason=reason,
        ip=ip,
    )
    trail.record(
        "document.opened",
        subject_kind="document",
        subject_id=document.id,
        actor_id=actor_id,
        details={"about": about, "reason": reason.strip()},
        ip=ip,
    )
    return _opened(document, storage)


def names_of(document_ids: Iterable[int]) -> dict[int, str]:
    """Return the file names of documents by id, in one query."""
    rows = db.session.execute(
        select(Document.id, Document.filename).where(Document.id.in_(list(document_ids)))
    )
    return {row.id: row.filename for row in rows}


def _recognised(content: bytes) -> tuple[str, bytes]:
    # By what it is, never by what it is called.
    if content.startswith(b"%PDF-"):
        if b"%%EOF" not in content[-_TAIL:]:
            raise DocumentRefused(why="PDF 파일이 끝까지 올라오지 않았습니다. 다시 올려 주세요.")
        return PDF, content
    # Late: a web process that takes in no picture does without the codecs.
    image_files = import_module("marketplace.core.image_files")
    try:
        image = image_files.decode(content, formats=("JPEG", "PNG"))
    except image_files.PictureRefused as error:
        too_large = "화소" in str(error)
        why = (
            "2,500만 화소보다 작은 사진만 올릴 수 있습니다."
            if too_large
            else "PDF, JPG, PNG 파일만 올릴 수 있습니다."
        )
        raise DocumentRefused(why=why) from error
    written = io.BytesIO()
    image.save(written, "JPEG", quality=88, optimize=True)
    return JPEG, written.getvalue()


def _opened(document: Document, storage: Storage) -> OpenedDocument:
    return OpenedDocument(
        filename=document.filename,
        media_type=document.media_type,
        content=storage.get(document.storage_key),
    )
