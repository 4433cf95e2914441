"""A browser without a browser, that refuses to look at broken HTML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

import html5lib
from flask import Flask
from html5lib.html5parser import ParseError
from werkzeug.test import TestResponse

from marketplace.accounts import sign_in
from marketplace.accounts.models import Person
from marketplace.core import clock
from marketplace.core.db import transaction

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


def check_html(response: TestResponse) -> None:
    """Fail when a page is not well-formed HTML."""
    if response.mimetype != "text/html" or not response.data:
        return
    text = response.get_data(as_text=True)
    parser = html5lib.HTMLParser(strict=True)
    try:
        if text.lstrip().lower().startswith("<!doctype"):
            parser.parse(text)
        else:
            parser.parseFragment(text)
    except ParseError as error:
        raise AssertionError(f"{response.request.path}: {error}: {parser.errors[-1:]}") from error


class Visitor:
    """Somebody at a browser: keeps cookies, sends forms the way pages do."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.client = app.test_client()

    def get(self, path: str, **options: object) -> TestResponse:
        """Open a page."""
        return self.request("GET", path, **options)

    def post(
        self, path: str, form: Mapping[str, object] | None = None, **options: object
    ) -> TestResponse:
        """Send a form, with this browser's CSRF token."""
        return self.request(
            "POST", path, data={"csrf_token": self.csrf_token(), **(form or {})}, **options
        )

    def request(self, method: str, path: str, **options: object) -> TestResponse:
        """Send anything at all and check what comes back."""
        # The test's own application context is not the request's: nothing in `g` may linger.
        with self.app.app_context():
            response = self.client.open(path, method=method, buffered=True, **options)  # type: ignore[arg-type]
        check_html(response)
        return response

    def csrf_token(self) -> str:
        """Read the token from a page that asks nothing of the database."""
        found = _TOKEN.search(self.get("/password/reset").get_data(as_text=True))
        assert found is not None
        return found.group(1)

    def enter(
        self, person: Person, *, second_factor: bool = False, at: datetime | None = None
    ) -> Visitor:
        """Sign in without typing a password."""
        now = at or clock.now()
        with transaction():
            token, version = sign_in.start(person_id=person.id, at=now)
        with self.client.session_transaction() as session:
            session.clear()
            session.update(
                _user_id=str(person.id),
                token=token,
                version=version,
                seen_at=int(now.timestamp()),
                second_factor=second_factor,
            )
        return self

    def is_signed_in(self) -> bool:
        """Tell whether the member's page opens."""
        return self.get("/my/consents").status_code == 200
