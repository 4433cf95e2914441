"""One Chromium per session; one context and its complaints per test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.bed import chromium


@contextmanager
def started() -> Iterator[Browser]:
    """
    Start Chromium.

    :raises LookupError: there is none on this machine
    """
    program = chromium.find()
    if program is None:
        raise LookupError(chromium.MISSING)
    with sync_playwright() as playwright:
        # Containers run tests as root, where Chromium's own sandbox refuses to start.
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Browser, *, base_url: str, complaints: list[str]) -> Iterator[Page]:
    """Open a page as a Korean shopper with a small screen; collect the browser's complaints."""

    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(f"{message.type}: {message.text}")

    context = browser.new_context(
        base_url=base_url,
        locale="ko-KR",
        timezone_id="Asia/Seoul",
        viewport={"width": 360, "height": 800},
    )
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(f"exception: {error}"))
    try:
        yield page
    finally:
        context.close()
