"""One line per event, as JSON, without personal data."""

from __future__ import annotations

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Final

from marketplace.core import masking

# Set by whoever starts a piece of work: the web per request, a worker per job.
request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

_OWN: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
# Kept: one is made anew for each call with such arguments otherwise.
_JSON: Final = json.JSONEncoder(ensure_ascii=False, default=str)
_CONTROLS: Final = {code: f"\\x{code:02x}" for code in (*range(32), 127, 0x85, 0x2028, 0x2029)}


class JsonFormatter(logging.Formatter):
    """Write a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": masking.text(record.getMessage()),
            "request_id": request_id.get(),
        }
        line.update(
            (name, masking.text(value) if isinstance(value, str) else value)
            for name, value in record.__dict__.items()
            if name not in _OWN
        )
        if record.exc_info:
            line["exception"] = masking.text(self.formatException(record.exc_info))
        return _JSON.encode(line)


class TextFormatter(logging.Formatter):
    """Write a record as one readable line; a traceback follows on its own lines."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        # A line break typed by somebody must not look like a second event.
        said = masking.text(record.getMessage()).translate(_CONTROLS)
        line = f"{record.levelname.lower():<8}{record.name}: {said}"
        if record.exc_info:
            line += "\n" + masking.text(self.formatException(record.exc_info))
        return line


def configure(log_format: str) -> None:
    """Send every log to standard error, as `json` or `text`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    handler.set_name("senaru")
    root = logging.getLogger()
    for earlier in [each for each in root.handlers if each.get_name() == "senaru"]:
        root.removeHandler(earlier)
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    # Their lines carry addresses with tokens in them.
    for noisy in ("werkzeug", "httpx", "urllib3", "stripe"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
