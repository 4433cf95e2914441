"""Serve the fake over HTTP."""

from __future__ import annotations

import logging

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server


class Handler(WSGIRequestHandler):
    """One connection, kept alive; without a line of log per request."""

    protocol_version = "HTTP/1.1"
    # The header and the body are two writes; Nagle would hold the second for 40 ms.
    disable_nagle_algorithm = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Stay silent."""


def build_server(app: Flask, *, host: str, port: int) -> BaseWSGIServer:
    """Return a threaded server, bound and ready; port 0 takes a free one."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    return make_server(host, port, app, threaded=True, request_handler=Handler)
