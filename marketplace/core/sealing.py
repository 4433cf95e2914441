"""Encryption at rest and keyed digests, with keys derived from SECRET_KEY and its fallbacks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_VERSION: Final = b"\x01"
_NONCE: Final = 12


class SealBroken(RuntimeError):
    """No known key opens it: it was changed, or its SECRET_KEY is gone."""


class _Keys:
    """The secrets of this process, the one for new seals first."""

    secrets: tuple[str, ...] = ()


def use(secret_key: str, fallbacks: Sequence[str] = ()) -> None:
    """Seal with this secret from now on; still open what the fallbacks sealed."""
    _Keys.secrets = (secret_key, *fallbacks)


def seal(text: str, *, purpose: str) -> bytes:
    """Encrypt text, so that it opens only for the same purpose."""
    nonce = secrets.token_bytes(_NONCE)
    sealed = AESGCM(_keys(purpose)[0]).encrypt(nonce, text.encode(), purpose.encode())
    return _VERSION + nonce + sealed


def unseal(sealed: bytes, *, purpose: str) -> str:
    """
    Decrypt what `seal` encrypted.

    :raises SealBroken:
    """
    if sealed[:1] != _VERSION:
        raise SealBroken("unknown version")
    nonce, body = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
    for key in _keys(purpose):
        try:
            return AESGCM(key).decrypt(nonce, body, purpose.encode()).decode()
        except InvalidTag:
            continue
    raise SealBroken("no key fits")


def digests(message: str, *, purpose: str) -> list[str]:
    """Return the keyed digest of a message under each known key, the present key first."""
    return [
        base64.urlsafe_b64encode(hmac.new(key, message.encode(), hashlib.sha256).digest())
        .decode()
        .rstrip("=")
        for key in _keys(purpose)
    ]


def digest(message: str, *, purpose: str) -> str:
    """Return the keyed digest of a message under the present key."""
    return digests(message, purpose=purpose)[0]


def _keys(purpose: str) -> list[bytes]:
    if not _Keys.secrets:
        raise RuntimeError("sealing.use() comes first")
    return [_derive(secret, purpose) for secret in _Keys.secrets]


@lru_cache(maxsize=64)
def _derive(secret: str, purpose: str) -> bytes:
    derivation = HKDF(SHA256(), length=32, salt=None, info=f"senaru:{purpose}".encode())
    return derivation.derive(secret.encode())
