"""How mail leaves: SMTP, or a folder of files where the demo and the tests read it."""

from __future__ import annotations

import smtplib
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

from marketplace.core.settings import Settings

_TIMEOUT_SECONDS: Final = 10


class Unreachable(Exception):
    """The mail server does not take the message now."""


class Transport(Protocol):
    """Takes a finished message."""

    def send(self, message: EmailMessage) -> None:
        """
        Hand the message over.

        :raises Unreachable:
        """


@dataclass(frozen=True)
class Smtp:
    """A mail server, named by `smtp://` or `smtps://` with optional user and password."""

    host: str
    port: int
    user: str | None
    password: str | None
    encrypted: bool

    def send(self, message: EmailMessage) -> None:
        """
        Hand the message to the server.

        :raises Unreachable:
        """
        connect = smtplib.SMTP_SSL if self.encrypted else smtplib.SMTP
        try:
            with connect(self.host, self.port, timeout=_TIMEOUT_SECONDS) as server:
                if self.user is not None:
                    server.login(self.user, self.password or "")
                server.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            raise Unreachable(type(error).__name__) from error


@dataclass(frozen=True)
class Folder:
    """A folder of `.eml` files, named by message id: the same message twice is one file."""

    path: Path

    def send(self, message: EmailMessage) -> None:
        """
        Write the message into the folder.

        :raises Unreachable:
        """
        name = str(message["Message-ID"]).strip("<>").split("@")[0]
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            (self.path / f"{name}.eml").write_bytes(message.as_bytes())
        except OSError as error:
            raise Unreachable(type(error).__name__) from error

    def newest(self, limit: int = 50) -> list[EmailMessage]:
        """Return the newest messages first."""
        if not self.path.is_dir():
            return []
        files = sorted(
            self.path.glob("*.eml"), key=lambda file: file.stat().st_mtime_ns, reverse=True
        )
        return [
            message_from_bytes(file.read_bytes(), policy=policy.default) for file in files[:limit]
        ]


def transport_of(settings: Settings) -> Smtp | Folder:
    """Return the way the settings name; a folder in the data directory by default."""
    if settings.mail_url is None:
        return Folder(settings.data_dir / "mail")
    url = urlsplit(settings.mail_url)
    if url.scheme == "file":
        return Folder(Path(unquote(url.path)))
    encrypted = url.scheme == "smtps"
    return Smtp(
        host=url.hostname or "localhost",
        port=url.port or (465 if encrypted else 25),
        user=unquote(url.username) if url.username else None,
        password=unquote(url.password) if url.password else None,
        encrypted=encrypted,
    )
