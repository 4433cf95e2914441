"""The shape of what a message says, for the modules that load it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


class Unknown(LookupError):
    """There is no such kind of message."""


class NothingToSay(Exception):
    """What the message was about is gone: a used link, a coupon given back."""


@dataclass(frozen=True)
class Facts:
    """
    One message's facts.

    `address` is None for a notice without a mail, `notice` None for a mail without a notice.
    """

    person_id: int | None
    address: str | None
    subject: str
    link: str
    notice: str | None = None
    # Where a text goes; the person's own telephone when it is None.
    phone: str | None = None
    values: Mapping[str, object] = field(default_factory=dict)


# From what the outbox kept to what the message says.
Loader = Callable[[Mapping[str, object]], Facts]


def id_of(given: Mapping[str, object], name: str) -> int:
    """Return an id the outbox kept."""
    return int(str(given[name]))
