"""The member's address book."""

from __future__ import annotations

from typing import ClassVar

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.accounts import addresses
from marketplace.core.db import transaction
from marketplace.core.errors import DomainError, InvalidInput
from marketplace.web import forms
from marketplace.web.errors import status_of
from marketplace.web.guards import MEMBER, allow

bp = Blueprint("shop_addresses", __name__, url_prefix="/my/addresses")


class AddressForm(forms.BaseForm):
    """One address of the book."""

    aliases: ClassVar[dict[str, str]] = {"phone": "recipient_phone"}

    label = forms.text_field("주소 이름", longest=addresses.LONGEST["label"], required=False)
    recipient_name = forms.text_field(
        "받는 분",
        longest=addresses.LONGEST["recipient_name"],
        attributes={"autocomplete": "name"},
    )
    recipient_phone = forms.text_field(
        "받는 분 전화",
        longest=30,
        attributes={"type": "tel", "autocomplete": "tel", "inputmode": "tel"},
    )
    zip_code = forms.text_field(
        "우편번호",
        longest=10,
        attributes={"autocomplete": "postal-code", "inputmode": "numeric"},
    )
    road_address = forms.text_field(
        "도로명 주소",
        longest=addresses.LONGEST["road_address"],
        attributes={"autocomplete": "address-line1"},
    )
    address_detail = forms.text_field(
        "상세 주소",
        longest=addresses.LONGEST["address_detail"],
        required=False,
        attributes={"autocomplete": "address-line2"},
    )
    is_default = forms.checkbox_field("기본 배송지로 두기")

    @property
    def written(self) -> addresses.Written:
        """Return the address as it was typed."""
        return addresses.Written(
            label=self.label.data or "",
            recipient_name=self.recipient_name.data,
            recipient_phone=self.recipient_phone.data,
            zip_code=self.zip_code.data,
            road_address=self.road_address.data,
            address_detail=self.address_detail.data or "",
        )


@bp.get("")
@allow(MEMBER)
def index() -> ResponseReturnValue:
    """List the member's addresses."""
    return render_template(
        "shop/account/addresses.html", entries=addresses.list_addresses(current_user.person_id)
    )


@bp.get("/new")
@allow(MEMBER)
def new() -> ResponseReturnValue:
    """Ask for an address."""
    return _page(AddressForm(), address_id=None)


@bp.post("/new")
@allow(MEMBER)
def add() -> ResponseReturnValue:
    """Add an address."""
    form = AddressForm.sent()
    if not form.validate():
        return _page(form, address_id=None), status_of(InvalidInput)
    try:
        with transaction():
            addresses.add(
                person_id=current_user.person_id,
                written=form.written,
                is_default=form.is_default.data,
            )
    except DomainError as error:
        form.refuse(error)
        return _page(form, address_id=None), status_of(error)
    flash("주소를 더했습니다.")
    return redirect(url_for(".index"), code=303)


@bp.get("/<int:address_id>")
@allow(MEMBER)
def edit(address_id: int) -> ResponseReturnValue:
    """Show an address to be changed."""
    entry = addresses.get_address(person_id=current_user.person_id, address_id=address_id)
    return _page(AddressForm(obj=entry), address_id=address_id)


@bp.post("/<int:address_id>")
@allow(MEMBER)
def change(address_id: int) -> ResponseReturnValue:
    """Change an address."""
    person_id = current_user.person_id
    addresses.get_address(person_id=person_id, address_id=address_id)
    form = AddressForm.sent()
    if not form.validate():
        return _page(form, address_id=address_id), status_of(InvalidInput)
    try:
        with transaction():
            addresses.change(person_id=person_id, address_id=address_id, written=form.written)
            if form.is_default.data:
                addresses.make_default(person_id=person_id, address_id=address_id)
    except DomainError as error:
        form.refuse(error)
        return _page(form, address_id=address_id), status_of(error)
    flash("주소를 바꾸었습니다.")
    return redirect(url_for(".index"), code=303)


@bp.post("/<int:address_id>/default")
@allow(MEMBER)
def make_default(address_id: int) -> ResponseReturnValue:
    """Let parcels go to this address unless told otherwise."""
    with transaction():
        addresses.make_default(person_id=current_user.person_id, address_id=address_id)
    flash("기본 배송지를 바꾸었습니다.")
    return redirect(url_for(".index"), code=303)


@bp.post("/<int:address_id>/remove")
@allow(MEMBER)
def remove(address_id: int) -> ResponseReturnValue:
    """Delete an address."""
    with transaction():
        addresses.remove(person_id=current_user.person_id, address_id=address_id)
    flash("주소를 지웠습니다.")
    return redirect(url_for(".index"), code=303)


def _page(form: AddressForm, *, address_id: int | None) -> str:
    return render_template("shop/account/address.html", form=form, address_id=address_id)
