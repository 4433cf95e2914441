"""Korean business registration numbers (사업자등록번호) and their check digit."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from marketplace.core.errors import InvalidInput

_WEIGHTS: Final = (1, 3, 7, 1, 3, 7, 1, 3, 5)
_SEPARATORS = re.compile(r"[\s\-\u2010-\u2015\u2212]")
_DIGITS = re.compile(r"\d{10}", re.ASCII)
_LENGTH: Final = 10
_FIRST_TAX_OFFICE: Final = "101"


class BusinessNumberRefused(InvalidInput):
    """What was typed is not a business registration number."""

    message = "사업자등록번호를 확인해 주세요."
    field = "business_number"
    reason = ""


class WrongLength(BusinessNumberRefused):
    """There are not ten characters."""

    message = "사업자등록번호는 10자리입니다."
    reason = "length"


class NotDigits(BusinessNumberRefused):
    """There is something other than digits."""

    message = "사업자등록번호는 숫자만 쓸 수 있습니다."
    reason = "format"


class ImpossiblePart(BusinessNumberRefused):
    """The tax office, the kind of business or the serial number does not exist."""

    message = "없는 세무서 번호나 일련번호입니다."
    reason = "component"


class WrongCheckDigit(BusinessNumberRefused):
    """The last digit does not follow from the others: most likely a typing error."""

    message = "사업자등록번호의 검증 숫자가 맞지 않습니다."
    reason = "checksum"


def normalize(number: str) -> str:
    """
    Return the ten digits of a business registration number.

    :raises WrongLength, NotDigits, ImpossiblePart, WrongCheckDigit:
    """
    digits = _SEPARATORS.sub("", unicodedata.normalize("NFKC", number))
    if len(digits) != _LENGTH:
        raise WrongLength
    if not _DIGITS.fullmatch(digits):
        raise NotDigits
    if digits[:3] < _FIRST_TAX_OFFICE or digits[3:5] == "00" or digits[5:9] == "0000":
        raise ImpossiblePart
    if int(digits[9]) != check_digit(digits[:9]):
        raise WrongCheckDigit
    return digits


def format_number(digits: str) -> str:
    """Write ten digits the way certificates do: 123-45-67890."""
    return f"{digits[:3]}-{digits[3:5]}-{digits[5:]}"


def check_digit(first_nine: str) -> int:
    """Return the tenth digit that belongs to the first nine."""
    digits = [int(digit) for digit in first_nine]
    weighed = sum(digit * weight for digit, weight in zip(digits, _WEIGHTS, strict=True))
    return -(weighed + digits[-1] * _WEIGHTS[-1] // 10) % 10
