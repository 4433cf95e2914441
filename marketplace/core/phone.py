"""One way to write a Korean telephone number."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from marketplace.core.errors import InvalidInput

_MOBILE: Final = re.compile(r"01[016789]\d{7,8}")
_ANY: Final = re.compile(r"0(?:2\d{7,8}|[3-9]\d{8,10})|1[5-9]\d{6}")


class PhoneInvalid(InvalidInput):
    """It is no Korean telephone number."""

    message = "전화번호를 010-1234-5678처럼 적어 주세요."
    field = "phone"


def normalise(written: str) -> str:
    """
    Return the digits of a telephone number, however it was written.

    :raises PhoneInvalid:
    """
    return _digits(written, _MOBILE, _ANY)


def normalise_mobile(written: str) -> str:
    """
    Return the digits of a mobile number, however it was written.

    :raises PhoneInvalid:
    """
    return _digits(written, _MOBILE)


def dashed(number: str) -> str:
    """Write a number for people: 010-1234-5678."""
    digits = re.sub(r"\D", "", number)
    if len(digits) == 8 and digits.startswith("1"):
        return f"{digits[:4]}-{digits[4:]}"
    head = 2 if digits.startswith("02") else 3
    if len(digits) < head + 7:
        return digits
    return f"{digits[:head]}-{digits[head:-4]}-{digits[-4:]}"


def _digits(written: str, *shapes: re.Pattern[str]) -> str:
    plain = "".join(
        sign
        for sign in unicodedata.normalize("NFKC", written)
        # Zero-width signs come along with a copied number.
        if unicodedata.category(sign) != "Cf"
    )
    plain = re.sub(r"[\s().\-\u2010-\u2015]", "", plain)
    plain = re.sub(r"^(?:\+|00)82(?:0)?", "0", plain)
    if not any(shape.fullmatch(plain) for shape in shapes):
        raise PhoneInvalid
    return plain
