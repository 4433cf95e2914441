"""HTTP/1.1 over one kept-alive socket: as little work as possible, for the cores are shared."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Final
from urllib.parse import urlencode, urlsplit

_PATIENCE: Final = 30.0
_CHUNK: Final = 262_144


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """Return a header, or nothing."""
        return next((value for key, value in self.headers if key == name), "")


def cookies_of(reply: Reply) -> dict[str, str]:
    """Return the cookies an answer sets."""
    given = (SimpleCookie(value) for name, value in reply.headers if name == "set-cookie")
    return {morsel.key: morsel.value for jar in given for morsel in jar.values()}


class Connection:
    """One connection to `http://host:port`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "", parts.port or 80)
        self._host = parts.netloc
        self._socket: socket.socket | None = None

    def ask(
        self,
        target: str,
        *,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """
        Send a GET, or a POST when there is a form, and read the answer.

        :raises OSError: the connection broke
        """
        lines = [f"{'GET' if form is None else 'POST'} {target} HTTP/1.1", f"Host: {self._host}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        body = b"" if form is None else urlencode(form).encode()
        if form is not None:
            lines.append("Content-Type: application/x-www-form-urlencoded")
            lines.append(f"Content-Length: {len(body)}")
        try:
            return self._exchange("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _exchange(self, message: bytes) -> Reply:
        if self._socket is None:
            self._socket = socket.create_connection(self._address, timeout=_PATIENCE)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(message)
        received = bytearray()
        while (end := received.find(b"\r\n\r\n")) < 0:
            self._read_into(received)
        first, *rest = received[:end].decode("latin-1").split("\r\n")
        headers = tuple(_split(line) for line in rest)
        reply = Reply(int(first.split(" ", 2)[1]), headers, b"")
        length = int(reply.header("content-length") or 0)
        if reply.header("transfer-encoding"):
            raise OSError("an answer in chunks, which nobody here sends")
        while len(received) < end + 4 + length:
            self._read_into(received)
        if reply.header("connection").lower() == "close":
            self.close()
        return Reply(reply.status, headers, bytes(received[end + 4 :]))

    def _read_into(self, received: bytearray) -> None:
        if self._socket is None:
            raise OSError("not connected")
        chunk = self._socket.recv(_CHUNK)
        if not chunk:
            raise OSError("the server hung up")
        received += chunk


def _split(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.lower(), value.strip()
