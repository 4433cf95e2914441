"""Run the fake from the command line."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

from marketplace.demo.fake_stripe.app import create_fake_stripe
from marketplace.demo.fake_stripe.server import build_server


def main() -> int:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="fake-stripe", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--webhook-url")
    parser.add_argument(
        "--webhook-secret",
        default=os.environ.get("STRIPE_WEBHOOK_SECRET"),
        help="the default is STRIPE_WEBHOOK_SECRET, which keeps it off the process list",
    )
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument(
        "--public-url", help="how browsers reach this server, when the shop uses another address"
    )
    parser.add_argument(
        "--enabled-events",
        default="",
        help="the kinds the webhook's endpoint subscribes to, by commas; the default is all",
    )
    options = parser.parse_args()
    if options.webhook_url and not options.webhook_secret:
        parser.error("--webhook-secret or STRIPE_WEBHOOK_SECRET is required with --webhook-url")

    app = create_fake_stripe(
        options.webhook_url,
        options.webhook_secret or "",
        data_dir=options.data_dir,
        public_url=options.public_url,
        subscribed=[kind for kind in options.enabled_events.split(",") if kind],
    )
    server = build_server(app, host=options.host, port=options.port)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        return 0
    finally:
        server.server_close()
        app.extensions["fake_stripe"].close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
