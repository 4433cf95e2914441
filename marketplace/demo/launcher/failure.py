"""Why an embedded server did not start."""

from __future__ import annotations


class ServerFailed(RuntimeError):
    """Raised when a server cannot be found, started or reached; the message says what to do."""
