"""How claims are said and drawn on everybody's pages."""

from __future__ import annotations

from typing import Final

from marketplace.orders.claim_kinds import ClaimKind, ClaimStatus, Fault, PickUp

KINDS: Final = {
    ClaimKind.CANCEL: "취소",
    ClaimKind.RETURN: "반품",
    ClaimKind.EXCHANGE: "교환",
}
PICK_UPS: Final = {
    PickUp.COLLECTED: "가게가 수거해 주세요",
    PickUp.SENT: "택배로 직접 보낼게요",
    PickUp.BROUGHT: "가게에 가져갈게요",
}
FAULTS: Final = {Fault.BUYER: "구매자 사정", Fault.SELLER: "판매자 책임"}
LOOKS: Final = {
    ClaimStatus.REQUESTED: "warn",
    ClaimStatus.COLLECTING: "teal",
    ClaimStatus.COLLECTED: "teal",
    ClaimStatus.REDELIVERING: "teal",
    ClaimStatus.DONE: "ok",
    ClaimStatus.REJECTED: "bad",
    ClaimStatus.WITHDRAWN: "mute",
}


def words() -> dict[str, object]:
    """Return what templates of claims need."""
    return {
        "claim_kinds": KINDS,
        "pick_ups": PICK_UPS,
        "faults": FAULTS,
        "claim_looks": LOOKS,
    }
