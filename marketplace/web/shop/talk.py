"""What the pages of reviews and questions share: who reads, and where a list went on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from flask_login import current_user

from marketplace.accounts.roles import Role
from marketplace.enterprises.members import MemberRole
from marketplace.reviews.queries import Cursor, Reader

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
# Numbers any longer are no place in our lists, and no column could hold them.
_LONGEST: Final = 18


def reader_of(enterprise_id: int) -> Reader:
    """Return the viewer as a reader of an enterprise's questions."""
    if not current_user.is_authenticated:
        return Reader()
    works_there = any(
        each.enterprise_id == enterprise_id and each.role is not MemberRole.CASHIER
        for each in current_user.memberships
    )
    is_office = bool({Role.OPERATOR, Role.AUDITOR} & current_user.roles)
    return Reader(
        person_id=current_user.person_id,
        reads_secrets=(works_there or is_office) and not current_user.needs_second_factor,
    )


def write_cursor(at: datetime, row_id: int) -> str:
    """Return the place after a row as an address carries it."""
    return f"{(at - _EPOCH) // _MICROSECOND}-{row_id}"


def read_cursor(typed: str | None) -> Cursor | None:
    """Read a place of a list; what is none begins at the start."""
    when, _, row_id = (typed or "").partition("-")
    if not (_is_number(when) and _is_number(row_id)):
        return None
    try:
        return Cursor(at=_EPOCH + int(when) * _MICROSECOND, id=int(row_id))
    except OverflowError:
        return None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _LONGEST
