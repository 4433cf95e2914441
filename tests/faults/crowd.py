"""Shoppers who go on buying while servers die under them, and what they were told."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import requests

from marketplace.catalog.models import Variant
from tests.faults.shopper import Shopper

_PATIENCE = 60.0
_PAUSE = 0.05


@dataclass(frozen=True)
class Told:
    """One answer: when it came, what was asked and where it led."""

    at: float
    asked: str
    status: int
    seconds: float
    location: str
    retry_after: str | None
    text: str


class Crowd:
    """Some shoppers, each buying again and again in a thread of its own."""

    def __init__(self, url: str, goods: Sequence[Variant], *, size: int) -> None:
        self._url = url
        self._goods = [(each.id, each.product_id) for each in goods]
        self._stopping = threading.Event()
        self._told: list[Told] = []
        self._failures: list[Exception] = []
        self._threads = [
            threading.Thread(target=self._shop, args=(number,)) for number in range(size)
        ]

    def start(self) -> None:
        """Let them in."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let everybody finish what they are at."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(_PATIENCE)
            assert not thread.is_alive()

    @property
    def told(self) -> list[Told]:
        """Every answer so far."""
        assert self._failures == []
        return list(self._told)

    def bought(self, *, after: float = 0.0) -> list[str]:
        """The numbers of the orders that somebody was told are paid."""
        return [
            one.location.split("/")[2]
            for one in self.told
            if one.at > after and one.status == 303 and one.location.endswith("/done")
        ]

    def began(self) -> list[str]:
        """The names of the payments somebody was led to."""
        return [
            one.location.split("/")[2]
            for one in self.told
            if one.asked == "POST /checkout" and one.location.startswith("/pay/")
        ]

    def _shop(self, number: int) -> None:
        choices = itertools.islice(itertools.cycle(self._goods), number, None)
        try:
            while not self._stopping.is_set():
                self._buy(*next(choices))
        except Exception as error:
            self._failures.append(error)

    def _buy(self, variant_id: int, product_id: int) -> None:
        """Look, order and pay as a new guest; whoever is sent away pauses and starts afresh."""
        shopper = Shopper(self._url)
        looks = self._asked(shopper.get("/")), self._asked(shopper.get(f"/products/{product_id}"))
        if any(one.status == 503 for one in looks):
            time.sleep(_PAUSE)
            return
        if self._asked(shopper.fill_cart(variant_id)).status == 303:
            placed = self._asked(shopper.place())
            if placed.asked == "POST /checkout" and placed.status == 303:
                self._asked(shopper.pay(placed.location))

    def _asked(self, answer: requests.Response) -> Told:
        request = answer.request
        one = Told(
            at=time.monotonic(),
            asked=f"{request.method} {request.path_url}",
            status=answer.status_code,
            seconds=answer.elapsed.total_seconds(),
            location=answer.headers.get("Location", ""),
            retry_after=answer.headers.get("Retry-After"),
            text=answer.text,
        )
        self._told.append(one)
        return one


@contextmanager
def shopping(url: str, goods: Sequence[Variant], *, size: int) -> Iterator[Crowd]:
    """Let a crowd shop, and wait until it has left."""
    crowd = Crowd(url, goods, size=size)
    crowd.start()
    try:
        yield crowd
    finally:
        crowd.stop()
