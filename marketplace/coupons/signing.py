"""
Signatures a till can check without network: ECDSA on P-256, the curve browsers know.

The private key follows from SECRET_KEY, so that every web process signs alike and nothing is
stored; after a change of the secret the old key still verifies through the fallbacks.
"""

from __future__ import annotations

import base64
import hashlib
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.hashes import SHA256

from marketplace.core import sealing

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

_PURPOSE: Final = "coupon.signing"
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_HALF: Final = 32


def sign(message: str) -> str:
    """Return the signature of a message under the present key, as text for a QR."""
    curves, numbers = _curves()
    signature = _keys()[0].sign(message.encode(), curves.ECDSA(SHA256()))
    r, s = numbers.decode_dss_signature(signature)
    return _text(r.to_bytes(_HALF, "big") + s.to_bytes(_HALF, "big"))


def is_signed(message: str, signature: str) -> bool:
    """Tell whether one of our keys signed the message."""
    try:
        raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    except ValueError:
        return False
    if len(raw) != 2 * _HALF:
        return False
    encoded = _curves()[1].encode_dss_signature(
        int.from_bytes(raw[:_HALF], "big"), int.from_bytes(raw[_HALF:], "big")
    )
    return any(_verifies(key, encoded, message) for key in _keys())


def public_keys() -> list[dict[str, str]]:
    """Return the keys that verify, the present one first, as browsers import them (JWK)."""
    numbers = [key.public_key().public_numbers() for key in _keys()]
    return [
        {
            "kty": "EC",
            "crv": "P-256",
            "x": _text(point.x.to_bytes(_HALF, "big")),
            "y": _text(point.y.to_bytes(_HALF, "big")),
        }
        for point in numbers
    ]


def _curves() -> tuple[Any, Any]:
    # Late: they take 6 MB, which a web process that never shows a QR does not need.
    package = "cryptography.hazmat.primitives.asymmetric"
    return import_module(f"{package}.ec"), import_module(f"{package}.utils")


def _keys() -> list[EllipticCurvePrivateKey]:
    curves, _ = _curves()
    return [
        # Never zero, never the order itself: both are no private keys.
        curves.derive_private_key(1 + _number(seed) % (_ORDER - 1), curves.SECP256R1())
        for seed in sealing.digests("p256", purpose=_PURPOSE)
    ]


def _number(seed: str) -> int:
    # Twice the bits of the order, so that the remainder favours no key.
    return int.from_bytes(hashlib.sha512(seed.encode()).digest(), "big")


def _verifies(key: EllipticCurvePrivateKey, signature: bytes, message: str) -> bool:
    try:
        key.public_key().verify(signature, message.encode(), _curves()[0].ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
