"""One effect per Idempotency-Key, as Stripe keeps it."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from marketplace.demo.fake_stripe.errors import Refusal
from marketplace.demo.fake_stripe.store import Reply, Store

_LONGEST = 255


def fingerprint(method: str, path: str, params: Mapping[str, object]) -> str:
    """Return what must be the same for a key to be used again."""
    text = json.dumps([method, path, params], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


class Keys:
    """The keys whose requests are running now; finished ones live in the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._running: set[str] = set()
        self._lock = threading.Lock()

    def running(self, key: str) -> bool:
        """Say whether a request holds this key now."""
        with self._lock:
            return key in self._running

    @contextmanager
    def hold(self, key: str, mark: str) -> Iterator[Reply | None]:
        """
        Hold a key while its request runs; yield the kept answer if it ran before.

        :raises Refusal: 400 with another body, 409 while the first request still runs.
        """
        if len(key) > _LONGEST:
            raise Refusal(400, f"Idempotency key is longer than {_LONGEST} characters.")
        with self._lock:
            if key in self._running:
                raise Refusal(
                    409,
                    "There is currently another in-progress request using this Idempotent Key.",
                    kind="idempotency_error",
                    code="idempotency_key_in_use",
                )
            self._running.add(key)
        try:
            kept = self._store.find_reply(key)
            if kept is not None and kept.fingerprint != mark:
                raise Refusal(
                    400,
                    "Keys for idempotent requests can only be used with the same parameters"
                    f" they were first used with. Try using a key other than '{key}'.",
                    kind="idempotency_error",
                )
            yield kept
        finally:
            with self._lock:
                self._running.discard(key)
