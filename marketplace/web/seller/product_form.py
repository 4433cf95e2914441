"""The form that says what a product is, and what it means for the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from flask import request
from wtforms.fields.choices import SelectChoice

from marketplace.catalog import categories, editing, import_sheet, notice_fields, shipping_policies
from marketplace.catalog.categories import CategoryNode
from marketplace.catalog.editing import Draft, TaxKind
from marketplace.catalog.own_products import OwnProduct
from marketplace.catalog.variants import LONGEST_CODE
from marketplace.core.errors import InvalidInput
from marketplace.core.money import Won
from marketplace.web import forms

_NOTICE: Final = "notice:"
_NUMERIC: Final = {"inputmode": "numeric", "autocomplete": "off"}
_LONGEST_NUMBER: Final = 15
_TAXES: Final = [(TaxKind.TAXABLE.value, "과세"), (TaxKind.TAX_FREE.value, "면세")]


class ProductForm(forms.BaseForm):
    """What an enterprise says of a product."""

    category_id = forms.select_field("분류", [])
    name = forms.text_field("상품명", longest=editing.LONGEST_NAME)
    summary = forms.text_field("짧은 소개", longest=editing.LONGEST_SUMMARY, required=False)
    consumer_price = forms.text_field("정가", longest=_LONGEST_NUMBER, attributes=_NUMERIC)
    price = forms.text_field("판매가", longest=_LONGEST_NUMBER, attributes=_NUMERIC)
    tax_kind = forms.select_field("과세 구분", _TAXES)
    shipping_policy_id = forms.select_field("배송 정책", [])
    lead_days = forms.text_field("출고까지 걸리는 날", longest=3, attributes=_NUMERIC)
    origin = forms.text_field("원산지", longest=editing.LONGEST_ORIGIN, required=False)
    tags = forms.text_field("태그", longest=250, required=False)
    is_gift = forms.checkbox_field("선물하기 좋은 상품으로 보여 주기")
    coupon_eligible = forms.checkbox_field("마중물 쿠폰을 쓸 수 있는 상품")
    story = forms.long_text_field("상세 설명", longest=editing.LONGEST_STORY, required=False)


class NewProductForm(ProductForm):
    """What is asked of a new product besides."""

    code = forms.text_field("판매자 상품코드", longest=LONGEST_CODE, required=False)
    stock = forms.text_field("재고", longest=_LONGEST_NUMBER, attributes=_NUMERIC)


def blank(enterprise_id: int) -> Any:
    """Return the form of a new product with what is usual."""
    policies = shipping_policies.list_own(enterprise_id)
    form = NewProductForm(
        None,
        lead_days="2",
        stock="0",
        coupon_eligible=True,
        shipping_policy_id=str(policies[0].id) if policies else "",
    )
    return _with_choices(form, enterprise_id)


def filled(product: OwnProduct, enterprise_id: int) -> Any:
    """Return the form filled with what is said of a product."""
    form = ProductForm(
        None,
        category_id=str(product.category_id),
        name=product.name,
        summary=product.summary,
        consumer_price=f"{product.consumer_price:,}",
        price=f"{product.price:,}",
        tax_kind=product.tax_kind.value,
        shipping_policy_id=str(product.shipping_policy_id),
        lead_days=str(product.lead_days),
        origin=product.origin,
        tags=", ".join(product.tags),
        is_gift=product.is_gift,
        coupon_eligible=product.coupon_eligible,
        story=product.story,
    )
    return _with_choices(form, enterprise_id)


def sent(kind: type[ProductForm], enterprise_id: int) -> Any:
    """Return the form as it was sent."""
    return _with_choices(kind.sent(), enterprise_id)


def draft_of(form: ProductForm) -> Draft | None:
    """Return what a form means; None when something in it cannot be meant."""
    is_whole = form.validate()
    numbers = {name: number_in(form[name]) for name in ("consumer_price", "price", "lead_days")}
    if not is_whole or None in numbers.values():
        return None
    return Draft(
        category_id=int(form.category_id.data),
        shipping_policy_id=int(form.shipping_policy_id.data),
        name=form.name.data,
        summary=form.summary.data or "",
        story=form.story.data or "",
        consumer_price=Won(numbers["consumer_price"] or 0),
        price=Won(numbers["price"] or 0),
        tax_kind=TaxKind(form.tax_kind.data),
        origin=form.origin.data or "",
        lead_days=numbers["lead_days"] or 0,
        is_gift=form.is_gift.data,
        coupon_eligible=form.coupon_eligible.data,
        tags=tuple(import_sheet.tags_of((form.tags.data or "").split(","))),
        notice=notice_sent(),
    )


def number_in(field: Any) -> int | None:
    """Return the whole number in a field; note beside it when there is none."""
    number = whole(field.data or "")
    if number is None and not field.errors:
        field.errors = ["숫자로 적어 주세요."]
    return number


def whole(text: str) -> int | None:
    """Return a whole number as people type it: 12,000 or -500; None when it is none."""
    plain = text.replace(",", "").replace("\N{MINUS SIGN}", "-").removesuffix("원").strip()
    digits = plain.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 12):
        return None
    return int(plain)


def need(text: str, words: str) -> int:
    """
    Return a whole number that must be there.

    :raises NumberMissing:
    """
    number = whole(text)
    if number is None:
        raise NumberMissing(words=words)
    return number


class NumberMissing(InvalidInput):
    message = "{words}: 숫자로 적어 주세요."


def notice_sent() -> dict[str, str]:
    """Return what was typed for the fields of a product notice."""
    return {
        name.removeprefix(_NOTICE): forms.shown_again(text)
        for name, text in request.form.items()
        if name.startswith(_NOTICE)
    }


def notice_rows(kind: str, said: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return the notice's fields of a kind as (name in the form, label, text)."""
    return [
        (f"{_NOTICE}{label}", label, said.get(label, "")) for label in notice_fields.fields_of(kind)
    ]


def kind_of(category_id: str | None, tree: Sequence[CategoryNode]) -> str:
    """Return the kind of notice a category asks for; of none, that of other goods."""
    return next((node.notice_kind for node in tree if str(node.id) == category_id), "")


def category_choices(tree: Sequence[CategoryNode]) -> list[tuple[str, str]]:
    """Return the categories a product can be in, each with its way from the top."""
    named = {node.id: node.name for node in tree}
    parents = {node.parent_id for node in tree}
    return [
        (str(node.id), " > ".join(named[step] for step in node.path))
        for node in tree
        if node.id not in parents
    ]


def _with_choices(form: Any, enterprise_id: int) -> Any:
    tree = categories.list_categories()
    policies = shipping_policies.list_own(enterprise_id)
    form.category_id.choices = [
        SelectChoice("", "골라 주세요"),
        *(SelectChoice(value, text) for value, text in category_choices(tree)),
    ]
    form.shipping_policy_id.choices = [
        SelectChoice(str(policy.id), f"{policy.name} · {shipping_policies.KIND_NAMES[policy.kind]}")
        for policy in policies
    ]
    form.tree = tree
    return form
