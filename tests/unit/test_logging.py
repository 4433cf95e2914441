"""Logs are one line per event and name nobody."""

from __future__ import annotations

import json
import logging
import sys

from marketplace.core import logging as core_logging


def _record(message: str, *args: object, **extra: object) -> logging.LogRecord:
    record = logging.LogRecord("senaru.test", logging.INFO, __file__, 1, message, args, None)
    record.__dict__.update(extra)
    return record


class TestJsonFormatter:
    def test_writes_one_line_with_the_request(self) -> None:
        token = core_logging.request_id.set("req-1")
        try:
            line = core_logging.JsonFormatter().format(_record("두 줄\n입니다", ms=12))
        finally:
            core_logging.request_id.reset(token)

        assert "\n" not in line
        written = json.loads(line)
        assert written["message"] == "두 줄\n입니다"
        assert (written["request_id"], written["ms"], written["level"]) == ("req-1", 12, "info")

    def test_hides_personal_data_also_in_tracebacks(self) -> None:
        record = _record("mail to %s", "hong@example.com", phone="010-1234-5678")
        try:
            raise ValueError("card 4242424242424242")
        except ValueError:
            record.exc_info = sys.exc_info()

        line = core_logging.JsonFormatter().format(record)

        assert "hong@example.com" not in line
        assert "010-1234-5678" not in line
        assert "4242424242424242" not in line
        assert "ValueError" in line


class TestTextFormatter:
    def test_escapes_line_breaks_somebody_typed(self) -> None:
        line = core_logging.TextFormatter().format(_record("name=%s", "a\r\nerror forged\u2028"))

        assert line.splitlines() == [line]
        assert "\\x0d\\x0aerror forged" in line


def test_configure_replaces_its_own_handler_and_no_other() -> None:
    root = logging.getLogger()
    before = [handler for handler in root.handlers if handler.get_name() != "senaru"]

    core_logging.configure("json")
    core_logging.configure("text")

    own = [handler for handler in root.handlers if handler.get_name() == "senaru"]
    assert len(own) == 1
    assert isinstance(own[0].formatter, core_logging.TextFormatter)
    assert [handler for handler in root.handlers if handler.get_name() != "senaru"] == before
