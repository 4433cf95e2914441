"""Waybill numbers as carriers write them: tidied, and refused when they cannot be one."""

from __future__ import annotations

import re
from typing import Final

from marketplace.core.errors import InvalidInput
from marketplace.orders.carriers import CarrierRow

_DASHES: Final = re.compile(r"[\s\-\u2010-\u2015\u2212'._]+")
_EXPONENT: Final = re.compile(r"[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+")
_USUAL: Final = re.compile(r"[0-9]{9,14}")
_LOTTE: Final = "HYUNDAI"
_LOTTE_DIGITS: Final = 12


class WaybillInvalid(InvalidInput):
    """No carrier writes such a number."""

    message = "{text}"
    field = "waybill"


def normalise(typed: str, carrier: CarrierRow) -> str:
    """
    Return a waybill number as its carrier knows it: digits without hyphens.

    :raises WaybillInvalid:
    """
    written = typed.strip()
    if not written:
        raise WaybillInvalid(text="운송장 번호를 적어 주세요.")
    if _EXPONENT.fullmatch(written):
        raise WaybillInvalid(
            text=f"엑셀이 번호를 {written[:20]}로 줄였습니다. "
            "그 칸의 서식을 '텍스트'로 바꾸고 번호를 다시 적어 주세요."
        )
    number = _DASHES.sub("", written)
    if not (number.isascii() and number.isdigit()):
        raise WaybillInvalid(text="운송장 번호는 숫자만 적어 주세요.")
    if not (re.compile(carrier.number_pattern) if carrier.number_pattern else _USUAL).fullmatch(
        number
    ):
        raise WaybillInvalid(
            text=f"{carrier.name} 운송장 번호가 아닙니다({len(number)}자리). 번호를 확인해 주세요."
        )
    if carrier.code == _LOTTE and len(number) == _LOTTE_DIGITS and not _proves_itself(number):
        raise WaybillInvalid(text=f"{carrier.name} 운송장 번호의 마지막 숫자가 맞지 않습니다.")
    if set(number) == {"0"}:
        raise WaybillInvalid(text="운송장 번호를 확인해 주세요.")
    return number


def _proves_itself(number: str) -> bool:
    return int(number[:-1]) % 7 == int(number[-1])
