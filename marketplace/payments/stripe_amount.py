"""Amounts as Stripe's API counts them: in the currency's smallest unit."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Final

from marketplace.core.errors import InvalidInput
from marketplace.core.money import round_half_up

ZERO_DECIMAL: Final = (
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA",
    "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF",
)  # fmt: skip
THREE_DECIMAL: Final = ("BHD", "JOD", "KWD", "OMR", "TND")
# Without decimals in the world, but Stripe still counts it in hundredths.
WHOLE_IN_HUNDREDTHS: Final = ("ISK",)

_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_AMOUNT = re.compile(r"\d{1,15}(\.\d{1,15})?", re.ASCII)


class NotAnAmount(InvalidInput):
    """The amount or the currency cannot be sent to Stripe."""

    message = "결제 금액을 확인해 주세요: {currency} {amount} ({problem})"


def minor_units(currency: str, amount: str) -> int:
    """
    Return a decimal amount in the unit Stripe charges.

    :raises NotAnAmount:
    """
    code = currency.upper()
    if not _CURRENCY.fullmatch(code):
        raise NotAnAmount(currency=currency, amount=amount, problem="통화 코드가 아님")
    if not _AMOUNT.fullmatch(amount):
        raise NotAnAmount(currency=currency, amount=amount, problem="0 이상의 금액이 아님")
    decimals, factor = _precision(code)
    exact = Decimal(amount)
    if exact != exact.quantize(Decimal(1).scaleb(-decimals)):
        raise NotAnAmount(currency=code, amount=amount, problem=f"소수점 아래 {decimals}자리까지")
    minor = int(exact * factor)
    if code in THREE_DECIMAL:
        # Stripe wants the last of the three decimals to be 0.
        return round_half_up(Fraction(minor, 10)) * 10
    return minor


def _precision(code: str) -> tuple[int, int]:
    if code in ZERO_DECIMAL:
        return 0, 1
    if code in WHOLE_IN_HUNDREDTHS:
        return 0, 100
    if code in THREE_DECIMAL:
        return 3, 1000
    return 2, 100
