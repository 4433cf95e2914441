"""Check that a webhook really comes from Stripe, without Stripe's library."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from marketplace.core.errors import NotAllowed

SCHEME: Final = "v1"


class SignatureRefused(NotAllowed):
    """The header does not vouch for the payload."""

    message = "웹훅 서명이 올바르지 않습니다."
    reason = ""


class MalformedHeader(SignatureRefused):
    """There is no readable timestamp."""

    reason = "malformed"


class SchemeMissing(SignatureRefused):
    """The header carries no signature of the scheme we know."""

    reason = "scheme"


class SignatureMismatch(SignatureRefused):
    """No signature was made with our secret over this payload and timestamp."""

    reason = "signature"


class TimestampOutsideTolerance(SignatureRefused):
    """The signature is genuine but too old, or from the future."""

    reason = "timestamp"


def sign(payload: bytes, *, secret: str, at: int) -> str:
    """Return the signature Stripe would put on a payload at a Unix time."""
    signed = str(at).encode("ascii") + b"." + payload
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def verify(payload: bytes, header: str, secret: str, now: int, tolerance: int | None = 300) -> str:
    """
    Return the signature that vouches for the payload.

    As Stripe defines it, a tolerance of none or 0 seconds turns the check of the time off.

    :raises MalformedHeader, SchemeMissing, SignatureMismatch, TimestampOutsideTolerance:
    """
    signed_at, signatures = _read(header)
    expected = sign(payload, secret=secret, at=signed_at)
    # Every one is compared, so that the time taken tells nothing about which was close.
    matches = [hmac.compare_digest(given.encode(), expected.encode()) for given in signatures]
    if not any(matches):
        raise SignatureMismatch
    if tolerance and abs(now - signed_at) > tolerance:
        raise TimestampOutsideTolerance
    return expected


def _read(header: str) -> tuple[int, list[str]]:
    parts = [part.partition("=") for part in header.split(",")]
    timestamps = [value for name, _, value in parts if name == "t"]
    if len(timestamps) != 1 or not (timestamps[0].isascii() and timestamps[0].isdigit()):
        raise MalformedHeader
    if len(timestamps[0]) > len(str(2**63)):
        raise MalformedHeader
    signatures = [value for name, _, value in parts if name == SCHEME]
    if not signatures:
        raise SchemeMissing
    return int(timestamps[0]), signatures
