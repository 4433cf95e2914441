"""One shopper at a browser: cookies, CSRF tokens and forms, from the cart to the paid order."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from bench.http1 import Connection, Reply, cookies_of

_INPUT: Final = re.compile(r"<input ([^>]*)>")
_ATTRIBUTE: Final = re.compile(r'([a-z-]+)(?:="([^"]*)")?')
_SHEET: Final = re.compile(r'<form [^>]*id="sheet".*?</form>', re.DOTALL)
_DONE: Final = re.compile(r"/orders/([^/]+)/done")
_SAID: Final = re.compile(r'class="(?:error|error-summary)".*?</(?:p|div)>', re.DOTALL)
_TEST_CARD: Final = "pm_card_visa"


class WayToPay(StrEnum):
    """How the shoppers of one leg pay."""

    STRIPE = "stripe"
    BANK_TRANSFER = "bank_transfer"
    INVOICE = "invoice"


class WentWrong(Exception):
    """The shop answered something no shopper hopes for."""


@dataclass(frozen=True)
class Bought:
    """One order, and how many requests it took."""

    number: str
    variant_ids: tuple[int, ...]
    requests: int


@dataclass
class Browser:
    """A browser: one kept-alive connection and a cookie jar."""

    url: str
    cookies: dict[str, str] = field(default_factory=dict)
    requests: int = 0

    def __post_init__(self) -> None:
        """Have a connection ready."""
        self._connection = Connection(self.url)

    def get(self, target: str) -> str:
        """
        Open a page.

        :raises WentWrong: it is not there
        """
        reply = self._ask(target, None)
        if reply.status != 200:
            raise WentWrong(f"GET {target}: {reply.status} {reply.header('location')}")
        return reply.body.decode()

    def post(self, target: str, form: Mapping[str, str]) -> str:
        """
        Send a form and return the path it leads to.

        :raises WentWrong: it was refused
        """
        reply = self._ask(target, form)
        if reply.status != 303:
            said = _SAID.search(reply.body.decode())
            raise WentWrong(f"POST {target}: {reply.status} {said[0] if said else ''}")
        return urlsplit(reply.header("location")).path

    def _ask(self, target: str, form: Mapping[str, str] | None) -> Reply:
        jar = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Cookie": jar} if jar else {}
        if form is not None:
            headers["Origin"] = self.url
        reply = self._connection.ask(target, form=form, headers=headers)
        self.requests += 1
        self.cookies.update(cookies_of(reply))
        return reply


def sign_in(browser: Browser, *, email: str, password: str) -> None:
    """
    Sign in the way people do.

    :raises WentWrong:
    """
    sheet = inputs(browser.get("/sign-in"))
    form = {"csrf_token": sheet["csrf_token"], "email": email, "password": password}
    landed = browser.post("/sign-in", form)
    if landed != "/":
        raise WentWrong(f"{email} signs in with a password and lands at {landed}, not at home")


def buy(
    browser: Browser, goods: Mapping[int, int], *, way: WayToPay, csrf_token: str, looks: bool
) -> Bought:
    """
    Put goods (variant → product) into the cart, order them and pay.

    With `looks` every product page and every page a form leads to is opened too.

    :raises WentWrong:
    """
    before = browser.requests
    for variant_id, product_id in goods.items():
        if looks:
            browser.get(f"/products/{product_id}")
        form = {"csrf_token": csrf_token, "variant_id": str(variant_id), "quantity": "1"}
        onwards = browser.post("/cart/items", form)
        if looks:
            browser.get(onwards)
    page = _SHEET.search(browser.get("/checkout"))
    if page is None:
        raise WentWrong("/checkout shows no order sheet")
    agreed = {"provider": way.value, "agrees_sellers": "y", "agrees_order": "y"}
    onwards = browser.post("/checkout", {**inputs(page[0]), **agreed})
    if way is not WayToPay.INVOICE:
        paying = inputs(browser.get(onwards))
    if way is WayToPay.STRIPE:
        form = {"csrf_token": paying["csrf_token"], "method": _TEST_CARD}
        onwards = browser.post(f"{onwards}/confirm", form)
    done = _DONE.fullmatch(onwards)
    if done and looks:
        browser.get(onwards)
    if done is None and way is not WayToPay.BANK_TRANSFER:
        raise WentWrong(f"not paid, but led to {onwards}")
    number = done[1] if done else ""
    return Bought(number, tuple(goods), browser.requests - before)


def inputs(page: str) -> dict[str, str]:
    """Return what a browser would send: fields with their values, ticked boxes only."""
    found: dict[str, str] = {}
    for tag in _INPUT.finditer(page):
        attributes = dict(_ATTRIBUTE.findall(tag[1]))
        if attributes.get("type") in ("radio", "checkbox") and "checked" not in attributes:
            continue
        if "name" in attributes:
            found[attributes["name"]] = html.unescape(attributes.get("value", ""))
    return found
