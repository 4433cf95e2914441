"""Personal data as lists, logs and receipts may show it (korea.md §7.4)."""

from __future__ import annotations

import re
from typing import Final

HIDDEN: Final = "*"
_COMPOUND_SURNAMES: Final = ("남궁", "황보", "제갈", "사공", "선우", "서문", "독고", "동방")
_ROAD: Final = re.compile(r"^(.*?(?:[가-힣0-9·]+(?:로|길)|[가-힣0-9·]+(?:동|읍|면|리)))(?=\s|\d|$)")
_EMAIL: Final = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE: Final = re.compile(r"(?<!\d)(01[016789])[-. ]?(\d{3,4})[-. ]?(\d{4})(?!\d)")
_LONG_NUMBER: Final = re.compile(r"(?<![\w-])(?:\d[ -]?){12,18}\d(?![\w-])")
_RESIDENT: Final = re.compile(r"(?<!\d)\d{6}[- ]?[1-8]\d{6}(?!\d)")
_SECRET: Final = re.compile(
    r"(?i)\b(?:sk|rk|whsec)_[a-z0-9_]{8,}|(?<=_secret_)\w+|(?<=password=)[^&\s]+|(?<=token=)[^&\s]+"
)


def name(full: str) -> str:
    """Hide a person's name: 홍*동, 홍*, 남궁**; the first four letters of a Latin name stay."""
    if not full:
        return ""
    if full.isascii():
        return full[:4] + HIDDEN * max(1, len(full) - 4)
    if len(full) == 1:
        return HIDDEN
    if len(full) == 2:
        return full[0] + HIDDEN
    if len(full) == 3 and not full.startswith(_COMPOUND_SURNAMES):
        return full[0] + HIDDEN + full[2]
    shown = len(full) - 2 if len(full) > 3 else 2
    return full[:shown] + HIDDEN * (len(full) - shown)


def phone(digits: str) -> str:
    """Hide the middle of a telephone number: 010-****-5678."""
    plain = re.sub(r"\D", "", digits)
    if len(plain) < 8:
        return HIDDEN * len(plain)
    head = 2 if plain.startswith("02") else 3
    return f"{plain[:head]}-{HIDDEN * (len(plain) - head - 4)}-{plain[-4:]}"


def email(address: str) -> str:
    """Hide the name before the @: ab*****@domain."""
    local, at, domain = address.rpartition("@")
    if not at:
        return HIDDEN * len(address)
    shown = min(2, len(local) - 1)
    return f"{local[:shown]}{HIDDEN * (len(local) - shown)}@{domain}"


def address(road: str) -> str:
    """Hide an address behind its road or dong."""
    found = _ROAD.match(road.strip())
    return f"{found.group(1)} ***" if found else "***"


def account_number(digits: str) -> str:
    """Hide the middle of a bank account number; its first and last four stay."""
    plain = re.sub(r"\D", "", digits)
    if len(plain) <= 8:
        return HIDDEN * max(0, len(plain) - 4) + plain[-4:]
    return plain[:4] + HIDDEN * (len(plain) - 8) + plain[-4:]


def login(identifier: str) -> str:
    """Hide a user name behind its first three letters."""
    return identifier[:3] + HIDDEN * 3


def coupon_code(code: str) -> str:
    """Hide the last four of a coupon code."""
    return code[:-4] + HIDDEN * min(4, len(code))


def text(written: str) -> str:
    """Hide what looks like personal data or a secret in free text, such as a log line."""
    hidden = _SECRET.sub("***", written)
    hidden = _EMAIL.sub(lambda found: email(found.group()), hidden)
    hidden = _RESIDENT.sub("******-*******", hidden)
    hidden = _PHONE.sub(lambda found: phone(found.group()), hidden)
    return _LONG_NUMBER.sub(_unless_card, hidden)


def _unless_card(found: re.Match[str]) -> str:
    # Order numbers are long too, but a card number passes Luhn's test.
    digits = [int(sign) for sign in found.group() if sign.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return found.group() if (sum(digits[-1::-2]) + sum(doubled)) % 10 else "****"
