"""
Advertising as the law means it (정보통신망법 §50): with consent, never at night, with a way out.

The way out needs no sign-in: whoever reads the mail may end the mails.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Final

from sqlalchemy import select

from marketplace.accounts.models import Consent, ConsentKind
from marketplace.core import outbox, sealing
from marketplace.core.calendar import SEOUL, day_in_seoul
from marketplace.core.db import db
from marketplace.notifications import catalogue

KINDS: Final = frozenset(kind for kind, entry in catalogue.ENTRIES.items() if entry.is_advertising)
_FROM: Final = time(8)
_UNTIL: Final = time(21)
_PURPOSE: Final = "opt out of advertising"


def must_wait(kind: str, at: datetime) -> bool:
    """Tell whether a message is advertising and it is night (21:00 to 08:00)."""
    return kind in KINDS and not _FROM <= at.astimezone(SEOUL).time() < _UNTIL


def put_off(*, key: str, kind: str, given: Mapping[str, object], at: datetime) -> None:
    """Ask for a message again in the morning."""
    morning = _next_morning(at)
    outbox.enqueue(
        "notifications.deliver",
        {**given, "kind": kind},
        key=f"{key}@{morning.isoformat()}",
        run_after=morning,
    )


def may_mail(kind: str, person_id: int | None, at: datetime) -> bool:
    """Tell whether a message may be mailed: advertising only with a consent not two years old."""
    if kind not in KINDS:
        return True
    standing = select(Consent.id).where(
        Consent.person_id == person_id,
        Consent.kind == ConsentKind.MARKETING_EMAIL,
        Consent.withdrawn_at.is_(None),
        Consent.reconfirm_on > day_in_seoul(at),
    )
    return db.session.scalar(standing) is not None


def opt_out_path(person_id: int) -> str:
    """Return where a person ends mailed advertising without signing in."""
    return f"/opt-out/{person_id}.{sealing.digest(str(person_id), purpose=_PURPOSE)}"


def find_person(token: str) -> int | None:
    """Return whose way out this is, or None when nobody's."""
    number, _, digest = token.partition(".")
    if not (number.isascii() and number.isdecimal()):
        return None
    known = sealing.digests(number, purpose=_PURPOSE)
    is_ours = any(hmac.compare_digest(digest.encode(), each.encode()) for each in known)
    return int(number) if is_ours else None


def _next_morning(at: datetime) -> datetime:
    local = at.astimezone(SEOUL)
    day = local.date() + timedelta(days=local.time() >= _UNTIL)
    return datetime.combine(day, _FROM, SEOUL)
