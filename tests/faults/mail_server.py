"""A mail server of our own that may be away, answer in time, or take a mail and say nothing."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast


@dataclass
class Mailbox:
    """What a server was given, and whether it says that it took it."""

    port: int = 0
    drops_answer: bool = False
    taken: list[EmailMessage] = field(default_factory=list)


class _Conversation(socketserver.StreamRequestHandler):
    """Just enough SMTP for one mail."""

    def handle(self) -> None:
        """Talk to one client until it leaves or we hang up."""
        box = cast("_Server", self.server).box
        self._say("220 ready")
        while line := self.rfile.readline():
            word = line.strip().upper()
            if word == b"DATA":
                self._say("354 go on")
                box.taken.append(self._read_mail())
                if box.drops_answer:
                    return
            if word == b"QUIT":
                self._say("221 bye")
                return
            self._say("250 ok")

    def _read_mail(self) -> EmailMessage:
        lines: list[bytes] = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line)
        return cast(EmailMessage, message_from_bytes(b"".join(lines), policy=policy.default))

    def _say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, box: Mailbox) -> None:
        super().__init__(("127.0.0.1", box.port), _Conversation)
        self.box = box
        box.port = self.server_address[1]


@contextmanager
def standing(box: Mailbox) -> Iterator[Mailbox]:
    """Let the server of a mailbox listen."""
    with _Server(box) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield box
        finally:
            server.shutdown()
            thread.join()
