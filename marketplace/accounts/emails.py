"""E-mail addresses: what may be one, and when two are one person's."""

from __future__ import annotations

import unicodedata
from typing import Final

from email_validator import EmailNotValidError, validate_email

from marketplace.core.errors import InvalidInput

LONGEST: Final = 254


class EmailInvalid(InvalidInput):
    """It is no e-mail address."""

    message = "이메일 주소를 name@example.com처럼 적어 주세요."
    field = "email"


def clean(written: str) -> str:
    """
    Return the address as mail is sent to it.

    :raises EmailInvalid:
    """
    try:
        found = validate_email(_plain(written), check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise EmailInvalid from error
    if len(found.normalized) > LONGEST:
        raise EmailInvalid
    return found.normalized


def key(written: str) -> str:
    """Return what two spellings of one person's address share; anything has a key."""
    local, at, domain = _plain(written).casefold().rpartition("@")
    # A tag sorts one person's mail; it makes no second person.
    return f"{local.split('+', 1)[0]}{at}{domain}"


def _plain(written: str) -> str:
    visible = (
        sign
        for sign in unicodedata.normalize("NFKC", written)
        if unicodedata.category(sign) not in ("Cf", "Cc")
    )
    return "".join(visible).strip()
