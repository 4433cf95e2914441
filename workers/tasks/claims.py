"""Claim tasks: exchanges that arrived are closed, and what is overdue is said."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from marketplace.checkout import claim_decisions, claim_news
from marketplace.checkout.claim_decisions import Decider
from marketplace.core import clock
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import in_transaction, transaction
from marketplace.core.errors import Conflict
from marketplace.orders import claim_lists
from workers.app import job

_ROUND = 200


@job("claims.watch", phased=True)
def watch() -> None:
    """Close exchanges whose parcel arrived; tell enterprises once of each case they owe."""
    at = clock.now()
    with transaction():
        arrived = claim_decisions.list_arrived(limit=_ROUND)
    by = Decider(actor="carrier", at=at, stated="배송 조회로 도착 확인")
    for case_id in arrived:
        try:
            in_transaction(partial(claim_decisions.complete_exchange, case_id, by))
        except Conflict:
            # Somebody closed it meanwhile.
            continue
    _tell_of_overdue(at)


def _tell_of_overdue(at: datetime) -> None:
    last = 0
    while True:
        with transaction():
            late = claim_lists.list_overdue(on=day_in_seoul(at), after=last, limit=_ROUND)
            for case_id, since in late:
                claim_news.tell_enterprise("claim_overdue", case_id=case_id, again=f":{since}")
        if len(late) < _ROUND:
            return
        last = late[-1][0]
