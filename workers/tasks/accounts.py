"""Account tasks."""

from __future__ import annotations

from marketplace.accounts import mailed_links
from marketplace.accounts.mailed_links import TokenPurpose
from marketplace.core import clock
from workers.app import job


@job("accounts.mail_link")
def mail_link(*, person_id: int | None, purpose: str) -> None:
    """Mail a link to whoever the address asked for belongs to, if it belongs to anybody."""
    if person_id is not None:
        mailed_links.send(person_id=person_id, purpose=TokenPurpose(purpose), at=clock.now())
