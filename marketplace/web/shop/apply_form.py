"""What an enterprise types to apply. A draft is kept however little of it is there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from flask import request

from marketplace.accounts import queries
from marketplace.enterprises import bank_accounts, designations
from marketplace.enterprises.application_desk import ApplicationView
from marketplace.enterprises.application_facts import (
    LONGEST,
    MOST_DESIGNATIONS,
    Claimed,
    Problem,
    Stated,
)
from marketplace.web import forms

_KINDS: Final = [
    ("", "고르세요"),
    *((kind.value, text) for kind, text in designations.LABELS.items()),
]


class ApplicationForm(forms.BaseForm):
    """The facts of an enterprise; only what a draft is known by must be there."""

    name = forms.text_field("상호", longest=LONGEST["name"])
    business_number = forms.text_field(
        "사업자등록번호",
        longest=LONGEST["business_number"],
        attributes={"inputmode": "numeric", "autocomplete": "off"},
    )
    dong_code = forms.select_field("동", [])
    tagline = forms.text_field("한 줄 소개", longest=LONGEST["tagline"], required=False)
    story = forms.long_text_field("가게 이야기", longest=LONGEST["story"], required=False)
    representative_name = forms.text_field(
        "대표자", longest=LONGEST["representative_name"], required=False
    )
    mail_order_number = forms.text_field(
        "통신판매업 신고번호", longest=LONGEST["mail_order_number"], required=False
    )
    phone = forms.text_field(
        "가게 전화", longest=LONGEST["phone"], required=False, attributes={"type": "tel"}
    )
    email = forms.text_field(
        "가게 이메일", longest=LONGEST["email"], required=False, attributes={"type": "email"}
    )
    zip_code = forms.text_field(
        "우편번호",
        longest=LONGEST["zip_code"],
        required=False,
        attributes={"inputmode": "numeric"},
    )
    road_address = forms.text_field("도로명 주소", longest=LONGEST["road_address"], required=False)
    address_detail = forms.text_field(
        "상세 주소", longest=LONGEST["address_detail"], required=False
    )
    bank_code = forms.select_field(
        "은행", [("", "고르세요"), *bank_accounts.BANKS.items()], required=False
    )
    account_number = forms.text_field(
        "계좌번호",
        longest=LONGEST["account_number"],
        required=False,
        attributes={"inputmode": "numeric", "autocomplete": "off"},
    )
    account_holder = forms.text_field("예금주", longest=LONGEST["account_holder"], required=False)


class DesignationForm(forms.BaseForm):
    """One designation; days are kept as they were typed."""

    kind = forms.select_field("종류", _KINDS, required=False)
    number = forms.text_field("번호", longest=LONGEST["number"], required=False)
    authority = forms.text_field("지정 기관", longest=LONGEST["authority"], required=False)
    granted_on = forms.text_field(
        "지정일", longest=10, required=False, attributes={"placeholder": "2024-05-01"}
    )
    expires_on = forms.text_field(
        "만료일", longest=10, required=False, attributes={"placeholder": "없으면 비워 두세요"}
    )


class Sheet:
    """The whole form: facts and a row for each designation, one empty row behind them."""

    def __init__(self, form: ApplicationForm, rows: Sequence[DesignationForm]) -> None:
        form.dong_code.choices = [("", "고르세요"), *queries.list_dong()]
        self.form = form
        self.rows = list(rows)

    @classmethod
    def blank(cls, *, email: str) -> Sheet:
        """Return an empty form."""
        return cls(ApplicationForm(data={"email": email}), [_row(0)])

    @classmethod
    def of(cls, view: ApplicationView) -> Sheet:
        """Return the form filled with an application."""
        rows = [_row(place, claimed) for place, claimed in enumerate(view.designations)]
        if len(rows) < MOST_DESIGNATIONS:
            rows.append(_row(len(rows)))
        return cls(ApplicationForm(obj=view), rows)

    @classmethod
    def sent(cls) -> Sheet:
        """Return the form as it was sent."""
        rows = [
            DesignationForm(request.form, prefix=f"d{place}-")
            for place in range(MOST_DESIGNATIONS)
            if f"d{place}-number" in request.form
        ]
        return cls(ApplicationForm.sent(), rows or [_row(0)])

    def validate(self) -> bool:
        """Tell whether what was typed can be kept."""
        facts_hold = self.form.validate()
        rows_hold = [row.validate() for row in self.rows]
        return bool(facts_hold) and all(rows_hold)

    def point_out(self, problems: Sequence[Problem]) -> None:
        """Say beside each field what is missing, as it would be refused."""
        for problem in problems:
            place, _, name = problem.field.partition("-")
            row = next((row for row in self.rows if row.kind.name == f"{place}-kind"), None)
            form = row if row is not None else self.form
            field = name if row is not None else problem.field
            if field in form:
                form[field].errors = [*form[field].errors, problem.text]

    @property
    def stated(self) -> Stated:
        """Return everything that was typed."""
        return Stated(
            **{name: self.form[name].data or "" for name in self.form.data},
            designations=tuple(
                Claimed(
                    kind=row.kind.data or "",
                    number=row.number.data or "",
                    authority=row.authority.data or "",
                    granted_on=row.granted_on.data or "",
                    expires_on=row.expires_on.data or "",
                )
                for row in self.rows
            ),
        )


def _row(place: int, claimed: Claimed | None = None) -> DesignationForm:
    return DesignationForm(prefix=f"d{place}-", obj=claimed)
