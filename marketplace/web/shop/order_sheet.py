"""The order sheet as a form, and the sealed copy of it that survives a sign-in."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any, ClassVar, Final

from flask import Response, request
from werkzeug.datastructures import MultiDict
from wtforms import HiddenField, PasswordField, RadioField
from wtforms.validators import ValidationError

from marketplace.accounts.addresses import Entry, Written
from marketplace.checkout.order_form import PASSWORD_LENGTH, FormWrong, OrderForm
from marketplace.core import sealing
from marketplace.payments.codes import ProviderCode
from marketplace.web import forms

NEW_PLACE: Final = "new"
MEMOS: Final = (
    "문 앞에 놓아 주세요",
    "경비실에 맡겨 주세요",
    "택배함에 넣어 주세요",
    "배송 전에 전화해 주세요",
)
_DRAFT_COOKIE: Final = "order_sheet"
_DRAFT_PATH: Final = "/checkout"
_DRAFT_SECONDS: Final = 1800
# A cookie holds 4 KB; sealed and encoded, this much text stays below it.
_DRAFT_LONGEST: Final = 2_600
_NOT_KEPT: Final = frozenset({"guest_password", "csrf_token", "seen_total", "as_member"})
_SELLERS_REFUSAL: Final = "판매자가 상품을 보내려면 배송 정보가 있어야 합니다."


class _OpenRadio(RadioField):  # type: ignore[misc]
    """Buttons of which one may be missing: the domain says what that means."""

    def pre_validate(self, form: forms.BaseForm) -> None:  # noqa: ARG002
        """Refuse what was not offered; nothing chosen is for the domain to judge."""
        if self.data and self.data not in {value for value, *_ in self.choices or ()}:
            raise ValidationError("목록에서 골라 주세요.")


class OrderSheet(forms.BaseForm):
    """What the buyer writes, in the order it is asked."""

    aliases: ClassVar[dict[str, str]] = {"phone": "buyer_phone", "agrees": "agrees_order"}

    buyer_name = forms.text_field("이름", longest=40, attributes={"autocomplete": "name"})
    buyer_phone = forms.text_field(
        "휴대전화",
        longest=30,
        attributes={"type": "tel", "autocomplete": "tel", "inputmode": "tel"},
    )
    buyer_email = forms.text_field(
        "이메일",
        longest=254,
        attributes={"type": "email", "autocomplete": "email", "inputmode": "email"},
    )
    # Asked of guests only, so the domain says whether it is missing; never shown again.
    guest_password = PasswordField(
        "주문 조회 비밀번호",
        render_kw={"autocomplete": "new-password", "maxlength": str(PASSWORD_LENGTH[1])},
    )
    place = _OpenRadio("배송지")
    same_as_buyer = forms.checkbox_field("주문하시는 분과 같습니다")
    recipient_name = forms.text_field(
        "받는 분", longest=40, required=False, attributes={"autocomplete": "shipping name"}
    )
    recipient_phone = forms.text_field(
        "받는 분 전화",
        longest=30,
        required=False,
        attributes={"type": "tel", "autocomplete": "shipping tel", "inputmode": "tel"},
    )
    zip_code = forms.text_field(
        "우편번호",
        longest=10,
        required=False,
        attributes={"autocomplete": "shipping postal-code", "inputmode": "numeric"},
    )
    road_address = forms.text_field(
        "도로명 주소",
        longest=200,
        required=False,
        attributes={"autocomplete": "shipping address-line1"},
    )
    address_detail = forms.text_field(
        "상세 주소",
        longest=100,
        required=False,
        attributes={"autocomplete": "shipping address-line2"},
    )
    keep_address = forms.checkbox_field("이 주소를 배송지 목록에 저장하기")
    delivery_memo = forms.text_field(
        "배송 메모",
        longest=200,
        required=False,
        attributes={"list": "memos", "autocomplete": "off"},
    )
    # Judged by the domain alone: what may be chosen changes with the amount, and goods that sold
    # out or became dearer meanwhile are what the buyer must be told of.
    provider = RadioField("결제 방법", validate_choice=False)
    depositor = forms.text_field(
        "입금자명", longest=40, required=False, attributes={"autocomplete": "off"}
    )
    agrees_privacy = forms.checkbox_field("비회원 개인정보 수집·이용에 동의합니다")
    agrees_sellers = forms.checkbox_field(
        "판매자에게 배송 정보를 주는 데 동의합니다", refusal=_SELLERS_REFUSAL
    )
    agrees_order = forms.checkbox_field(
        "주문할 상품과 금액을 확인했으며 결제에 동의합니다",
        refusal="주문 내용을 확인하고 동의해 주세요.",
    )
    attempt_key = HiddenField()

    def offer(self, entries: Sequence[Entry], providers: Sequence[tuple[str, str]]) -> None:
        """Fill the lists of what may be chosen; what is the only choice is chosen."""
        self.entries = {str(entry.id): entry for entry in entries}
        places = [(key, entry.label) for key, entry in self.entries.items()]
        self.place.choices = [*places, (NEW_PLACE, "다른 곳으로 보내기")]
        # One that was sent and is not there any more is refused, never replaced by another.
        if not self.place.raw_data and self.place.data not in {
            key for key, _ in self.place.choices
        }:
            self.place.data = places[0][0] if places else NEW_PLACE
        self.provider.choices = list(providers)
        if len(providers) == 1:
            self.provider.data = providers[0][0]

    @property
    def entry(self) -> Entry | None:
        """Return the address of the book that was chosen, if one was."""
        return self.entries.get(self.place.data)

    @property
    def zip_in_use(self) -> str:
        """Return the postcode the price depends on."""
        return self.entry.zip_code if self.entry else (self.zip_code.data or "")

    @property
    def written(self) -> Written:
        """Return the address as it goes into the book."""
        sheet = self.order_form(seen_total=0)
        return Written(
            label="",
            recipient_name=sheet.recipient_name,
            recipient_phone=sheet.recipient_phone,
            zip_code=sheet.zip_code,
            road_address=sheet.road_address,
            address_detail=sheet.address_detail,
        )

    def order_form(self, *, seen_total: int) -> OrderForm:
        """Return the sheet in the words of the domain."""
        entry, same = self.entry, bool(self.same_as_buyer.data)
        name = self.buyer_name.data if same else self.recipient_name.data
        phone = self.buyer_phone.data if same else self.recipient_phone.data
        return OrderForm(
            buyer_name=self.buyer_name.data or "",
            buyer_phone=self.buyer_phone.data or "",
            buyer_email=self.buyer_email.data or "",
            recipient_name=entry.recipient_name if entry else (name or ""),
            recipient_phone=entry.recipient_phone if entry else (phone or ""),
            zip_code=entry.zip_code if entry else (self.zip_code.data or ""),
            road_address=entry.road_address if entry else (self.road_address.data or ""),
            address_detail=entry.address_detail if entry else (self.address_detail.data or ""),
            delivery_memo=self.delivery_memo.data or "",
            # 0 won are paid by nobody: then nothing was to be chosen.
            provider=self.provider.data if self.provider.choices else ProviderCode.STRIPE.value,
            depositor=self.depositor.data or "",
            guest_password=self.guest_password.data or "",
            seen_total=seen_total,
            agrees=bool(self.agrees_order.data and self.agrees_sellers.data),
        )

    def complete(self, *, is_guest: bool, seen_total: int) -> bool:
        """Check by the form's rules and the domain's at once; say whether all is well."""
        self.validate()
        if is_guest and not self.agrees_privacy.data:
            self.agrees_privacy.errors = ["주문과 배송에 꼭 필요한 정보입니다. 동의해 주세요."]
        try:
            self.order_form(seen_total=seen_total).checked(is_guest=is_guest)
        except FormWrong as error:
            self._note(error)
        return not self.errors

    def _note(self, error: FormWrong) -> None:
        same = bool(self.same_as_buyer.data)
        for name, why in error.fields.items():
            # The box already says so itself, and a copy needs no second complaint.
            if name == "agrees" or (same and name in ("recipient_name", "recipient_phone")):
                continue
            field = self[name]
            if not field.errors:
                field.errors = [why]


def keep_draft(response: Response, *, secure: bool) -> Response:
    """Put what was typed into a sealed cookie, until the buyer has signed in."""
    fields = {
        name: values
        for name, values in request.form.to_dict(flat=False).items()
        if name not in _NOT_KEPT and hasattr(OrderSheet, name)
    }
    text = json.dumps(fields, ensure_ascii=False)
    if len(text.encode()) > _DRAFT_LONGEST:
        return response
    sealed = base64.urlsafe_b64encode(sealing.seal(text, purpose=_DRAFT_COOKIE)).decode()
    response.set_cookie(
        _DRAFT_COOKIE,
        sealed,
        max_age=_DRAFT_SECONDS,
        path=_DRAFT_PATH,
        secure=secure,
        httponly=True,
        samesite="Lax",
    )
    return response


def drop_draft(response: Response) -> Response:
    """Forget the sealed copy."""
    if _DRAFT_COOKIE in request.cookies:
        response.delete_cookie(_DRAFT_COOKIE, path=_DRAFT_PATH)
    return response


def find_draft() -> OrderSheet | None:
    """Return the sheet from its sealed copy, or None when there is none to be read."""
    cookie = request.cookies.get(_DRAFT_COOKIE)
    if not cookie:
        return None
    try:
        text = sealing.unseal(base64.urlsafe_b64decode(cookie), purpose=_DRAFT_COOKIE)
        fields: dict[str, list[str]] = json.loads(text)
    except (sealing.SealBroken, binascii.Error, ValueError):
        return None
    pairs: list[tuple[str, Any]] = [
        (name, value) for name, values in fields.items() for value in values
    ]
    return OrderSheet(MultiDict(pairs))
