"""The picture pipeline: what it refuses, what it keeps, what it throws away."""

from __future__ import annotations

import io
from pathlib import Path

import fsspec
import pytest
from PIL import Image

from marketplace.catalog.pictures import PictureRefused, store
from marketplace.catalog.renditions import FORMATS, WIDTHS, file_key
from marketplace.core.errors import NotFound
from marketplace.core.storage import Storage


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(root=str(tmp_path), filesystem=fsspec.filesystem("file"))


def _picture(size: tuple[int, int] = (800, 600), kind: str = "PNG", **saved: object) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, "teal").save(written, kind, **saved)
    return written.getvalue()


class TestStore:
    def test_keeps_every_width_and_format(self, storage: Storage) -> None:
        stored = store(_picture((1600, 1200)), storage)

        assert (stored.width, stored.height) == (1600, 1200)
        for width in WIDTHS:
            for kind in FORMATS:
                kept = Image.open(io.BytesIO(storage.get(file_key(stored.key, width, kind))))
                assert kept.width == width

    def test_never_enlarges(self, storage: Storage) -> None:
        stored = store(_picture((200, 100)), storage)

        kept = Image.open(io.BytesIO(storage.get(file_key(stored.key, 1200, "webp"))))
        assert kept.size == (200, 100)

    def test_throws_away_where_and_when_it_was_taken(self, storage: Storage) -> None:
        exif = Image.Exif()
        exif[0x8825] = {1: "N", 2: (37.0, 32.0, 0.0)}
        exif[0x0132] = "2026:11:24 10:00:00"

        stored = store(_picture(kind="JPEG", exif=exif), storage)

        for kind in FORMATS:
            kept = Image.open(io.BytesIO(storage.get(file_key(stored.key, 640, kind))))
            assert dict(kept.getexif()) == {}

    def test_turns_a_sideways_photo_upright(self, storage: Storage) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6

        stored = store(_picture((800, 600), kind="JPEG", exif=exif), storage)

        assert (stored.width, stored.height) == (600, 800)

    def test_shows_a_small_placeholder_meanwhile(self, storage: Storage) -> None:
        stored = store(_picture(), storage)

        assert stored.placeholder.startswith("data:image/webp;base64,")
        assert len(stored.placeholder) < 500

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
            b"<!doctype html><script>alert(1)</script>",
            _picture()[:200],
            b"\x89PNG\r\n\x1a\n" + b"\x00" * 64,
        ],
    )
    def test_refuses_what_is_no_picture(self, storage: Storage, content: bytes) -> None:
        with pytest.raises(PictureRefused, match="사진인지 확인해 주세요"):
            store(content, storage)

    def test_refuses_a_bomb_before_decoding_it(self, storage: Storage) -> None:
        with pytest.raises(PictureRefused, match="2,500만 화소"):
            store(_picture((9_000, 9_000)), storage)

    def test_refuses_a_file_over_ten_megabytes(self, storage: Storage) -> None:
        with pytest.raises(PictureRefused, match="10MB"):
            store(b"\x00" * (10 * 1024 * 1024 + 1), storage)


class TestStorage:
    @pytest.mark.parametrize("key", ["../secret", "pictures/../../secret", "/etc/passwd"])
    def test_never_leaves_its_folder(self, storage: Storage, key: str) -> None:
        with pytest.raises(NotFound):
            storage.get(key)

    def test_says_when_there_is_nothing(self, storage: Storage) -> None:
        assert not storage.has("pictures/ab/none.jpg")
        with pytest.raises(NotFound):
            storage.get("pictures/ab/none.jpg")
