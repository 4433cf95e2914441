"""A web server inside the test process."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from marketplace.demo.launcher.processes import free_port

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class _Closing:
    """
    Answers of an application that end even when the visitor breaks off.

    Werkzeug's server leaves an answer unclosed, and a static file open, when reading on from a
    visitor who has gone fails.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer = self._app(environ, start_response)
        try:
            yield from answer
        finally:
            close = getattr(answer, "close", None)
            if close is not None:
                close()


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002
        """Say nothing: the test's own assertions speak."""


@dataclass(frozen=True)
class LiveServer:
    """A server with real sockets and threads, and the application behind it."""

    app: Flask
    url: str


def free_address() -> str:
    """An address of this machine nobody serves yet."""
    return f"http://127.0.0.1:{free_port()}"


@contextmanager
def serve(app: Flask, *, at: str) -> Iterator[LiveServer]:
    """Serve an application at an address of this machine, in threads of this process."""
    address = urlsplit(at)
    server = make_server(
        address.hostname or "",
        address.port or 0,
        _Closing(app),
        threaded=True,
        request_handler=_Quiet,
    )
    thread = threading.Thread(target=server.serve_forever, name="live-server", daemon=True)
    thread.start()
    try:
        yield LiveServer(app=app, url=at)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
