"""How the enterprise ships: its policies."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from marketplace.catalog import shipping_policies
from marketplace.catalog.shipping_policies import KIND_NAMES, ShippingKind, Terms
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError, InvalidInput
from marketplace.core.money import Won
from marketplace.web import forms
from marketplace.web.errors import status_of
from marketplace.web.guards import SELLER, allow
from marketplace.web.seller import own_shop, product_form

bp = Blueprint("seller_shipping", __name__, url_prefix="/seller/shipping")

_NUMERIC: Final = {"inputmode": "numeric", "autocomplete": "off"}
_FEES: Final = ("fee", "jeju_surcharge", "island_surcharge", "return_fee")


def _won(label: str, *, required: bool = True) -> Any:
    return forms.text_field(label, longest=12, required=required, attributes=_NUMERIC)


class PolicyForm(forms.BaseForm):
    """One way to ship."""

    name = forms.text_field("이름", longest=40)
    kind = forms.select_field(
        "배송비 방식", [(kind.value, name) for kind, name in KIND_NAMES.items()]
    )
    fee = _won("배송비")
    free_over = _won("무료배송 기준 금액", required=False)
    fee_per_units = _won("배송비를 받는 개수", required=False)
    jeju_surcharge = _won("제주 추가 배송비")
    island_surcharge = _won("도서산간 추가 배송비")
    return_fee = _won("반품 배송비(편도)")
    is_default = forms.checkbox_field("새 상품의 기본 배송 정책으로 쓰기")


@bp.get("")
@allow(SELLER)
def index() -> ResponseReturnValue:
    """List the policies."""
    return render_template(
        "seller/shipping/index.html",
        policies=shipping_policies.list_own(own_shop.enterprise_id()),
        names=KIND_NAMES,
    )


@bp.get("/new")
@allow(SELLER)
def new() -> ResponseReturnValue:
    """Show an empty form."""
    usual = {"fee": "3,000", "jeju_surcharge": "3,000", "island_surcharge": "5,000"}
    return _page(PolicyForm(None, kind="paid", return_fee="3,000", **usual))


@bp.post("/new")
@allow(SELLER)
def add() -> ResponseReturnValue:
    """Write a policy."""
    enterprise_id = own_shop.enterprise_id()
    form = PolicyForm.sent()
    terms = _terms(form)
    if terms is None:
        return _page(form), status_of(InvalidInput)
    try:
        in_transaction(lambda: shipping_policies.add(enterprise_id=enterprise_id, terms=terms))
    except DomainError as error:
        form.refuse(error)
        return _page(form), status_of(error)
    flash("배송 정책을 만들었습니다.", "ok")
    return redirect(url_for(".index"), code=303)


@bp.get("/<int:policy_id>")
@allow(SELLER)
def edit(policy_id: int) -> ResponseReturnValue:
    """Show a policy to change."""
    policy = shipping_policies.get(policy_id=policy_id, enterprise_id=own_shop.enterprise_id())
    filled = {name: f"{getattr(policy, name):,}" for name in _FEES}
    form = PolicyForm(
        None,
        name=policy.name,
        kind=policy.kind.value,
        free_over="" if policy.free_over is None else f"{policy.free_over:,}",
        fee_per_units="" if policy.fee_per_units is None else str(policy.fee_per_units),
        is_default=policy.is_default,
        **filled,
    )
    return _page(form, policy_id)


@bp.post("/<int:policy_id>")
@allow(SELLER)
def save(policy_id: int) -> ResponseReturnValue:
    """Change a policy."""
    enterprise_id = own_shop.enterprise_id()
    shipping_policies.get(policy_id=policy_id, enterprise_id=enterprise_id)
    form = PolicyForm.sent()
    terms = _terms(form)
    if terms is None:
        return _page(form, policy_id), status_of(InvalidInput)
    try:
        in_transaction(
            lambda: shipping_policies.change(
                policy_id=policy_id, enterprise_id=enterprise_id, terms=terms
            )
        )
    except InvalidInput as error:
        form.refuse(error)
        return _page(form, policy_id), status_of(error)
    flash("배송 정책을 고쳤습니다. 이미 받은 주문의 배송비는 그대로입니다.", "ok")
    return redirect(url_for(".index"), code=303)


def _terms(form: Any) -> Terms | None:
    is_whole = form.validate()
    fees = {name: product_form.number_in(form[name]) for name in _FEES}
    extra = {
        name: product_form.number_in(form[name]) if form[name].data else None
        for name in ("free_over", "fee_per_units")
    }
    is_read = not any(form[name].errors for name in extra)
    if not is_whole or not is_read or None in fees.values():
        return None
    return Terms(
        name=form.name.data,
        kind=ShippingKind(form.kind.data),
        free_over=None if extra["free_over"] is None else Won(extra["free_over"]),
        fee_per_units=extra["fee_per_units"],
        is_default=form.is_default.data,
        **{name: Won(fee or 0) for name, fee in fees.items()},
    )


def _page(form: Any, policy_id: int | None = None) -> str:
    return render_template("seller/shipping/edit.html", form=form, policy_id=policy_id)
