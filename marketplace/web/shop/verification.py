"""자격 확인: what is known of the member, asking the desk, and proving who they are."""

from __future__ import annotations

from typing import ClassVar, Final

from flask import Blueprint, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.accounts import identity, people, queries, verification, verification_requests
from marketplace.accounts.identity import IdentityProvider, NoProvider
from marketplace.accounts.verification import VerificationKind
from marketplace.core import clock
from marketplace.core.db import transaction
from marketplace.core.errors import DomainError, InvalidInput
from marketplace.core.settings import Settings
from marketplace.coupons.eligibility import FACTS
from marketplace.web import forms, limits
from marketplace.web.errors import status_of
from marketplace.web.guards import MEMBER, allow

bp = Blueprint("shop_verification", __name__, url_prefix="/my/verification")

_ASKED: Final = (
    VerificationKind.RESIDENCE,
    VerificationKind.WORKPLACE,
    VerificationKind.STAFF,
)


class ResidenceForm(forms.BaseForm):
    """Which dong somebody lives in."""

    aliases: ClassVar[dict[str, str]] = {"value": "residence"}

    residence = forms.select_field("사는 동", [])


class WorkplaceForm(forms.BaseForm):
    """Where somebody works."""

    aliases: ClassVar[dict[str, str]] = {"value": "workplace"}

    workplace = forms.text_field(
        "직장 이름",
        longest=verification.LONGEST_WORKPLACE,
        attributes={"autocomplete": "organization"},
    )


class StaffForm(forms.BaseForm):
    """In which department somebody works."""

    aliases: ClassVar[dict[str, str]] = {"value": "staff"}

    staff = forms.select_field("부서", [])


class IdentityForm(forms.BaseForm):
    """Who somebody says they are."""

    name = forms.text_field(
        "이름", longest=people.LONGEST_NAME, attributes={"autocomplete": "name"}
    )
    birth_on = forms.date_field("생년월일", autocomplete="bday")
    phone = forms.text_field(
        "휴대전화",
        longest=30,
        attributes={"type": "tel", "autocomplete": "tel", "inputmode": "tel"},
    )


class AnswerForm(forms.BaseForm):
    """The number that came to the telephone."""

    answer = forms.text_field(
        "인증번호 6자리",
        longest=10,
        attributes={"inputmode": "numeric", "autocomplete": "one-time-code"},
    )


_FORMS: Final = {
    VerificationKind.RESIDENCE: ResidenceForm,
    VerificationKind.WORKPLACE: WorkplaceForm,
    VerificationKind.STAFF: StaffForm,
}


@bp.get("")
@allow(MEMBER)
def show() -> ResponseReturnValue:
    """Show what is verified and what can be asked for."""
    return _page()


@bp.post("/requests/<any(residence, workplace, staff):kind>")
@allow(MEMBER)
def ask(kind: str) -> ResponseReturnValue:
    """Ask the desk to look at a fact."""
    wanted = VerificationKind(kind)
    form = _with_choices(_FORMS[wanted].sent(), wanted)
    if not form.validate():
        return _page({wanted: form}), status_of(InvalidInput)
    try:
        with transaction():
            verification_requests.ask(
                person_id=current_user.person_id,
                kind=wanted,
                value=form[kind].data,
                at=clock.now(),
            )
    except DomainError as error:
        form.refuse(error)
        return _page({wanted: form}), status_of(error)
    flash("확인을 요청했습니다. 담당자가 확인하면 알림으로 알려 드립니다.")
    return redirect(url_for(".show"), code=303)


@bp.post("/identity")
@allow(MEMBER)
def start_identity() -> ResponseReturnValue:
    """Begin to prove who the member is."""
    form = IdentityForm.sent()
    if not form.validate():
        return _page(proof=form), status_of(InvalidInput)
    try:
        limits.spend(limits.IDENTITY, f"person:{current_user.person_id}")
        with transaction():
            identity.start(
                _provider(),
                person_id=current_user.person_id,
                name=form.name.data,
                birth_on=form.birth_on.data,
                phone=form.phone.data,
                at=clock.now(),
            )
    except DomainError as error:
        form.refuse(error)
        return _page(proof=form), status_of(error)
    return redirect(url_for(".show", _anchor="identity"), code=303)


@bp.post("/identity/answer")
@allow(MEMBER)
def answer_identity() -> ResponseReturnValue:
    """Take the number from the telephone."""
    form = AnswerForm.sent()
    if not form.validate():
        return _page(answer=form), status_of(InvalidInput)
    try:
        with transaction():
            wrong = identity.answer(
                _provider(),
                person_id=current_user.person_id,
                written=form.answer.data,
                at=clock.now(),
            )
        if wrong is not None:
            raise wrong
    except DomainError as error:
        form.refuse(error)
        return _page(answer=form), status_of(error)
    flash("본인 확인을 마쳤습니다.")
    return redirect(url_for(".show"), code=303)


def _page(
    sent: dict[VerificationKind, forms.BaseForm] | None = None,
    *,
    proof: IdentityForm | None = None,
    answer: AnswerForm | None = None,
) -> str:
    person_id, at = current_user.person_id, clock.now()
    person = queries.get_person(person_id)
    provider = _provider_if_any()
    asking = {
        kind: (sent or {}).get(kind) or _with_choices(_FORMS[kind](), kind) for kind in _ASKED
    }
    return render_template(
        "shop/account/verification.html",
        facts={fact.kind: fact for fact in verification.list_current(person_id=person_id, at=at)},
        words=FACTS,
        asks=verification_requests.list_own(person_id=person_id),
        asking=asking,
        has_provider=provider is not None,
        challenge=provider and identity.find_open(provider, person_id=person_id, at=at),
        proof=proof or IdentityForm(obj=person),
        answer=answer or AnswerForm(),
        no_provider=NoProvider(),
    )


def _with_choices(form: forms.BaseForm, kind: VerificationKind) -> forms.BaseForm:
    if kind is VerificationKind.RESIDENCE:
        form.residence.choices = [("", "골라 주세요"), *queries.list_dong()]
    elif kind is VerificationKind.STAFF:
        names = [name for _, name in queries.list_departments()]
        form.staff.choices = [("", "골라 주세요"), *((name, name) for name in names)]
    return form


def _provider() -> IdentityProvider:
    settings: Settings = current_app.extensions["settings"]
    return identity.provider_of(settings)


def _provider_if_any() -> IdentityProvider | None:
    try:
        return _provider()
    except NoProvider:
        return None
