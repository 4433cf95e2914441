"""Coupons that reach people without a rush: codes, lists, occasions, the waiting list."""

from __future__ import annotations

from functools import partial

from sqlalchemy.exc import IntegrityError

from marketplace.core import clock, sheets
from marketplace.core.db import in_transaction, transaction
from marketplace.core.errors import DomainError, NotFound
from marketplace.core.storage import Storage
from marketplace.coupons import automatic, code_batches, grant_lists, grant_sheet, waiting
from marketplace.coupons.automatic import AutomaticTrigger
from workers.app import job, settings


@job("coupons.make_codes", phased=True)
def make_codes(*, batch_id: int) -> None:
    """Make the codes of a batch, some thousands in each transaction."""
    try:
        while in_transaction(partial(code_batches.make_some, batch_id, at=clock.now())):
            pass
    except (DomainError, IntegrityError) as error:
        refused = error
    else:
        return
    in_transaction(lambda: code_batches.fail(batch_id, refused, at=clock.now()))


@job("coupons.give_by_list", phased=True)
def give_by_list(*, list_id: int) -> None:
    """Give a coupon to everybody on an uploaded list; then forget the file."""
    with transaction():
        key = grant_lists.get(list_id).storage_key
    if key is None:
        return
    storage = Storage.of(settings)
    try:
        _give_to(grant_sheet.parse(storage.get(key)), list_id)
    except (sheets.SheetUnreadable, NotFound) as error:
        refused = error
        in_transaction(lambda: grant_lists.fail(list_id, refused, at=clock.now()))
    storage.forget(key)


def _give_to(entries: list[grant_sheet.Entry], list_id: int) -> None:
    in_transaction(lambda: grant_lists.start(list_id, total=len(entries)))
    while in_transaction(partial(grant_lists.give_some, list_id, entries, at=clock.now())):
        pass
    in_transaction(lambda: grant_lists.finish(list_id, at=clock.now()))


@job("coupons.give_automatic")
def give_automatic(*, trigger: str, person_id: int) -> None:
    """Give a person what an occasion brings."""
    automatic.give(trigger=AutomaticTrigger(trigger), person_id=person_id, at=clock.now())


@job("coupons.greet_birthdays")
def greet_birthdays() -> None:
    """Ask for the coupons of everybody whose birthday is today."""
    automatic.greet_birthdays(at=clock.now())


@job("coupons.serve_waiting", phased=True)
def serve_waiting() -> None:
    """Give coupons that became free to those who wait for them."""
    at = clock.now()
    with transaction():
        campaigns = waiting.list_to_serve(at=at)
    for campaign_id in campaigns:
        in_transaction(partial(waiting.serve, campaign_id=campaign_id, at=at))
