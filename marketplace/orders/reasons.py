"""Why buyers give goods back, and whose doing each reason is (전자상거래법 §17, §18)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from marketplace.core.errors import InvalidInput
from marketplace.orders.models import ClaimKind, Fault

SOLD_OUT: Final = "sold_out"
BY_OFFICE: Final = "by_office"
OTHER: Final = "other"


class ReasonUnknown(InvalidInput):
    """The reason is none of those on the page."""

    message = "이유를 골라 주세요."


@dataclass(frozen=True)
class Reason:
    """One reason with what people read of it."""

    code: str
    label: str
    fault: Fault
    kinds: frozenset[ClaimKind]


_C, _R, _E = ClaimKind.CANCEL, ClaimKind.RETURN, ClaimKind.EXCHANGE
_ALL: Final = (
    Reason("changed_mind", "마음이 바뀌었어요", Fault.BUYER, frozenset({_C, _R})),
    Reason("other_product", "다른 상품으로 바꿀게요", Fault.BUYER, frozenset({_C})),
    Reason("ordered_wrong", "주문을 잘못했어요", Fault.BUYER, frozenset({_C})),
    Reason("wrong_option", "색상·크기를 잘못 골랐어요", Fault.BUYER, frozenset({_R, _E})),
    Reason("late", "배송이 늦어요", Fault.SELLER, frozenset({_C})),
    Reason("defective", "상품이 파손되었거나 불량이에요", Fault.SELLER, frozenset({_R, _E})),
    Reason("wrong_item", "주문한 것과 다른 상품이 왔어요", Fault.SELLER, frozenset({_R, _E})),
    Reason("differs", "상품 설명과 달라요", Fault.SELLER, frozenset({_R, _E})),
    Reason("missing_parts", "구성품이 빠졌어요", Fault.SELLER, frozenset({_R, _E})),
    Reason(OTHER, "그 밖의 이유", Fault.BUYER, frozenset({_C, _R, _E})),
)
_BY_CODE: Final = {reason.code: reason for reason in _ALL}
_NOT_CHOSEN: Final = {SOLD_OUT: "판매자 품절", BY_OFFICE: "운영팀 직권 취소"}


def of_kind(kind: ClaimKind) -> list[Reason]:
    """Return the reasons a buyer may choose from."""
    return [reason for reason in _ALL if kind in reason.kinds]


def get(code: str, *, kind: ClaimKind) -> Reason:
    """
    Return a reason that fits a kind of claim.

    :raises ReasonUnknown:
    """
    reason = _BY_CODE.get(code)
    if reason is None or kind not in reason.kinds:
        raise ReasonUnknown
    return reason


def code_of(label: str, *, kind: ClaimKind) -> str:
    """Return the code of what somebody read and chose; words of their own have none."""
    return next((reason.code for reason in of_kind(kind) if reason.label == label), OTHER)


def label_of(code: str) -> str:
    """Return what people read of a reason."""
    found = _BY_CODE.get(code)
    return found.label if found else _NOT_CHOSEN.get(code, "그 밖의 이유")
