"""Bring the database's tables to what the code expects, or say what differs."""

from __future__ import annotations

import click

from marketplace.cli.environment import settings_of_this_machine
from marketplace.core import migrating


@click.command()
def migrate() -> None:
    """Migrate the database."""
    with settings_of_this_machine() as settings:
        migrating.upgrade(settings.database_url)


@click.command()
def check() -> None:
    """Fail when the models and the migrated database differ."""
    with settings_of_this_machine() as settings:
        differences = migrating.differences(settings.database_url)
    for difference in differences:
        click.echo(difference, err=True)
    if differences:
        raise click.ClickException("a migration is missing")


@click.command()
@click.argument("message")
def revision(message: str) -> None:
    """Write a migration from what the models say and the database lacks."""
    with settings_of_this_machine() as settings:
        migrating.upgrade(settings.database_url)
        migrating.write_revision(settings.database_url, message)
