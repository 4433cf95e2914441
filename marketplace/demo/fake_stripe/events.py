"""The events of the fake, as rows and as Stripe's JSON."""

from __future__ import annotations

import secrets

from marketplace.core import clock
from marketplace.demo.fake_stripe.store import Body, Filter, Store

API_VERSION = "2026-10-28.endive"

PENDING = "pending"
DELIVERED = "delivered"
FAILED = "failed"
LOST = "lost"
UNDELIVERED = (PENDING, FAILED, LOST)


def new_id(prefix: str) -> str:
    """Return an id nobody can guess."""
    return f"{prefix}_{secrets.token_hex(12)}"


def stamp() -> int:
    """Return the present second."""
    return int(clock.now().timestamp())


class EventLog:
    """Events written inside a unit of work, and those nobody has scheduled yet."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._fresh: list[str] = []

    def record(self, type_: str, thing: Body) -> None:
        """Write one event about a thing as it is now."""
        event: Body = {
            "id": new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": stamp(),
            "data": {"object": thing},
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": type_,
        }
        self._store.put("event", event, type_=type_, state=PENDING)
        self._fresh.append(event["id"])

    def take_fresh(self) -> list[str]:
        """Return the events recorded since the last call. Called under the store's lock."""
        fresh, self._fresh = self._fresh, []
        return fresh


def page(store: Store, params: Body) -> tuple[list[Body], bool]:
    """Return one page of events, by type and by whether they were delivered."""
    states: tuple[str, ...] = ()
    if "delivery_success" in params:
        states = (DELIVERED,) if params["delivery_success"] else UNDELIVERED
    types = params.get("types") or ([params["type"]] if "type" in params else [])
    return store.page(
        Filter(
            kind="event",
            limit=params.get("limit", 10),
            starting_after=params.get("starting_after"),
            ending_before=params.get("ending_before"),
            types=types,
            states=states,
            created=between(params),
        )
    )


def between(params: Body) -> dict[str, int]:
    """Return the bounds of a `created` filter, given as an instant or as an interval."""
    created = params.get("created")
    if created is None:
        return {}
    if isinstance(created, int):
        return {"gte": created, "lte": created}
    return dict(created)
