"""The steps of a case, taken at an enterprise's desk or at the office's in its stead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from flask import request

from marketplace.checkout import claim_decisions
from marketplace.checkout.claim_decisions import Decider
from marketplace.core.errors import InvalidInput
from marketplace.orders import carriers
from marketplace.orders.claim_kinds import ClaimKind
from marketplace.orders.claim_view import ClaimView
from marketplace.orders.fulfilment import Way
from marketplace.orders.shipments import METHOD_NAMES, ShipmentMethod

TYPED: Final = ("reason", "inspection", "sellable", "carrier", "waybill", "method", "stated")
_LONGEST: Final = 500
DONE: Final = {
    "accept": "승인했습니다.",
    "reject": "거절하고 구매자에게 이유를 알렸습니다.",
    "waybill": "회수 운송장을 적었습니다.",
    "collect": "상품이 돌아온 것으로 적었습니다.",
    "finish": "반품을 마치고 환불을 시작했습니다.",
    "send": "교환 상품을 보냈습니다.",
    "complete": "교환을 마쳤습니다.",
}


class MethodUnknown(InvalidInput):
    """Nothing travels that way."""

    message = "보내는 방법을 골라 주세요."


class SellableUnknown(InvalidInput):
    """Inspection says whether goods can be sold again."""

    message = "다시 팔 수 있는지 골라 주세요."


def take(step: str, case_id: int, by: Decider) -> None:
    """
    Take one step of a case as the form says; call inside the transaction.

    :raises ClaimNotFound, ClaimMoved: and what each step raises.
    """
    _STEPS[step](case_id, by)


def page_words(case: ClaimView) -> Mapping[str, object]:
    """Return what the page of a case needs besides the case."""
    return {
        "carriers": carriers.directory().active,
        "methods": METHOD_NAMES,
        "typed": {name: request.form.get(name, "")[:_LONGEST] for name in TYPED},
        "is_exchange": case.kind is ClaimKind.EXCHANGE,
    }


def _text(name: str) -> str:
    return request.form.get(name, "")[:_LONGEST]


def _sellable() -> bool:
    answer = request.form.get("sellable", "")
    if answer not in ("yes", "no"):
        raise SellableUnknown
    return answer == "yes"


def _reject(case_id: int, by: Decider) -> None:
    claim_decisions.reject(case_id, by, reason=_text("reason"))


def _note_waybill(case_id: int, by: Decider) -> None:
    claim_decisions.set_waybill(case_id, by, carrier=_text("carrier"), waybill=_text("waybill"))


def _finish(case_id: int, by: Decider) -> None:
    claim_decisions.finish_return(case_id, by, sellable=_sellable(), inspection=_text("inspection"))


def _send(case_id: int, by: Decider) -> None:
    method = request.form.get("method", ShipmentMethod.PARCEL.value)
    if method not in set(ShipmentMethod):
        raise MethodUnknown
    way = Way(
        method=ShipmentMethod(method),
        carrier_code=_text("carrier"),
        waybill=_text("waybill")[:60],
    )
    claim_decisions.send_exchange(
        case_id, by, way=way, sellable=_sellable(), inspection=_text("inspection")
    )


_STEPS: Final[Mapping[str, Callable[[int, Decider], None]]] = {
    "accept": claim_decisions.accept,
    "reject": _reject,
    "waybill": _note_waybill,
    "collect": claim_decisions.collect,
    "finish": _finish,
    "send": _send,
    "complete": claim_decisions.complete_exchange,
}
