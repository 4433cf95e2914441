"""The `marketplace` command."""

from __future__ import annotations

import click

from marketplace.cli import (
    assets,
    backup,
    check_books,
    demo,
    quote,
    schema,
    serve,
    staff,
    watchdog,
    worker,
)


@click.group()
def main() -> None:
    """Run and look after Senaru Market."""


for command in (
    serve.serve,
    worker.worker,
    watchdog.ticking,
    demo.demo,
    schema.migrate,
    schema.check,
    schema.revision,
    backup.backup,
    backup.restore,
    assets.assets,
    quote.quote,
    staff.create_staff,
    check_books.check_books,
):
    main.add_command(command)


if __name__ == "__main__":
    main()
