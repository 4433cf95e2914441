"""What the buyer writes on the order sheet, checked field by field."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from marketplace.accounts import emails
from marketplace.core import phone
from marketplace.core.errors import InvalidInput
from marketplace.core.money import Won
from marketplace.payments.models import ProviderCode

_ZIP: Final = re.compile(r"[0-9]{5}")
_LONGEST: Final = {"name": 40, "road_address": 200, "address_detail": 100, "delivery_memo": 200}
PASSWORD_LENGTH: Final = (8, 64)
# Raised with every change of what a buyer agrees to when sellers get the delivery data.
SELLER_CONSENT_VERSION: Final = "2026-11-24"

# What a buyer may choose; 0 won needs no choice.
CHOICES: Final = {
    ProviderCode.STRIPE: "카드·간편결제",
    ProviderCode.BANK_TRANSFER: "무통장 입금",
    ProviderCode.INVOICE: "후청구",
}


class FormWrong(InvalidInput):
    """Some fields cannot be meant; `fields` says which and why."""

    message = "입력한 내용을 확인해 주세요."

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__()
        self.fields = dict(fields)


@dataclass(frozen=True, kw_only=True)
class OrderForm:
    """The order sheet as it was sent."""

    buyer_name: str
    buyer_phone: str
    buyer_email: str
    recipient_name: str
    recipient_phone: str
    zip_code: str
    road_address: str
    # What the page showed as the amount to pay: nobody pays another amount unasked.
    seen_total: int
    provider: str
    address_detail: str = ""
    delivery_memo: str = ""
    depositor: str = ""
    guest_password: str = ""
    agrees: bool = False

    def checked(self, *, is_guest: bool) -> OrderForm:
        """
        Return the sheet tidied up.

        :raises FormWrong:
        """
        wrong: dict[str, str] = {}

        def take(field: str, check: Callable[[str], str]) -> str:
            try:
                return check(getattr(self, field))
            except InvalidInput as error:
                wrong[field] = str(error)
                return ""

        checked = OrderForm(
            buyer_name=take("buyer_name", _name),
            buyer_phone=take("buyer_phone", phone.normalise),
            buyer_email=take("buyer_email", emails.clean),
            recipient_name=take("recipient_name", _name),
            recipient_phone=take("recipient_phone", phone.normalise),
            zip_code=take("zip_code", _zip_code),
            road_address=take("road_address", _road_address),
            address_detail=take("address_detail", _at_most("address_detail")),
            delivery_memo=take("delivery_memo", _at_most("delivery_memo")),
            depositor=take("depositor", _at_most("name")),
            provider=take("provider", _provider),
            guest_password=take("guest_password", _password) if is_guest else "",
            agrees=self.agrees,
            seen_total=self.seen_total,
        )
        if not self.agrees:
            wrong["agrees"] = "주문 내용과 판매자에게 배송 정보를 주는 데 동의해 주세요."
        if wrong:
            raise FormWrong(wrong)
        return checked

    @property
    def amount_seen(self) -> Won:
        """Return the amount the buyer agreed to pay."""
        return Won(self.seen_total)


class _FieldWrong(InvalidInput):
    """One field is wrong for this reason."""

    message = "{reason}"


def _name(written: str) -> str:
    name = _at_most("name")(written)
    if not name:
        raise _FieldWrong(reason="이름을 적어 주세요.")
    return name


def _zip_code(written: str) -> str:
    code = unicodedata.normalize("NFKC", written).strip()
    if not _ZIP.fullmatch(code):
        raise _FieldWrong(reason="우편번호는 숫자 5자리입니다.")
    return code


def _road_address(written: str) -> str:
    address = _at_most("road_address")(written)
    if not address:
        raise _FieldWrong(reason="받는 곳의 도로명 주소를 적어 주세요.")
    return address


def _provider(written: str) -> str:
    if written not in {choice.value for choice in CHOICES}:
        raise _FieldWrong(reason="결제 방법을 골라 주세요.")
    return written


def _password(written: str) -> str:
    shortest, longest = PASSWORD_LENGTH
    if not shortest <= len(written) <= longest:
        raise _FieldWrong(reason=f"주문 조회 비밀번호를 {shortest}~{longest}자로 정해 주세요.")
    return written


def _at_most(name: str) -> Callable[[str], str]:
    def check(written: str) -> str:
        plain = " ".join(_visible(written).split())
        if len(plain) > _LONGEST[name]:
            raise _FieldWrong(reason=f"{_LONGEST[name]}자 안으로 적어 주세요.")
        return plain

    return check


def _visible(written: str) -> str:
    """Drop control and invisible signs, which no name or address has and logs must not carry."""
    return "".join(
        " " if sign.isspace() else sign
        for sign in unicodedata.normalize("NFC", written)
        if sign.isspace() or unicodedata.category(sign) not in ("Cc", "Cf", "Cs")
    )
