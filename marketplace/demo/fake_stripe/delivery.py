"""Send events to the shop from background threads, as badly as the knobs ask."""

from __future__ import annotations

import hashlib
import heapq
import hmac
import http.client
import json
import logging
import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from marketplace.demo.fake_stripe import events
from marketplace.demo.fake_stripe.knobs import Panel
from marketplace.demo.fake_stripe.store import Store

log = logging.getLogger(__name__)

_SENDERS = 16
_TIMEOUT_SECONDS = 20


def sign(payload: bytes, secret: str, at: int) -> str:
    """Return the Stripe-Signature header of a payload."""
    mac = hmac.new(secret.encode(), f"{at}.".encode() + payload, hashlib.sha256)
    return f"t={at},v1={mac.hexdigest()}"


class Alarm:
    """Run things later, on one thread, and know how much is still under way."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._changed = threading.Condition()
        self._under_way = 0
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="fake-stripe-alarm", daemon=True)
        self._thread.start()

    def set(self, seconds: float, action: Callable[[], None]) -> None:
        """Run an action after a while."""
        with self._changed:
            self._count += 1
            self._under_way += 1
            heapq.heappush(self._due, (time.monotonic() + seconds, self._count, action))
            self._changed.notify()

    def hold(self) -> None:
        """Count something that runs elsewhere, until `release`."""
        with self._changed:
            self._under_way += 1

    def release(self) -> None:
        """Count it no longer."""
        with self._changed:
            self._under_way -= 1

    def idle(self) -> bool:
        """Say whether nothing waits or runs."""
        with self._changed:
            return self._under_way == 0

    def stop(self) -> None:
        """Forget what waits and end the thread."""
        with self._changed:
            self._stopped = True
            self._due.clear()
            self._changed.notify()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while (action := self._next()) is not None:
            try:
                action()
            except Exception:
                log.exception("a scheduled action of the fake failed")
            finally:
                self.release()

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            while not self._stopped:
                now = time.monotonic()
                if self._due and self._due[0][0] <= now:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(self._due[0][0] - now if self._due else None)
            return None


class Delivery:
    """Deliver each event until the shop answers 2xx or the attempts run out."""

    def __init__(
        self,
        store: Store,
        panel: Panel,
        alarm: Alarm,
        *,
        url: str | None,
        secret: str,
        subscribed: Collection[str] = (),
    ) -> None:
        self._store = store
        self._panel = panel
        self._alarm = alarm
        self._url = url
        self._secret = secret
        # Nothing named is everything, like Stripe's `*`.
        self._subscribed = frozenset(subscribed)
        self._pool = ThreadPoolExecutor(_SENDERS, thread_name_prefix="fake-stripe-webhook")

    def point_at(self, url: str | None, secret: str) -> None:
        """Send to another address from now on."""
        self._url = url
        self._secret = secret

    def subscribe(self, kinds: Collection[str]) -> None:
        """Send only these kinds of events from now on; every kind when there are none."""
        self._subscribed = frozenset(kinds)

    def schedule(self, event_ids: list[str]) -> None:
        """Send these events once, with the knobs as they stand."""
        knobs = self._panel.read()
        if self._url is None or not event_ids:
            return
        order = [event_id for event_id in event_ids if self._wants(event_id)]
        if knobs.webhook_reorder:
            self._panel.shuffle(order)
        for event_id in order:
            if self._panel.chance(knobs.webhook_loss):
                self._settle(event_id, events.LOST)
                continue
            for _ in range(1 + knobs.webhook_duplicates):
                self._later(knobs.webhook_delay_seconds, event_id, 1)

    def _wants(self, event_id: str) -> bool:
        if not self._subscribed:
            return True
        event = self._store.find("event", event_id)
        if event is None or event["type"] in self._subscribed:
            return True
        # Stripe counts an event no endpoint asked for as delivered.
        self._settle(event_id, events.DELIVERED)
        return False

    def resend(self) -> int:
        """Send again everything that never arrived; return how many."""
        waiting = self._store.ids("event", events.UNDELIVERED)
        for event_id in waiting:
            self._later(0, event_id, 1)
        return len(waiting)

    def stop(self) -> None:
        """Finish what is being sent and end the threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _later(self, seconds: float, event_id: str, attempt: int) -> None:
        self._alarm.set(seconds, lambda: self._submit(event_id, attempt))

    def _submit(self, event_id: str, attempt: int) -> None:
        self._alarm.hold()
        self._pool.submit(self._attempt, event_id, attempt)

    def _attempt(self, event_id: str, attempt: int) -> None:
        try:
            event = self._store.find("event", event_id)
            if event is None or self._url is None:
                return
            payload = json.dumps(event, ensure_ascii=False, indent=2).encode()
            if self._post(payload):
                self._settle(event_id, events.DELIVERED)
                return
            knobs = self._panel.read()
            if attempt >= knobs.webhook_attempts:
                self._settle(event_id, events.FAILED)
                return
            # Doubling waits, like Stripe's, only shorter.
            self._later(knobs.webhook_retry_seconds * 2 ** (attempt - 1), event_id, attempt + 1)
        finally:
            self._alarm.release()

    def _post(self, payload: bytes) -> bool:
        parts = urlsplit(self._url or "")
        kind = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        connection = kind(parts.netloc, timeout=_TIMEOUT_SECONDS)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": sign(payload, self._secret, events.stamp()),
            "User-Agent": "Stripe/1.0 (fake)",
        }
        try:
            connection.request("POST", parts.path or "/", payload, headers)
            response = connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException) as error:
            log.info("webhook not delivered: %s", error)
            return False
        else:
            return 200 <= response.status < 300
        finally:
            connection.close()

    def _settle(self, event_id: str, state: str) -> None:
        with self._store.unit():
            event = self._store.find("event", event_id)
            if event is None:
                return
            event["pending_webhooks"] = 0 if state == events.DELIVERED else 1
            self._store.put("event", event)
            self._store.move(event_id, state)
