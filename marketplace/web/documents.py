"""Files people send, and private files handed back to them."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from urllib.parse import quote

from flask import Response, current_app, request

from marketplace.core.storage import Storage
from marketplace.enterprises import documents
from marketplace.enterprises.documents import Document, OpenedDocument


def storage() -> Storage:
    """Return where this application keeps files."""
    return Storage.of(current_app.extensions["settings"])


def sent(name: str, *, most: int) -> tuple[str, bytes]:
    """Return the name and content of a sent file; an absent one is empty."""
    file = request.files.get(name)
    if file is None:
        return "", b""
    with closing(file):
        # One byte more than is allowed is enough to refuse it.
        return file.filename or "", file.stream.read(most + 1)


def take_in(name: str, *, person_id: int, at: datetime) -> Document:
    """
    Keep a sent document; call inside the transaction.

    :raises DocumentRefused:
    """
    filename, content = sent(name, most=documents.MAX_BYTES)
    return documents.store(
        content, filename=filename, storage=storage(), person_id=person_id, at=at
    )


def respond(opened: OpenedDocument) -> Response:
    """Hand a document out as a download that no browser takes for a page."""
    response = Response(opened.content, mimetype=opened.media_type)
    # RFC 6266: a plain name for old browsers, the whole one beside it.
    plain = opened.filename.encode("ascii", "ignore").decode()
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(opened.filename, safe='')}"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    return response
