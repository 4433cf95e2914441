"""One shop and one browser window per kind of visitor, for all tests that only look around."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.bed import application, servers, web
from tests.bed.databases import Cluster
from tests.bed.stripe import FakeStripe
from tests.browser.browsing import mall as furnished
from tests.browser.browsing.mall import STRANGER, Mall


class Enter(Protocol):
    """Open a page as one kind of visitor."""

    def __call__(self, who: str = STRANGER) -> Page:
        """Return the page."""


@pytest.fixture(scope="session")
def mall(
    request: pytest.FixtureRequest,
    cluster: Cluster,
    fake_stripe_session: FakeStripe,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Mall]:
    """The furnished shop."""
    with cluster.fresh_database() as database_url:
        settings = application.settings_for(
            database_url,
            redis_url=application.empty_broker(
                servers.of(request.config).broker_url, name=database_url
            ),
            data_dir=tmp_path_factory.mktemp("mall"),
            stripe_api_base=fake_stripe_session.url,
            public_url=web.free_address(),
        )
        with furnished.opened(settings) as mall:
            yield mall


@pytest.fixture(scope="session")
def windows(chromium: Browser, mall: Mall) -> Iterator[dict[str, BrowserContext]]:
    """A window for each kind of visitor, signed in where they are."""
    opened: dict[str, BrowserContext] = {}
    for who in (STRANGER, *mall.sessions):
        opened[who] = chromium.new_context(
            base_url=mall.url, locale="ko-KR", viewport={"width": 360, "height": 800}
        )
        opened[who].set_default_timeout(10_000)
        if who in mall.sessions:
            opened[who].add_cookies(
                [{"name": "session", "value": mall.sessions[who], "url": mall.url}]
            )
    yield opened
    for window in opened.values():
        window.close()


@pytest.fixture
def enter(windows: dict[str, BrowserContext], complaints: list[str]) -> Iterator[Enter]:
    """Open a page as somebody; what the browser complains of is heard."""
    pages: list[Page] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(f"{message.type}: {message.text}")

    def as_somebody(who: str = STRANGER) -> Page:
        page = windows[who].new_page()
        page.on("console", hear)
        page.on("pageerror", lambda error: complaints.append(f"exception: {error}"))
        pages.append(page)
        return page

    yield as_somebody
    for page in pages:
        page.close()


@pytest.fixture
def plain(chromium: Browser, mall: Mall) -> Iterator[Page]:
    """A page of a browser without JavaScript."""
    window = chromium.new_context(
        base_url=mall.url, java_script_enabled=False, viewport={"width": 1440, "height": 900}
    )
    yield window.new_page()
    window.close()
