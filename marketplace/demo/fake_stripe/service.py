"""The parts of one running fake, put together."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from marketplace.demo.fake_stripe import refunds
from marketplace.demo.fake_stripe.delivery import Alarm, Delivery
from marketplace.demo.fake_stripe.events import PENDING, EventLog
from marketplace.demo.fake_stripe.idempotency import Keys
from marketplace.demo.fake_stripe.knobs import Panel
from marketplace.demo.fake_stripe.store import Store


class Fake:
    """Store, event log, webhook delivery, idempotency keys and knobs of one server."""

    def __init__(
        self,
        *,
        webhook_url: str | None,
        secret: str,
        folder: Path | None,
        subscribed: Collection[str] = (),
    ) -> None:
        self.store = Store(folder)
        self.log = EventLog(self.store)
        self.panel = Panel()
        self.alarm = Alarm()
        self.delivery = Delivery(
            self.store,
            self.panel,
            self.alarm,
            url=webhook_url,
            secret=secret,
            subscribed=subscribed,
        )
        self.keys = Keys(self.store)
        # What the last run of the demo left unfinished.
        self.delivery.schedule(self.store.ids("event", (PENDING,)))
        for refund_id in self.store.ids("refund", ("pending",)):
            self.settle_refund_later(refund_id)

    @contextmanager
    def unit(self) -> Iterator[None]:
        """Keep everything done inside, or nothing; then send the events it recorded."""
        fresh: list[str] = []
        try:
            with self.store.unit():
                try:
                    yield
                finally:
                    fresh = self.log.take_fresh()
        except BaseException:
            fresh = []
            raise
        finally:
            self.delivery.schedule(fresh)

    def settle_refund_later(self, refund_id: str) -> None:
        """End a pending refund after a while, as a bank would."""

        def settle() -> None:
            with self.unit():
                refunds.settle(self.store, self.log, refund_id)

        self.alarm.set(self.panel.read().refund_delay_seconds, settle)

    def idle(self) -> bool:
        """Say whether no webhook or refund is under way."""
        return self.alarm.idle()

    def close(self) -> None:
        """End the threads and close the store."""
        self.alarm.stop()
        self.delivery.stop()
        self.store.close()
