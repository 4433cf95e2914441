"""The demo's mailbox: what would have been mailed, for everybody to read. Closed elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import parsedate_to_datetime

from flask import Blueprint, current_app, render_template
from flask.typing import ResponseReturnValue

from marketplace.core.errors import NotFound
from marketplace.core.settings import Settings
from marketplace.notifications.transport import Folder, transport_of
from marketplace.web.guards import EVERYONE, allow

bp = Blueprint("shop_mailbox", __name__, url_prefix="/demo/mail")


@dataclass(frozen=True)
class Letter:
    """One mail; `lines` are its words, each with the page of ours it leads to, if any."""

    key: str
    subject: str
    to: str
    sent_at: datetime
    lines: tuple[tuple[str, str | None], ...]


@bp.get("")
@allow(EVERYONE)
def index() -> ResponseReturnValue:
    """List the newest mails."""
    return render_template("shop/mailbox/index.html", letters=_letters())


@bp.get("/<key>")
@allow(EVERYONE)
def show(key: str) -> ResponseReturnValue:
    """Show one mail."""
    letter = next((each for each in _letters() if each.key == key), None)
    if letter is None:
        raise NotFound
    return render_template("shop/mailbox/show.html", letter=letter)


def _letters() -> list[Letter]:
    settings: Settings = current_app.extensions["settings"]
    transport = transport_of(settings)
    if not settings.demo or not isinstance(transport, Folder):
        raise NotFound
    return [_letter(message, settings.public_url) for message in transport.newest()]


def _letter(message: EmailMessage, public_url: str) -> Letter:
    part = message.get_body(preferencelist=("plain",))
    words = part.get_content() if part is not None else ""
    return Letter(
        key=str(message["Message-ID"]).strip("<>").split("@")[0],
        subject=str(message["Subject"]),
        to=str(message["To"]),
        sent_at=parsedate_to_datetime(str(message["Date"])),
        lines=tuple((line, _path(line, public_url)) for line in words.splitlines()),
    )


def _path(line: str, public_url: str) -> str | None:
    """Return the page of ours a line names, wherever the demo is reached."""
    words = line.strip()
    return words.removeprefix(public_url) if words.startswith(f"{public_url}/") else None
