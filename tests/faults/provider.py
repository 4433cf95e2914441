"""A fake Stripe that can be gone altogether, and what else goes wrong with it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from werkzeug.serving import BaseWSGIServer, make_server

from marketplace.demo.fake_stripe.server import Handler
from marketplace.demo.launcher.processes import free_port
from tests.bed.stripe import FakeStripe

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

FAULTS = ("down", "error", "hang", "drop")
# A buyer waits ten seconds for a provider that hangs; a test does not.
READ_SECONDS = 1.5
_FOR_EVER = 1_000_000


class Provider:
    """The provider at an address of its own, there or not there."""

    def __init__(self, stripe: FakeStripe) -> None:
        self.stripe = stripe
        self._port = free_port()
        self._server: BaseWSGIServer | None = None
        self._answering = 0
        self._changed = threading.Condition()

    @property
    def url(self) -> str:
        """Where it is when it is there."""
        return f"http://127.0.0.1:{self._port}"

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer, unless a kept connection outlived us."""
        if self._server is None:
            connection: socket.socket = environ["werkzeug.socket"]
            connection.shutdown(socket.SHUT_RDWR)
            start_response("503 Gone", [])
            return []
        with self._count():
            return self.stripe(environ, start_response)

    def appear(self) -> None:
        """Take connections."""
        self._server = make_server(
            "127.0.0.1", self._port, self, threaded=True, request_handler=Handler
        )
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def vanish(self) -> None:
        """Take no connections and cut those there are."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def break_down(self, fault: str) -> None:
        """Let every call fail in one way until `recover`."""
        match fault:
            case "down":
                self.vanish()
            case "error":
                self.stripe.turn(fail_next=_FOR_EVER, fail_status=500)
            case "hang":
                self.stripe.turn(hang_next=_FOR_EVER, hang_seconds=2 * READ_SECONDS)
            case "drop":
                self.stripe.turn(drop_response_next=_FOR_EVER)
            case _:
                raise ValueError(fault)

    def recover(self) -> None:
        """Let every call succeed again, once those that hang have ended."""
        if self._server is None:
            self.appear()
        self.stripe.turn(fail_next=0, hang_next=0, drop_response_next=0)
        with self._changed:
            assert self._changed.wait_for(lambda: not self._answering, timeout=30)

    @contextmanager
    def _count(self) -> Iterator[None]:
        with self._changed:
            self._answering += 1
        try:
            yield
        finally:
            with self._changed:
                self._answering -= 1
                self._changed.notify_all()


@contextmanager
def standing(stripe: FakeStripe) -> Iterator[Provider]:
    """Serve a fake at an address of its own."""
    provider = Provider(stripe)
    provider.appear()
    try:
        yield provider
    finally:
        provider.vanish()
