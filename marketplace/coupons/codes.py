"""
Coupon codes: twelve characters that people can read aloud and type.

The alphabet is Crockford's: no I, L, O or U. Eleven characters are random (55 bits), the twelfth
is a check over GF(32): every character has a weight of its own, so that one wrong character and
two swapped neighbours never pass. Only a keyed digest and the last four characters are kept.

A printed code is also signed: its QR holds `SNR1:P:<code>:<tag>`, and a QR somebody made up is
refused before anything is looked up.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import unicodedata
from typing import Final

from marketplace.core import sealing

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH: Final = 12
LAST: Final = 4
_RANDOM_BITS: Final = 55
_MOST_WRITTEN: Final = 64
_PAPER: Final = "SNR1:P"
_TAG: Final = 16
_DIGEST_PURPOSE: Final = "coupon code"
_PAPER_PURPOSE: Final = "paper coupon"
_VALUES: Final = {sign: value for value, sign in enumerate(ALPHABET)} | {"O": 0, "I": 1, "L": 1}


def _powers() -> tuple[int, ...]:
    # x^5 + x^2 + 1: the powers of x run through all 31 values before the first comes back.
    values = [1]
    while len(values) < LENGTH:
        doubled = values[-1] << 1
        values.append(doubled ^ 0b100101 if doubled & 0b100000 else doubled)
    return tuple(values)


def _times(left: int, right: int) -> int:
    product = 0
    while right:
        product ^= left if right & 1 else 0
        left = left << 1 ^ 0b100101 if left & 0b10000 else left << 1
        right >>= 1
    return product


_WEIGHTS: Final = _powers()
# Looked up, because a hundred thousand codes are made at once.
_WEIGHED: Final = tuple(
    tuple(_times(weight, value) for value in range(len(ALPHABET))) for weight in _WEIGHTS[1:]
)


def draw() -> str:
    """Return a new code."""
    return _of_number(secrets.randbits(_RANDOM_BITS))


def derive(seed: str, number: int) -> str:
    """Return the code that follows from a seed and a coupon's number."""
    drawn = hmac.new(seed.encode(), str(number).encode(), hashlib.sha256).digest()
    return _of_number(int.from_bytes(drawn, "big") >> (256 - _RANDOM_BITS))


def read(written: str) -> str | None:
    """Return the code somebody typed, as it is kept; None when it cannot be one."""
    if len(written) > _MOST_WRITTEN:
        return None
    values = []
    for sign in unicodedata.normalize("NFKC", written).upper():
        if sign.isspace() or unicodedata.category(sign) in ("Pd", "Cf", "Cc"):
            continue
        value = _VALUES.get(sign)
        if value is None:
            return None
        values.append(value)
    if len(values) != LENGTH or _check(values[:-1]) != values[-1]:
        return None
    return "".join(ALPHABET[value] for value in values)


def shown(code: str) -> str:
    """Return a code in groups of four, as it is printed."""
    return "-".join(code[start : start + 4] for start in range(0, LENGTH, 4))


def digest(code: str) -> str:
    """Return what the database keeps of a code."""
    return sealing.digest(code, purpose=_DIGEST_PURPOSE)


def digests(code: str) -> list[str]:
    """Return what the database may hold of a code, under each known key."""
    return sealing.digests(code, purpose=_DIGEST_PURPOSE)


def paper_text(code: str) -> str:
    """Return what a printed coupon's QR says."""
    return f"{_PAPER}:{code}:{sealing.digest(code, purpose=_PAPER_PURPOSE)[:_TAG]}"


def read_paper(text: str) -> str | None:
    """Return the code of a printed coupon's QR; None when we did not sign it."""
    head, _, tag = text.strip().rpartition(":")
    prefix, _, written = head.rpartition(":")
    if prefix != _PAPER or len(written) != LENGTH or not tag.isascii():
        return None
    code = read(written)
    if code is None:
        return None
    signed = [each[:_TAG] for each in sealing.digests(code, purpose=_PAPER_PURPOSE)]
    return code if any(hmac.compare_digest(tag, each) for each in signed) else None


def _of_number(number: int) -> str:
    values = [number >> 5 * place & 31 for place in range(LENGTH - 1)]
    return "".join(ALPHABET[value] for value in [*values, _check(values)])


def _check(values: list[int]) -> int:
    check = 0
    for weighed, value in zip(_WEIGHED, values, strict=True):
        check ^= weighed[value]
    return check
