"""A web server inside the test process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from marketplace.demo.launcher.processes import free_port


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
        address.hostname or "", address.port or 0, app, threaded=True, request_handler=_Quiet
    )
    thread = threading.Thread(target=server.serve_forever, name="live-server", daemon=True)
    thread.start()
    try:
        yield LiveServer(app=app, url=at)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
