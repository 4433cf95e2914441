"""What is known of a stored picture, for whoever writes it down without opening any."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StoredPicture:
    """A picture as stored: its key, size in pixels and a tiny placeholder as a data URI."""

    key: str
    width: int
    height: int
    placeholder: str
