"""Let the first person into the office."""

from __future__ import annotations

import click

from marketplace.accounts import queries, staffing
from marketplace.cli.environment import application
from marketplace.core import clock
from marketplace.core.db import transaction
from marketplace.core.errors import DomainError


@click.command("create-staff")
@click.argument("email")
def create_staff(email: str) -> None:
    """Make the member with this e-mail the first administrator; the office makes all others."""
    with application():
        person_id = queries.find_person_by_email(email)
        if person_id is None:
            raise click.ClickException(
                f"nobody has signed up with {email}: sign up in the shop first"
            )
        try:
            with transaction():
                staffing.appoint_first_administrator(person_id=person_id, at=clock.now())
        except DomainError as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"{email} is an administrator now")
