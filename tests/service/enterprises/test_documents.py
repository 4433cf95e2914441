"""Private files: what is refused, what becomes of names, who may open them (S14, S19, S24)."""

from __future__ import annotations

import io
import zlib

import pytest
from flask import current_app
from PIL import Image
from sqlalchemy import select

from marketplace.audit.models import AccessLog, AuditEvent
from marketplace.audit.trail import ReasonMissing
from marketplace.core.db import db, transaction
from marketplace.core.storage import Storage
from marketplace.enterprises import documents
from tests import make

pytestmark = pytest.mark.usefixtures("isolated")

_SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


def _storage() -> Storage:
    return Storage.of(current_app.extensions["settings"])


def _photo() -> bytes:
    exif = Image.Exif()
    exif[0x010E] = "SECRET-PLACE"
    written = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(written, "JPEG", exif=exif)
    return written.getvalue()


def _bomb(side: int) -> bytes:
    """Return a small PNG whose header claims a huge picture."""
    header = side.to_bytes(4, "big") * 2 + b"\x08\x02\x00\x00\x00"

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + kind + data + checksum

    pixels = chunk(b"IDAT", zlib.compress(b"\0" * 1_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        _SVG,
        b"<!doctype html><script>alert(1)</script>",
        b"GIF89a" + b"\0" * 40,
        b"PK\x03\x04" + b"\0" * 100,
        b" %PDF-1.4 not at the beginning %%EOF",
        b"%PDF-1.4 cut off",
        _photo()[:200],
        _bomb(20_000),
        _bomb(9_000),
        b"%PDF-1.4" + b"0" * documents.MAX_BYTES + b"%%EOF",
    ],
    ids=lambda content: f"{content[:12]!r}",
)
def test_refuses_what_is_neither_pdf_nor_picture(content: bytes) -> None:
    person = make.person()

    with pytest.raises(documents.DocumentRefused):
        make.document(person, name="사업자등록증.jpg", content=content)


def test_re_encodes_pictures_without_what_else_they_hold() -> None:
    person = make.person()
    document_id = make.document(person, name="통장.png", content=_photo() + _SVG)

    opened = documents.open_own(document_id, person_id=person.id, storage=_storage())

    assert (opened.filename, opened.media_type) == ("통장.jpg", "image/jpeg")
    assert b"SECRET-PLACE" not in opened.content
    assert b"svg" not in opened.content
    assert Image.open(io.BytesIO(opened.content)).size == (64, 48)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("사업자등록증.pdf", "사업자등록증.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("..\\..\\boot.ini", "boot.pdf"),
        ("a\r\nSet-Cookie: x=1.pdf", "aSet-Cookie_ x=1.pdf"),
        ("\x00\x00.html", "html.pdf"),
        ("", "서류.pdf"),
        ("...", "서류.pdf"),
        ("가" * 300 + ".pdf", "가" * 80 + ".pdf"),
        ('"><script>.pdf', "___script_.pdf"),
        ("\u202efdp.exe", "fdp.pdf"),
    ],
)
def test_keeps_names_that_do_no_harm(written: str, kept: str) -> None:
    assert documents.safe_name(written, documents.PDF) == kept


class TestOpening:
    def test_is_for_whoever_uploaded_it(self) -> None:
        document_id = make.document(make.person())

        with pytest.raises(documents.DocumentMissing):
            documents.open_own(document_id, person_id=make.person().id, storage=_storage())

    def test_by_staff_leaves_who_and_why(self) -> None:
        owner, staff = make.person(), make.person()
        document_id = make.document(owner)
        with transaction():
            documents.open_as_staff(
                document_id,
                actor_id=staff.id,
                about="입점 심사",
                reason="통장 확인",
                ip="10.0.0.1",
                storage=_storage(),
            )

        (look,) = db.session.scalars(select(AccessLog))
        assert (look.actor_id, look.person_id, look.task) == (staff.id, owner.id, "입점 심사")
        assert (look.reason, look.ip) == ("통장 확인", "10.0.0.1")
        assert db.session.scalars(select(AuditEvent.action)).all() == ["document.opened"]

    def test_by_staff_needs_a_reason(self) -> None:
        document_id = make.document(make.person())

        with pytest.raises(ReasonMissing), transaction():
            documents.open_as_staff(
                document_id,
                actor_id=make.person().id,
                about="입점 심사",
                reason=" ",
                ip=None,
                storage=_storage(),
            )
