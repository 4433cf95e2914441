"""Residents who go on claiming, spending and cancelling while processes die under them."""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import requests
from flask import Flask

from marketplace.core import clock
from marketplace.core.db import db, in_transaction
from marketplace.core.errors import DomainError
from marketplace.coupons import tokens
from tests.concurrent.test_claims_http import Browser
from tests.faults.shopper import Shopper

# What a web process that dies, or waits for PostgreSQL, answers: ask again.
_AGAIN = frozenset({500, 502, 503, 504})
_PAUSE = 0.1


class Persistent(Shopper):
    """A signed-in browser that presses again until it is answered."""

    def __init__(self, url: str, browser: Browser, told: Counter[str]) -> None:
        super().__init__(url)
        name, _, value = browser.cookie.partition("=")
        self._session.headers["Cookie"] = f"{name}={value}"
        self._token, self.is_guest = browser.csrf_token, False
        self._told = told
        self.person_id = browser.person_id

    def insist(self, what: str, ask: Callable[[], requests.Response]) -> requests.Response:
        """Ask until somebody who lives answers, and note the answer."""
        for _ in range(300):
            try:
                answer = ask()
            except requests.RequestException:
                self._told[f"{what} lost"] += 1
                time.sleep(_PAUSE)
                continue
            self._told[f"{what} {answer.status_code}"] += 1
            if answer.status_code not in _AGAIN:
                return answer
            time.sleep(_PAUSE)
        raise AssertionError(f"nobody answered {what}")

    def claim(self, slug: str) -> bool:
        """Claim a coupon; False when there is none left."""
        answer = self.insist("claim", lambda: self.post(f"/coupons/{slug}/claim"))
        return answer.status_code == 303

    def buy(self, variant_id: int, coupon_ids: Sequence[int]) -> str | None:
        """Order a piece with coupons that pay all of it; return the order's number."""
        ticked = {"has_coupons": "1", "coupon_id": list(map(str, coupon_ids))}
        self.insist("cart", lambda: self.fill_cart(variant_id))
        self.insist("coupons", lambda: self.post("/checkout/coupons", ticked))
        page = self.insist("sheet", lambda: self.get("/checkout"))
        if page.status_code != 200:
            return None
        sheet = self.sheet(page)
        placed = self.insist("order", lambda: self.post("/checkout", sheet))
        where = placed.headers.get("Location", "")
        return where.split("/")[2] if where.endswith("/done") else None

    def give_back(self, number: str) -> None:
        """Cancel what was ordered."""
        address = f"/my/orders/{number}/cancel"
        page = self.insist("cancel sheet", lambda: self.get(address))
        if page.status_code == 200:
            where, form = self.cancel_sheet(number)
            self.insist("cancel", lambda: self.post(where, form))


class Cashier(Persistent):
    """A till that scans what residents show."""

    def take(self, app: Flask, coupon_id: int, person_id: int, amount: int) -> str | None:
        """Spend a coupon; return the receipt's number."""
        with app.app_context():
            try:
                shown = in_transaction(
                    lambda: tokens.issue(coupon_id=coupon_id, person_id=person_id, at=clock.now())
                )
            except DomainError:
                # Expired or spent meanwhile.
                return None
            finally:
                db.session.remove()
        form = {
            "shown": shown.qr,
            "key": secrets.token_urlsafe(16),
            "amount": str(amount),
            "purchase": str(amount),
        }
        answer = self.insist("till", lambda: self.post("/seller/counter/uses", form))
        where = answer.headers.get("Location", "")
        return where.rsplit("/", 1)[1] if answer.status_code == 303 else None

    def take_back(self, number: str) -> None:
        """Reverse a use of today."""
        form = {"reason": "잘못 찍음"}
        where = f"/seller/counter/receipts/{number}/reversal"
        self.insist("reversal", lambda: self.post(where, form))


def all_at_once(works: Sequence[Callable[[], None]], *, clients: int) -> list[Exception]:
    """Do all works with so many clients; return what went wrong."""
    faults: list[Exception] = []
    lock = threading.Lock()

    def do(work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:
            with lock:
                faults.append(error)

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(do, works))
    return faults
