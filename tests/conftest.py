"""
Fixtures every test may ask for.

`app`, `isolated`, `client`: one database per worker, one rolled-back transaction per test.
`live_database`, `live_app`, `live_server`: a database of the test's own, real commits and sockets.

Fixtures import what they need when they run: a unit test waits for no application and no browser.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from playwright.sync_api import Browser, Page

    from marketplace.core.settings import Settings
    from tests.bed.databases import Cluster
    from tests.bed.stripe import FakeStripe
    from tests.bed.web import LiveServer

_BROWSER_TESTS = Path(__file__).parent / "browser"


def pytest_configure(config: pytest.Config) -> None:
    """Register our marks; start the servers before parallel workers look for them."""
    config.addinivalue_line("markers", "browser: needs Chromium")
    if config.getoption("numprocesses", default=None):
        from tests.bed import servers

        servers.of(config)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers this session started."""
    from tests.bed import servers

    servers.end(config)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lives in tests/browser."""
    for item in items:
        if item.path.is_relative_to(_BROWSER_TESTS):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Cluster:
    """The PostgreSQL of this session."""
    from tests.bed import servers
    from tests.bed.databases import Cluster

    return Cluster(servers.of(request.config).database_url)


@pytest.fixture(scope="session")
def fake_stripe_session() -> Iterator[FakeStripe]:
    """One fake Stripe address per worker; tests ask for `fake_stripe`."""
    from tests.bed import application
    from tests.bed.stripe import fake_stripe_server

    with fake_stripe_server(webhook_secret=application.STRIPE_WEBHOOK_SECRET) as stripe:
        yield stripe


@pytest.fixture
def fake_stripe(fake_stripe_session: FakeStripe) -> FakeStripe:
    """A fake Stripe that remembers nothing and has no faults."""
    fake_stripe_session.reset()
    return fake_stripe_session


@pytest.fixture(scope="session")
def settings(
    request: pytest.FixtureRequest,
    cluster: Cluster,
    fake_stripe_session: FakeStripe,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Settings]:
    """Settings on a database that lives as long as this worker."""
    from tests.bed import application, servers

    with cluster.fresh_database() as database_url:
        yield application.settings_for(
            database_url,
            redis_url=application.empty_broker(
                servers.of(request.config).broker_url, name=database_url
            ),
            data_dir=tmp_path_factory.mktemp("data"),
            stripe_api_base=fake_stripe_session.url,
            public_url="http://localhost",
        )


@pytest.fixture(scope="session")
def app(settings: Settings) -> Iterator[Flask]:
    """The application, built once per worker."""
    from tests.bed import application

    with application.running(settings) as app:
        yield app


@pytest.fixture
def isolated(app: Flask) -> Iterator[None]:
    """Run the test inside a transaction that is always rolled back."""
    from tests.bed import application

    with application.rolled_back(app):
        yield


@pytest.fixture
def client(app: Flask, isolated: None) -> FlaskClient:  # noqa: ARG001
    """A browser without a browser, inside the rolled-back transaction."""
    return app.test_client()


@pytest.fixture
def live_database(cluster: Cluster) -> Iterator[str]:
    """A migrated database of the test's own, for real commits and threads."""
    with cluster.fresh_database() as database_url:
        yield database_url


@pytest.fixture
def live_settings(
    request: pytest.FixtureRequest,
    live_database: str,
    fake_stripe: FakeStripe,
    tmp_path: Path,
) -> Settings:
    """Settings on the test's own database, with the address `live_server` will have."""
    from tests.bed import application, servers, web

    return application.settings_for(
        live_database,
        redis_url=application.empty_broker(
            servers.of(request.config).broker_url, name=live_database
        ),
        data_dir=tmp_path,
        stripe_api_base=fake_stripe.url,
        public_url=web.free_address(),
    )


@pytest.fixture
def live_app(live_settings: Settings) -> Iterator[Flask]:
    """An application whose commits are real; push its context where you need it."""
    from tests.bed import application

    with application.running(live_settings) as app:
        yield app


@pytest.fixture
def live_server(
    live_app: Flask, live_settings: Settings, fake_stripe: FakeStripe
) -> Iterator[LiveServer]:
    """The shop on a real socket, told by the fake Stripe of what happens there."""
    from tests.bed import web

    with web.serve(live_app, at=live_settings.public_url) as server:
        fake_stripe.send_webhooks_to(f"{server.url}/webhooks/stripe")
        yield server


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser per worker."""
    from tests.bed import browser

    try:
        with browser.started() as started:
            yield started
    except LookupError as error:
        pytest.fail(str(error))


@pytest.fixture
def complaints() -> list[str]:
    """What `page` heard the browser complain of: console errors and exceptions."""
    return []


@pytest.fixture
def page(chromium: Browser, live_server: LiveServer, complaints: list[str]) -> Iterator[Page]:
    """A page of the live shop, 360 px wide, in Korean."""
    from tests.bed import browser

    with browser.opened(chromium, base_url=live_server.url, complaints=complaints) as page:
        yield page
