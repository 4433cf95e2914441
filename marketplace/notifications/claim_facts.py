"""What messages about cancels, returns and exchanges say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from marketplace.accounts.models import Person
from marketplace.core.db import db
from marketplace.notifications.message import Facts, Loader, NothingToSay, id_of
from marketplace.orders import claim_terms, claim_view
from marketplace.orders import queries as orders
from marketplace.orders.claim_desk import ClaimNotFound
from marketplace.orders.claim_view import ClaimView


def _case(given: Mapping[str, object]) -> ClaimView:
    try:
        return claim_view.get(id_of(given, "claim_case_id"))
    except ClaimNotFound:
        raise NothingToSay from None


def _to_buyer(what: str) -> Loader:
    def load(given: Mapping[str, object]) -> Facts:
        case = _case(given)
        order = orders.get(case.order_id)
        subject = f"{claim_terms.KINDS[case.kind]} 신청{what}"
        link = f"/orders/{order.number}/claims/{case.id}" if order.person_id else "/guest/orders"
        return Facts(
            person_id=order.person_id,
            address=order.buyer_email,
            phone=order.buyer_phone,
            subject=f"[{order.number}] {subject}",
            link=link,
            notice=f"{order.title} {subject}",
            values={"name": order.buyer_name, "case": case, "kind": claim_terms.KINDS[case.kind]},
        )

    return load


def _to_enterprise(what: str, *, only_open: bool) -> Loader:
    def load(given: Mapping[str, object]) -> Facts:
        case = _case(given)
        if only_open and not case.is_open:
            raise NothingToSay
        person = db.session.get_one(Person, id_of(given, "person_id"))
        subject = f"[{case.order_number}] {claim_terms.KINDS[case.kind]} 요청{what}"
        return Facts(
            person_id=person.id,
            address=person.email,
            subject=subject,
            link=f"/seller/claims/{case.id}",
            notice=subject,
            values={
                "name": person.name,
                "case": case,
                "kind": claim_terms.KINDS[case.kind],
            },
        )

    return load


LOADERS: Final[Mapping[str, Loader]] = {
    "claim_requested": _to_enterprise("이 들어왔습니다", only_open=False),
    "claim_overdue": _to_enterprise("의 기한이 지났습니다", only_open=True),
    "claim_accepted": _to_buyer("을 가게가 승인했습니다"),
    "claim_rejected": _to_buyer("을 가게가 거절했습니다"),
    "claim_done": _to_buyer("이 끝났습니다"),
}
