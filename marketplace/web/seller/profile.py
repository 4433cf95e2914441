"""The enterprise's own page as its owner writes it, and the account it is paid to."""

from __future__ import annotations

from importlib import import_module
from typing import ClassVar

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.core import clock
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError, InvalidInput
from marketplace.enterprises import bank_accounts, profile
from marketplace.enterprises.application_facts import LONGEST
from marketplace.enterprises.documents import MAX_BYTES
from marketplace.web import documents as files
from marketplace.web import forms, limits
from marketplace.web.errors import status_of
from marketplace.web.guards import SELLER_OWNER, allow
from marketplace.web.pictures import picture_url

bp = Blueprint("seller_profile", __name__, url_prefix="/seller/profile")


class ProfileForm(forms.BaseForm):
    """What the enterprise says of itself."""

    tagline = forms.text_field("한 줄 소개", longest=LONGEST["tagline"], required=False)
    story = forms.long_text_field("가게 이야기", longest=LONGEST["story"], required=False)
    phone = forms.text_field("가게 전화", longest=LONGEST["phone"], attributes={"type": "tel"})
    picture_alt = forms.text_field("사진을 설명하는 글", longest=200, required=False)
    accepts_counter_coupons = forms.checkbox_field("가게 계산대에서 쿠폰을 받습니다")


class AccountForm(forms.BaseForm):
    """Where the enterprise is paid."""

    aliases: ClassVar[dict[str, str]] = {}

    bank_code = forms.select_field("은행", [("", "고르세요"), *bank_accounts.BANKS.items()])
    account_number = forms.text_field(
        "계좌번호",
        longest=LONGEST["account_number"],
        attributes={"inputmode": "numeric", "autocomplete": "off"},
    )
    account_holder = forms.text_field("예금주", longest=LONGEST["account_holder"])


@bp.get("")
@allow(SELLER_OWNER)
def show() -> ResponseReturnValue:
    """Show the profile to be changed."""
    return _page()


@bp.post("")
@allow(SELLER_OWNER)
def save() -> ResponseReturnValue:
    """Write the profile; a picture is checked and re-encoded first."""
    form = ProfileForm.sent()
    if not form.validate():
        return _page(form), status_of(InvalidInput)
    try:
        key = _picture_key()
        in_transaction(
            lambda: profile.change(
                enterprise_id=_enterprise_id(),
                profile=profile.Profile(
                    tagline=form.tagline.data or "",
                    story=form.story.data or "",
                    phone=form.phone.data,
                    accepts_counter_coupons=form.accepts_counter_coupons.data,
                    picture_key=key,
                    picture_alt=form.picture_alt.data or "",
                ),
                by=current_user.person_id,
                ip=limits.client_address(),
            )
        )
    except DomainError as error:
        form.refuse(error)
        return _page(form), status_of(error)
    flash("가게 소개를 저장했습니다.")
    return redirect(url_for(".show"), code=303)


@bp.post("/account")
@allow(SELLER_OWNER)
def change_account() -> ResponseReturnValue:
    """Pay the enterprise to another account from now on."""
    form = AccountForm.sent()
    if not form.validate():
        return _page(account_form=form), status_of(InvalidInput)
    try:
        in_transaction(
            lambda: bank_accounts.change(
                enterprise_id=_enterprise_id(),
                bank_code=form.bank_code.data,
                number=form.account_number.data,
                holder=form.account_holder.data,
                by=current_user.person_id,
                at=clock.now(),
                ip=limits.client_address(),
            )
        )
    except DomainError as error:
        form.refuse(error)
        return _page(account_form=form), status_of(error)
    flash("정산 받을 계좌를 바꾸었습니다. 대표와 구청에 알렸습니다.")
    return redirect(url_for(".show"), code=303)


def _enterprise_id() -> int:
    enterprise_id: int = current_user.membership.enterprise_id
    return enterprise_id


def _picture_key() -> str | None:
    _, content = files.sent("picture", most=MAX_BYTES)
    if not content:
        if request.form.get("drop_picture"):
            return None
        return profile.get(_enterprise_id()).picture_key
    # Late: a web process that takes in no picture does without the codecs.
    stored = import_module("marketplace.catalog.pictures").store(content, files.storage())
    key: str = stored.key
    return key


def _page(form: ProfileForm | None = None, *, account_form: AccountForm | None = None) -> str:
    current = profile.get(_enterprise_id())
    return render_template(
        "seller/profile.html",
        name=current_user.membership.enterprise_name,
        slug=current_user.membership.enterprise_slug,
        form=form or ProfileForm(obj=current),
        account_form=account_form or AccountForm(),
        account=bank_accounts.find_current(_enterprise_id()),
        picture=picture_url(current.picture_key, 320, "jpg") if current.picture_key else None,
        picture_alt=current.picture_alt,
    )
