"""The campaign wizard's form: every rule as a field, read into a plan and rules and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask import request
from werkzeug.datastructures import MultiDict
from wtforms import RadioField, SelectMultipleField
from wtforms.fields.choices import SelectChoice
from wtforms.widgets import CheckboxInput, ListWidget

from marketplace.accounts import queries as people
from marketplace.accounts.verification import VerificationKind
from marketplace.catalog import categories
from marketplace.core.calendar import day_in_seoul
from marketplace.core.clock import now
from marketplace.coupons import grants
from marketplace.coupons.campaigns import (
    AutomaticTrigger,
    CouponChannel,
    CouponKind,
    IssueMode,
)
from marketplace.coupons.eligibility import FACTS
from marketplace.coupons.grants import GrantCard
from marketplace.coupons.rule_words import KINDS
from marketplace.coupons.rules import ROUND_UNITS
from marketplace.enterprises import queries as enterprises
from marketplace.enterprises.designations import LABELS
from marketplace.web import forms

MODES: Final = {
    IssueMode.OPEN_CLAIM: "직접 받기(선착순)",
    IssueMode.SHARED_CODE: "공용 코드 입력",
    IssueMode.UNIQUE_CODES: "개별 번호(종이 쿠폰)",
    IssueMode.DIRECT_GRANT: "명단으로 지급",
    IssueMode.AUTOMATIC: "자동 지급",
}
TRIGGERS: Final = {
    AutomaticTrigger.SIGN_UP: "가입했을 때",
    AutomaticTrigger.BIRTHDAY: "생일에",
    AutomaticTrigger.FIRST_ORDER: "첫 주문을 마쳤을 때",
}
CHANNELS: Final = {
    CouponChannel.BOTH: "온라인과 가게 모두",
    CouponChannel.ONLINE: "온라인만",
    CouponChannel.COUNTER: "가게에서만",
}
_DAYS: Final = "월화수목금토일"
_VALIDITIES: Final = {"until": "정해진 날까지", "days": "받은 날부터 며칠"}
_NUMBER: Final = {"inputmode": "numeric", "autocomplete": "off"}
SHARE: Final = "share_"
# What a campaign is besides its rules: not asked when only rules are proposed.
PLAN_FIELDS: Final = (
    "name",
    "summary",
    "slug",
    "issue_mode",
    "shared_code",
    "trigger",
    "has_waiting_list",
    "cap",
    "starts_at",
    "ends_at",
)


def _radio(label: str, choices: Sequence[tuple[str, str]], *, default: str) -> Any:
    return RadioField(
        label, choices=[SelectChoice(value, text) for value, text in choices], default=default
    )


def _checks(label: str) -> Any:
    return SelectMultipleField(
        label, choices=[], widget=ListWidget(prefix_label=False), option_widget=CheckboxInput()
    )


def _amount(label: str, *, required: bool = False) -> Any:
    return forms.text_field(label, longest=15, required=required, attributes=_NUMBER)


def _typed(label: str, kind: str) -> Any:
    return forms.text_field(label, longest=20, required=False, attributes={"type": kind})


class CampaignForm(forms.BaseForm):
    """One campaign. Numbers are text fields: what was typed is shown again as it was typed."""

    name = forms.text_field("캠페인 이름", longest=60)
    summary = forms.text_field("주민에게 보이는 설명", longest=120, required=False)
    slug = forms.text_field(
        "쿠폰 주소", longest=60, required=False, attributes={"autocapitalize": "none"}
    )
    issue_mode = _radio(
        "어떻게 나누어 주나요", list(MODES.items()), default=IssueMode.OPEN_CLAIM.value
    )
    shared_code = forms.text_field("공용 코드", longest=20, required=False)
    trigger = forms.select_field(
        "자동 지급 시점", [("", "고르지 않음"), *TRIGGERS.items()], required=False
    )
    has_waiting_list = forms.checkbox_field("다 나가면 대기 신청을 받습니다")
    cap = _amount("발행 수량", required=True)
    starts_at = _typed("받기 시작", "datetime-local")
    ends_at = _typed("받기 끝", "datetime-local")

    kind = _radio("혜택 종류", list(KINDS.items()), default=CouponKind.FIXED.value)
    amount = _amount("금액")
    rate = forms.text_field(
        "할인율", longest=6, required=False, attributes={"inputmode": "decimal"}
    )
    max_discount = _amount("최대 할인")
    round_unit = forms.select_field(
        "절사 단위",
        [(str(unit), "1원까지" if unit == 1 else f"{unit:,}원 단위") for unit in ROUND_UNITS],
    )
    clip_over_budget = forms.checkbox_field("예산이 모자라면 남은 만큼만 할인합니다")

    channel = _radio("사용처", list(CHANNELS.items()), default=CouponChannel.BOTH.value)
    min_order = _amount("최소 주문 금액")
    min_order_after_previous = forms.checkbox_field("다른 쿠폰을 먼저 뺀 금액으로 따집니다")
    enterprises = _checks("가게")
    kinds = _checks("지정 종류")
    categories = _checks("분류")
    products = forms.text_field("상품 번호", longest=400, required=False)
    weekdays = _checks("쓸 수 있는 요일")
    hours_from = _typed("시작 시각", "time")
    hours_until = _typed("끝 시각", "time")

    validity = _radio("사용 기간", list(_VALIDITIES.items()), default="until")
    valid_until = _typed("마지막 날", "date")
    valid_days = _amount("일수")

    per_person_limit = _amount("한 사람이 받는 장수", required=True)
    per_day_limit = _amount("한 사람 하루 사용 횟수")
    per_month_limit = _amount("한 사람 한 달 사용 횟수")
    dong = _checks("거주 동")
    verified = _checks("확인을 받은 사람만")
    age_from = _amount("나이 시작")
    age_to = _amount("나이 끝")
    first_order = forms.checkbox_field("첫 주문에만 쓸 수 있습니다")

    stack_group = forms.text_field("중복 그룹", longest=30, required=False)
    exclusive = forms.checkbox_field("다른 쿠폰과 함께 쓸 수 없습니다(단독 사용)")
    priority = forms.text_field(
        "적용 순서", longest=4, required=False, attributes={"inputmode": "text"}
    )


@dataclass(frozen=True)
class Sheet:
    """The form with the grants it can be paid from, in their order."""

    form: Any
    grants: Sequence[GrantCard]

    @property
    def shares(self) -> list[tuple[GrantCard, Any]]:
        """Return each grant with the field of its share."""
        return [(grant, self.form[f"{SHARE}{grant.id}"]) for grant in self.grants]


def sent(*, keep: Sequence[int] = (), fixed: Mapping[str, str] | None = None) -> Sheet:
    """Read the form as it was sent; what is fixed counts instead of what was sent for it."""
    typed = MultiDict(request.form)
    if fixed is not None:
        for name in PLAN_FIELDS:
            typed.poplist(name)
        typed.update(fixed)
    return _sheet(typed, {}, keep)


def blank(defaults: Mapping[str, object] | None = None, *, keep: Sequence[int] = ()) -> Sheet:
    """Return the form as it is first shown; grants to keep are offered whatever their year."""
    return _sheet(None, defaults or {"per_person_limit": "1"}, keep)


def _sheet(typed: Any, defaults: Mapping[str, object], keep: Sequence[int]) -> Sheet:
    today = day_in_seoul(now())
    offered = [
        grant
        for grant in grants.list_grants()
        if grant.fiscal_year >= today.year or grant.id in keep
    ]
    fields = {
        f"{SHARE}{grant.id}": forms.text_field(
            f"{grant.funder} {grant.name} 비율",
            longest=6,
            required=False,
            attributes={"inputmode": "decimal", "autocomplete": "off"},
        )
        for grant in offered
    }
    form = type("SentCampaignForm", (CampaignForm,), fields)(typed, data=defaults)
    form.enterprises.choices = [
        SelectChoice(str(each.id), each.name) for each in enterprises.list_enterprises(on=today)
    ]
    form.kinds.choices = [SelectChoice(kind.value, label) for kind, label in LABELS.items()]
    form.categories.choices = [
        SelectChoice(str(each.id), each.name) for each in categories.list_categories()
    ]
    form.weekdays.choices = [SelectChoice(str(day), text) for day, text in enumerate(_DAYS)]
    form.dong.choices = [SelectChoice(code, name) for code, name in people.list_dong()]
    form.verified.choices = [SelectChoice(kind.value, FACTS[kind]) for kind in VerificationKind]
    return Sheet(form, offered)
