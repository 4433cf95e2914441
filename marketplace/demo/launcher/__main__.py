"""
Run PostgreSQL and Valkey in the foreground until a signal comes.

`python -m marketplace.demo.launcher FOLDER` prints their addresses as shell assignments.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from marketplace.demo.launcher.postgres import EmbeddedPostgres
from marketplace.demo.launcher.valkey import EmbeddedValkey


def main() -> None:
    """Start both, say where they are, wait."""
    folder = Path(sys.argv[1])
    ending = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    signal.pthread_sigmask(signal.SIG_BLOCK, ending)
    with (
        EmbeddedPostgres(folder / "postgres", max_connections=300, durable=False) as database,
        EmbeddedValkey(folder / "valkey") as broker,
    ):
        sys.stdout.write(
            f"export TEST_DATABASE_URL={database.start()}\nexport TEST_REDIS_URL={broker.start()}\n"
        )
        sys.stdout.flush()
        signal.sigwait(ending)


if __name__ == "__main__":
    main()
