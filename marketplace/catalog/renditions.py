"""The widths and formats a picture is kept in, and their names: all that showing it needs."""

from __future__ import annotations

from typing import Final

WIDTHS: Final = (320, 640, 1200)
FORMATS: Final = {"avif": "image/avif", "webp": "image/webp", "jpg": "image/jpeg"}


def file_key(key: str, width: int, kind: str) -> str:
    """Return the storage key of one rendition."""
    return f"pictures/{key[:2]}/{key}-{width}.{kind}"
