"""
Hand due jobs to the workers, and start what the schedules say.

Run it with `python -m workers.dispatcher`; a second one beside it is harmless.
"""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Sequence
from types import FrameType
from typing import Final

from kombu.exceptions import OperationalError as BrokerGone
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from marketplace.core import clock, outbox
from marketplace.core.db import transaction
from workers.app import celery, flask_app
from workers.schedules import start_due

_log = logging.getLogger(__name__)

_IDLE_SECONDS: Final = 0.2
_AFTER_TROUBLE_SECONDS: Final = 2.0
_TICK_SECONDS: Final = 5.0


class Dispatcher:
    """A loop that ends on SIGTERM after the round it is in."""

    def __init__(self) -> None:
        self._stopping = False
        self._ticked_at = 0.0

    def stop(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        """End after this round."""
        self._stopping = True

    def run(self) -> None:
        """Dispatch until told to stop; outlive the database and the broker."""
        while not self._stopping:
            try:
                with flask_app.app_context():
                    busy = self.round()
            except (DBAPIError, BrokerGone, RedisError, OSError) as error:
                _log.warning("dispatching waits: %s", type(error).__name__)
                time.sleep(_AFTER_TROUBLE_SECONDS)
                continue
            if not busy:
                time.sleep(_IDLE_SECONDS)

    def round(self) -> bool:
        """Start what is due, lease jobs and publish their ids; tell whether there were any."""
        self._tick()
        with transaction():
            leased = outbox.lease_due(at=clock.now())
        _publish(leased)
        return bool(leased)

    def _tick(self) -> None:
        if time.monotonic() - self._ticked_at > _TICK_SECONDS:
            with transaction():
                for kind in start_due(clock.now()):
                    _log.info("schedule %s started", kind)
            self._ticked_at = time.monotonic()


def _publish(leased: Sequence[tuple[int, str]]) -> None:
    sent = 0
    try:
        for job_id, kind in leased:
            celery.send_task(kind, args=[job_id], retry=False)
            sent += 1
    finally:
        # A broker that is gone must not cost the rest of them a whole lease.
        if sent < len(leased):
            with transaction():
                outbox.return_leases([job_id for job_id, _ in leased[sent:]])


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    dispatcher = Dispatcher()
    signal.signal(signal.SIGTERM, dispatcher.stop)
    signal.signal(signal.SIGINT, dispatcher.stop)
    dispatcher.run()


if __name__ == "__main__":
    main()
