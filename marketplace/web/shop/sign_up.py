"""Joining the mall and confirming the address."""

from __future__ import annotations

import base64

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.accounts import consents, emails, mailed_links, people, queries, sign_up
from marketplace.accounts.consents import ConsentKind
from marketplace.accounts.mailed_links import TokenPurpose
from marketplace.core import clock, sealing
from marketplace.core.db import transaction
from marketplace.core.errors import DomainError, InvalidInput
from marketplace.web import forms, limits
from marketplace.web.errors import status_of
from marketplace.web.guards import EVERYONE, allow
from marketplace.web.returning import safe_path
from marketplace.web.shop import sign_in

bp = Blueprint("shop_sign_up", __name__, url_prefix="/sign-up")

_JUST_MAILED = "just-mailed"


class SignUpForm(forms.BaseForm):
    """What somebody types to join. Every consent stands alone and none is ticked."""

    email = forms.text_field(
        "이메일",
        longest=emails.LONGEST,
        attributes={"type": "email", "autocomplete": "email", "inputmode": "email"},
    )
    password = forms.password_field("비밀번호", autocomplete="new-password")
    name = forms.text_field(
        "이름", longest=people.LONGEST_NAME, attributes={"autocomplete": "name"}
    )
    phone = forms.text_field(
        "휴대전화",
        longest=30,
        attributes={"type": "tel", "autocomplete": "tel", "inputmode": "tel"},
    )
    birth_on = forms.date_field("생년월일", autocomplete="bday")
    dong_code = forms.select_field("사는 동", [], required=False)
    terms = forms.checkbox_field("이용약관 동의", refusal="이용약관에 동의해 주세요.")
    privacy_required = forms.checkbox_field(
        "개인정보 수집·이용 동의", refusal="필수 개인정보 수집·이용에 동의해 주세요."
    )
    privacy_optional = forms.checkbox_field("개인정보 수집·이용 동의")
    coupon_eligibility_check = forms.checkbox_field("쿠폰 받을 자격 확인 동의")
    marketing_email = forms.checkbox_field("이메일 광고 수신 동의")
    marketing_sms = forms.checkbox_field("문자 광고 수신 동의")
    marketing_night = forms.checkbox_field("야간 광고 수신 동의")

    @property
    def agreed(self) -> list[ConsentKind]:
        """List what was ticked."""
        return [kind for kind in consents.TEXTS if self[kind.value].data]


class AgainForm(forms.BaseForm):
    """Where to send the confirming mail once more."""

    email = forms.text_field(
        "이메일",
        longest=emails.LONGEST,
        attributes={"type": "email", "autocomplete": "email", "inputmode": "email"},
    )


@bp.get("")
@allow(EVERYONE)
def show() -> ResponseReturnValue:
    """Ask for what a member must tell, and for each consent."""
    if current_user.is_authenticated:
        return redirect(url_for("shop_my.show"), code=303)
    return _page(_form(SignUpForm()))


@bp.post("")
@allow(EVERYONE)
def join() -> ResponseReturnValue:
    """Make somebody a member, or tell the member there is already; the page looks the same."""
    form = _form(SignUpForm.sent())
    if not form.validate():
        return _page(form), status_of(InvalidInput)
    try:
        limits.spend(limits.SIGN_UP_ADDRESS)
        with transaction():
            sign_up.sign_up(_application(form), at=clock.now(), ip=limits.client_address())
    except DomainError as error:
        form.refuse(error)
        return _page(form), status_of(error)
    _remember(form.email.data)
    return redirect(url_for(".sent"), code=303)


@bp.get("/sent")
@allow(EVERYONE)
def sent() -> ResponseReturnValue:
    """Say that a mail is on its way, and offer another one."""
    return render_template(
        "shop/account/confirm_sent.html", form=AgainForm(data={"email": _remembered()})
    )


@bp.post("/sent")
@allow(EVERYONE)
def send_again() -> ResponseReturnValue:
    """Mail the confirming link once more."""
    form = AgainForm.sent()
    if not form.validate():
        return render_template("shop/account/confirm_sent.html", form=form), status_of(InvalidInput)
    limits.spend(limits.RESET_ADDRESS)
    limits.spend(limits.RESET_ACCOUNT, "confirm", emails.key(form.email.data))
    with transaction():
        sign_up.send_again(email=form.email.data)
    _remember(form.email.data)
    flash("확인 메일을 다시 보냈습니다. 몇 분 안에 오지 않으면 스팸함도 살펴보세요.")
    return redirect(url_for(".sent"), code=303)


@bp.get("/confirm/<token>")
@allow(EVERYONE)
def confirm(token: str) -> ResponseReturnValue:
    """Ask for a click, so that a mail scanner that opens every link confirms nothing."""
    alive = mailed_links.is_alive(token, purpose=TokenPurpose.CONFIRM_EMAIL, at=clock.now())
    page = render_template("shop/account/confirm.html", token=token, is_alive=alive)
    return page, 200 if alive else status_of(mailed_links.LinkDead)


@bp.post("/confirm/<token>")
@allow(EVERYONE)
def confirmed(token: str) -> ResponseReturnValue:
    """Confirm the address the link was mailed to."""
    try:
        with transaction():
            sign_up.confirm_email(token=token, at=clock.now())
    except mailed_links.LinkDead as error:
        page = render_template("shop/account/confirm.html", token=token, is_alive=False)
        return page, status_of(error)
    flash("이메일을 확인했습니다. 이제 로그인할 수 있습니다.")
    onwards = safe_path(session.pop(sign_in.ONWARDS, None), default="") or None
    return redirect(url_for("shop_sign_in.show", next=onwards), code=303)


def _remember(email: str) -> None:
    # The session cookie is signed but readable; an address must not lie in it in the open.
    sealed = sealing.seal(email, purpose=_JUST_MAILED)
    session["just_mailed"] = base64.b64encode(sealed).decode()


def _remembered() -> str:
    kept = session.get("just_mailed")
    return sealing.unseal(base64.b64decode(kept), purpose=_JUST_MAILED) if kept else ""


def _form(form: SignUpForm) -> SignUpForm:
    form.dong_code.choices = [("", "고르지 않음"), *queries.list_dong()]
    return form


def _application(form: SignUpForm) -> sign_up.Application:
    return sign_up.Application(
        email=form.email.data,
        password=form.password.data,
        details=people.Details(
            name=form.name.data,
            phone=form.phone.data,
            birth_on=form.birth_on.data,
            dong_code=form.dong_code.data or None,
        ),
        consents=form.agreed,
    )


def _page(form: SignUpForm) -> str:
    return render_template(
        "shop/account/sign_up.html",
        form=form,
        texts=list(consents.TEXTS.values()),
        today=clock.now().date(),
        path=request.path,
    )
