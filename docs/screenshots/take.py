"""
Take the pictures of the documents from a running demo.

`python -m docs.screenshots.take [URL]`, in a second terminal beside `make demo`. Every page is
taken on a desk and on a phone, signed in as the people the demo prints.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click
import pyotp
from playwright.sync_api import Browser, Page, sync_playwright

from marketplace.demo.district import content_people, logins
from tests.bed import chromium

FOLDER: Final = Path(__file__).resolve().parent
_SIZES: Final = {1440: 900, 390: 844}
_SEARCH: Final = "/products?q=꿀"
_A_PRODUCT: Final = "ul.grid .card .name a"
_BUY: Final = "#buy-form button[type=submit]"
_IN_CART: Final = 3


@dataclass(frozen=True)
class Shot:
    """One picture: a page by its address, or the first page a link leads to."""

    name: str
    path: str
    follow: str | None = None


_FOR_EVERYBODY: Final = (
    Shot("home", "/"),
    Shot("products", "/products"),
    Shot("search", _SEARCH),
    Shot("product", "/products?sort=popular", follow=_A_PRODUCT),
    Shot("enterprises", "/enterprises"),
    Shot("coupons", "/coupons"),
)
_FOR_A_RESIDENT: Final = (
    Shot("wallet", "/my/coupons"),
    Shot("cart", "/cart"),
    Shot("checkout", "/checkout"),
    Shot("orders", "/my/orders"),
)
_FOR_AN_OWNER: Final = (Shot("seller", "/seller"),)
_FOR_THE_OFFICE: Final = (Shot("office", "/office"),)


class WrongPage(RuntimeError):
    """The shop answered something else than the page to be taken."""


def take(page: Page, shot: Shot) -> None:
    """
    Take one page in every width.

    :raises WrongPage:
    """
    for width, height in _SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        _open(page, shot.path)
        if shot.follow is not None:
            _open(page, page.locator(shot.follow).first.get_attribute("href") or "")
        page.wait_for_load_state("networkidle")
        page.screenshot(path=FOLDER / f"{shot.name}-{width}.png", animations="disabled")
        click.echo(f"{shot.name}-{width}.png")


def _open(page: Page, path: str) -> None:
    answer = page.goto(path)
    if answer is None or not answer.ok or page.url.rpartition("/")[2].startswith("sign-in"):
        raise WrongPage(f"{path} led to {page.url}")


def _sign_in(page: Page, email: str, *, second_factor: bool) -> None:
    _open(page, "/")
    page.goto("/sign-in")
    page.locator("input[name=email]").fill(email)
    page.locator("input[name=password]").fill(logins.PASSWORD)
    page.locator("input[name=password]").press("Enter")
    if second_factor:
        code = page.locator("input[name=code]")
        code.fill(pyotp.TOTP(logins.TOTP_SECRET).now())
        code.press("Enter")
    page.wait_for_url(lambda url: "sign-in" not in url and "second-factor" not in url)


def _claim_coupons(page: Page) -> None:
    """Claim what the coupon zone offers; a second round finds nothing left to claim."""
    _open(page, "/coupons")
    offered = page.locator("form[action$='/claim'] button:enabled")
    for _ in range(offered.count()):
        if not offered.count():
            break
        offered.first.click()
        page.wait_for_load_state("networkidle")
        _open(page, "/coupons")


def _fill_cart(page: Page) -> None:
    """Put goods of several enterprises into the cart, one press each."""
    _open(page, "/products?sort=popular")
    cards = page.locator("ul.grid .card:not(.sold)")
    of_enterprise: dict[str, str] = {}
    for card in cards.all():
        address = card.locator(".name a").get_attribute("href") or ""
        of_enterprise.setdefault(card.locator(".who").inner_text(), address)
    for address in list(of_enterprise.values())[:_IN_CART]:
        _open(page, address)
        choices = page.locator("#buy-form input[type=radio]:enabled")
        if choices.count():
            choices.first.check(force=True)
        page.locator(_BUY).first.click()
        page.wait_for_load_state("networkidle")


@contextmanager
def _visitor(browser: Browser, url: str) -> Iterator[Page]:
    context = browser.new_context(base_url=url, locale="ko-KR", timezone_id="Asia/Seoul")
    context.set_default_timeout(15_000)
    try:
        yield context.new_page()
    finally:
        context.close()


def _take_all(browser: Browser, url: str) -> None:
    with _visitor(browser, url) as page:
        for shot in _FOR_EVERYBODY:
            take(page, shot)
    with _visitor(browser, url) as page:
        _sign_in(page, content_people.resident_emails()[0], second_factor=False)
        _claim_coupons(page)
        _fill_cart(page)
        for shot in _FOR_A_RESIDENT:
            take(page, shot)
    with _visitor(browser, url) as page:
        _sign_in(page, logins.owner_email(logins.CASHIER_OF), second_factor=True)
        for shot in _FOR_AN_OWNER:
            take(page, shot)
    with _visitor(browser, url) as page:
        office = next(seed for seed in content_people.staff() if seed.role == "administrator")
        _sign_in(page, office.email, second_factor=True)
        for shot in _FOR_THE_OFFICE:
            take(page, shot)


@click.command()
@click.argument("url", default="http://127.0.0.1:8000")
def main(url: str) -> None:
    """Take all pictures of the demo at URL."""
    program = chromium.find()
    if program is None:
        raise click.ClickException(chromium.MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            _take_all(browser, url)
        finally:
            browser.close()


if __name__ == "__main__":
    main()
