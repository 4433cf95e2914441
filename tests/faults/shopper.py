"""A shopper over real sockets: cookies, CSRF tokens and forms, from the cart to the paid order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import requests

from marketplace.demo.fake_stripe.store import Filter
from tests.bed.stripe import FakeStripe
from tests.web.test_checkout_page import AS_GUEST, SHEET, value_of

_PATIENCE = 60.0
_CARRIED = ("csrf_token", "attempt_key", "seen_total", "as_member")


class Shopper:
    """Somebody at a browser, a guest until they sign in."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_guest = True
        self._session = requests.Session()
        # No proxy of this machine belongs between a test and its server.
        self._session.trust_env = False
        self._token: str | None = None

    def get(self, path: str, **params: str) -> requests.Response:
        """Open a page without following where it leads."""
        return self._session.get(
            self.url + path, params=params, allow_redirects=False, timeout=_PATIENCE
        )

    def post(self, path: str, form: Mapping[str, object] | None = None) -> requests.Response:
        """Send a form with this browser's CSRF token."""
        return self._session.post(
            self.url + path,
            data={"csrf_token": self._csrf_token(), **(form or {})},
            allow_redirects=False,
            timeout=_PATIENCE,
        )

    def another_tab(self) -> Shopper:
        """Return the same browser with a connection of its own, for another thread."""
        tab = Shopper(self.url)
        tab.is_guest, tab._token = self.is_guest, self._token
        tab._session.cookies.update(self._session.cookies)
        return tab

    def sign_in(self, email: str, password: str) -> requests.Response:
        """Sign in the way people do."""
        answer = self.post("/sign-in", {"email": email, "password": password})
        if answer.status_code == 303:
            self.is_guest, self._token = False, None
        return answer

    def fill_cart(self, variant_id: int, quantity: int = 1) -> requests.Response:
        """Put pieces into the cart."""
        return self.post("/cart/items", {"variant_id": variant_id, "quantity": quantity})

    def sheet(self, page: requests.Response, **changes: str) -> dict[str, str]:
        """Fill in the order sheet a page shows."""
        carried = {name: value_of(name, page.text) for name in _CARRIED}
        return {**SHEET, **(AS_GUEST if self.is_guest else {}), **carried, **changes}

    def place(self) -> requests.Response:
        """Open the order sheet, fill it in and send it; a page that is no sheet comes back."""
        page = self.get("/checkout")
        return self.post("/checkout", self.sheet(page)) if page.status_code == 200 else page

    def pay(self, address: str, method: str = "pm_card_visa") -> requests.Response:
        """Press a method on the page of a payment."""
        return self.post(f"{address}/confirm", {"method": method})

    def cancel(self, number: str) -> requests.Response:
        """Open the cancel sheet of an order and press its button."""
        return self.post(*self.cancel_sheet(number))

    def cancel_sheet(self, number: str) -> tuple[str, dict[str, str]]:
        """Open the cancel sheet of an order; return where its button leads and what it sends."""
        address = f"{'/guest/orders' if self.is_guest else '/my/orders'}/{number}/cancel"
        page = self.get(address).text
        form = page[page.index('name="attempt_key"') - 200 :]
        carried = dict(re.findall(r'name="(line_\d+)" value="(\d+)"', form))
        carried |= {name: value_of(name, form) for name in ("attempt_key", "seen_refund")}
        return address, {**carried, "reason": "변심"}

    def _csrf_token(self) -> str:
        if self._token is None:
            # Of all pages with a form the one that asks nothing of the database.
            self._token = value_of("csrf_token", self.get("/password/reset").text)
        return self._token


def path_of(answer: requests.Response) -> str:
    """Return the path an answer leads to."""
    assert answer.status_code == 303, (answer.status_code, answer.text[:2_000])
    return urlsplit(answer.headers["Location"]).path


def agree_elsewhere(stripe: FakeStripe, address: str) -> str:
    """Agree on the page of the bank's app; return where it sends the buyer back to."""
    secret = next(
        intent["client_secret"]
        for intent in stripe.fake.store.page(Filter("payment_intent", limit=1_000))[0]
        if intent["id"] in address
    )
    answer = stripe.app.test_client().post(
        urlsplit(address).path, data={"client_secret": secret, "answer": "approve"}
    )
    back = urlsplit(answer.location)
    return f"{back.path}?{back.query}"
