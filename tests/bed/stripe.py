"""A fake Stripe inside the test process, new for every test at an address that stays."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.serving import make_server

from marketplace.demo.fake_stripe.app import create_fake_stripe
from marketplace.demo.fake_stripe.server import Handler
from marketplace.demo.fake_stripe.service import Fake

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_PATIENCE = 30.0


class FakeStripe:
    """The handle a test holds: where the fake is, what it remembers, what goes wrong there."""

    def __init__(self, webhook_secret: str) -> None:
        self.url = ""
        self._secret = webhook_secret
        self.app: Flask = create_fake_stripe(None, webhook_secret, data_dir=None)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer with the fake of the present test."""
        return self.app(environ, start_response)

    @property
    def fake(self) -> Fake:
        """The parts of the present fake."""
        fake: Fake = self.app.extensions["fake_stripe"]
        return fake

    def reset(self) -> None:
        """Forget everything."""
        self.close()
        self.app = create_fake_stripe(None, self._secret, data_dir=None)

    def close(self) -> None:
        """End the threads of the present fake."""
        self.fake.close()

    def turn(self, **knobs: object) -> None:
        """Make something go wrong; the names are those of `knobs.Knobs`."""
        self.fake.panel.turn(knobs)

    def send_webhooks_to(self, url: str | None) -> None:
        """Choose who hears of events."""
        self.fake.delivery.point_at(url, self._secret)

    def wait_until_idle(self) -> None:
        """
        Wait until every webhook and refund under way is done.

        :raises TimeoutError: some are still under way
        """
        deadline = time.monotonic() + _PATIENCE
        while not self.fake.idle():
            if time.monotonic() > deadline:
                raise TimeoutError("the fake Stripe is still busy")
            time.sleep(0.01)


@contextmanager
def fake_stripe_server(*, webhook_secret: str) -> Iterator[FakeStripe]:
    """Serve fakes on a free port."""
    stripe = FakeStripe(webhook_secret)
    server = make_server("127.0.0.1", 0, stripe, threaded=True, request_handler=Handler)
    stripe.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, name="fake-stripe", daemon=True)
    thread.start()
    try:
        yield stripe
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        stripe.close()
