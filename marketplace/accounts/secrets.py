"""Passwords and other secrets people choose, kept one-way."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# OWASP's smallest recommended memory: eight threads of two processes fit into a small server.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def hash_secret(secret: str) -> str:
    """Return what may be stored of a secret."""
    return _hasher.hash(_plain(secret))


def verify_secret(secret: str, kept: str | None) -> bool:
    """Tell whether it is the secret; without anything kept, take as long and say no."""
    try:
        return _hasher.verify(kept or _nobody(), _plain(secret)) and bool(kept)
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Tell whether it was kept with weaker settings than today's."""
    return _hasher.check_needs_rehash(kept)


@lru_cache(maxsize=1)
def _nobody() -> str:
    return _hasher.hash("nobody's secret")


def _plain(secret: str) -> str:
    # The same keys on two systems may send composed or decomposed Hangul.
    return unicodedata.normalize("NFC", secret)
