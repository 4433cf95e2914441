"""From the wizard's fields to a plan and rules, and back; every misreading beside its field."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import Any, Final, TypeVar

from marketplace.core.calendar import SEOUL
from marketplace.core.money import NotAPercentage, Won, percent
from marketplace.coupons.campaigns import (
    AutomaticTrigger,
    CouponChannel,
    CouponKind,
    IssueMode,
    Plan,
    Rules,
    RulesIncomplete,
)
from marketplace.coupons.rules import percent_text
from marketplace.web.office.campaign_form import SHARE, Sheet

T = TypeVar("T")

_WHOLE: Final = re.compile(r"-?[0-9]{1,12}", re.ASCII)
_UNTIL: Final = "until"
_ALIASES: Final = {"scope": "products"}


class _Unread(Exception):
    """A field that says nothing that can be meant."""


def read(sheet: Sheet) -> tuple[Plan, Rules] | None:
    """Return what the form says, or None with every misreading put beside its field."""
    form = sheet.form
    is_valid = form.validate()
    reader = _Reader(form)
    plan, rules = _plan(reader), _rules(reader, sheet)
    if not is_valid or reader.has_failed or plan is None:
        return None
    return plan, rules


def refuse(sheet: Sheet, error: RulesIncomplete) -> None:
    """Put each contradiction beside the field it means, or above the form."""
    aliases = {"grants": f"{SHARE}{sheet.grants[0].id}" if sheet.grants else "", **_ALIASES}
    for meant, text in error.fields.items():
        name = aliases.get(meant, meant)
        if name in sheet.form:
            sheet.form[name].errors = [*sheet.form[name].errors, text]
        else:
            sheet.form.form_errors = [*sheet.form.form_errors, text]


class _Reader:
    def __init__(self, form: Any) -> None:
        self.form = form
        self.has_failed = False

    def text(self, name: str) -> str:
        return str(self.form[name].data or "")

    def take(self, name: str, turn: Callable[[str], T], wrong: str) -> T | None:
        """Read a field that may be empty."""
        typed = self.text(name)
        if not typed:
            return None
        try:
            return turn(typed)
        except (_Unread, ValueError, OverflowError, NotAPercentage):
            self.fail(name, wrong)
            return None

    def whole(self, name: str) -> int | None:
        return self.take(name, _whole, "숫자로 적어 주세요. 쉼표는 넣어도 됩니다.")

    def need(self, name: str, turn: Callable[[str], T], wrong: str) -> T | None:
        """Read a field that must be filled."""
        if not self.text(name):
            self.fail(name, "이 항목을 채워 주세요.")
            return None
        return self.take(name, turn, wrong)

    def fail(self, name: str, text: str) -> None:
        self.has_failed = True
        if not self.form[name].errors:
            self.form[name].errors = [text]

    def chosen(self, name: str) -> list[str]:
        return list(self.form[name].data or [])

    def enum(self, name: str, kind: Callable[[str], T], default: T) -> T:
        try:
            return kind(self.text(name))
        except ValueError:
            return default


def _plan(reader: _Reader) -> Plan | None:
    moment = "날짜와 시각을 골라 주세요."
    starts_at = reader.need("starts_at", _instant, moment)
    ends_at = reader.need("ends_at", _instant, moment)
    cap = reader.whole("cap")
    if starts_at is None or ends_at is None or cap is None:
        return None
    mode = reader.enum("issue_mode", IssueMode, IssueMode.OPEN_CLAIM)
    trigger = reader.text("trigger")
    return Plan(
        name=reader.text("name"),
        summary=reader.text("summary"),
        slug=reader.text("slug").lower(),
        cap=cap,
        starts_at=starts_at,
        ends_at=ends_at,
        issue_mode=mode,
        shared_code=reader.text("shared_code").upper() or None,
        trigger=AutomaticTrigger(trigger) if trigger in set(AutomaticTrigger) else None,
        has_waiting_list=reader.form.has_waiting_list.data,
    )


def _rules(reader: _Reader, sheet: Sheet) -> Rules:
    form = reader.form
    until = reader.text("validity") == _UNTIL
    kind = reader.enum("kind", CouponKind, CouponKind.FIXED)
    return Rules(
        kind=kind,
        channel=reader.enum("channel", CouponChannel, CouponChannel.BOTH),
        grants=_shares(reader, sheet),
        amount=_won(reader.whole("amount")),
        rate_bps=reader.take("rate", _basis_points, "10 또는 12.5처럼 적어 주세요."),
        max_discount=_won(reader.whole("max_discount")),
        round_unit=int(reader.text("round_unit") or 1) if not form.round_unit.errors else 1,
        min_order=Won(reader.whole("min_order") or 0),
        scope=_scope(reader),
        hours=_hours(reader),
        eligibility=_eligibility(reader),
        stack_group=reader.text("stack_group"),
        exclusive=form.exclusive.data,
        priority=reader.whole("priority") or 0,
        clip_over_budget=form.clip_over_budget.data,
        per_person_limit=_or_one(reader.whole("per_person_limit")),
        per_day_limit=reader.whole("per_day_limit"),
        per_month_limit=reader.whole("per_month_limit"),
        min_order_after_previous=form.min_order_after_previous.data,
        valid_until=reader.need("valid_until", _end_of_day, "날짜를 골라 주세요.")
        if until
        else None,
        valid_days=None if until else reader.need("valid_days", _whole, "일수를 적어 주세요."),
    )


def _shares(reader: _Reader, sheet: Sheet) -> list[tuple[int, int]]:
    shares = []
    for grant in sheet.grants:
        bps = reader.take(f"{SHARE}{grant.id}", _basis_points, "70 또는 12.5처럼 적어 주세요.")
        if bps:
            shares.append((grant.id, bps))
    return shares


def _scope(reader: _Reader) -> dict[str, list[int | str]]:
    products = reader.take("products", _numbers, "상품 번호를 쉼표로 나누어 숫자로 적어 주세요.")
    scope: dict[str, list[int | str]] = {
        "enterprises": [int(key) for key in reader.chosen("enterprises")],
        "kinds": list(reader.chosen("kinds")),
        "categories": [int(key) for key in reader.chosen("categories")],
        "products": list(products or []),
    }
    return {part: keys for part, keys in scope.items() if keys}


def _hours(reader: _Reader) -> dict[str, object]:
    weekdays = sorted(int(day) for day in reader.chosen("weekdays"))
    hours: dict[str, object] = {"weekdays": weekdays} if weekdays else {}
    for key, name in (("from", "hours_from"), ("until", "hours_until")):
        if clock := reader.text(name):
            hours[key] = clock[:5]
    return hours


def _eligibility(reader: _Reader) -> dict[str, object]:
    rules: dict[str, object] = {
        name: chosen for name in ("dong", "verified") if (chosen := reader.chosen(name))
    }
    youngest, oldest = reader.whole("age_from"), reader.whole("age_to")
    if youngest is not None or oldest is not None:
        rules["age"] = [youngest, oldest]
    if reader.form.first_order.data:
        rules["first_order"] = True
    return rules


def fields_of(plan: Plan, rules: Rules) -> dict[str, object]:
    """Return a plan and rules as the form shows them."""
    scope, hours, wanted = rules.scope, rules.hours, rules.eligibility
    age = wanted.get("age")
    return {
        "name": plan.name,
        "summary": plan.summary,
        "slug": plan.slug,
        "issue_mode": plan.issue_mode.value,
        "shared_code": plan.shared_code or "",
        "trigger": plan.trigger.value if plan.trigger else "",
        "has_waiting_list": plan.has_waiting_list,
        "cap": f"{plan.cap:,}",
        "starts_at": f"{plan.starts_at.astimezone(SEOUL):%Y-%m-%dT%H:%M}",
        "ends_at": f"{plan.ends_at.astimezone(SEOUL):%Y-%m-%dT%H:%M}",
        "kind": rules.kind.value,
        "amount": _shown(rules.amount),
        "rate": "" if rules.rate_bps is None else percent_text(rules.rate_bps),
        "max_discount": _shown(rules.max_discount),
        "round_unit": str(rules.round_unit),
        "clip_over_budget": rules.clip_over_budget,
        "channel": rules.channel.value,
        "min_order": _shown(rules.min_order or None),
        "min_order_after_previous": rules.min_order_after_previous,
        **{part: [str(key) for key in scope.get(part, [])] for part in _PICKED},
        "products": ", ".join(str(key) for key in scope.get("products", [])),
        "weekdays": [str(day) for day in _items(hours.get("weekdays"))],
        "hours_from": hours.get("from") or "",
        "hours_until": hours.get("until") or "",
        "validity": _UNTIL if rules.valid_until else "days",
        "valid_until": _last_day(rules.valid_until),
        "valid_days": _shown(rules.valid_days),
        "per_person_limit": _shown(rules.per_person_limit),
        "per_day_limit": _shown(rules.per_day_limit),
        "per_month_limit": _shown(rules.per_month_limit),
        "dong": _items(wanted.get("dong")),
        "verified": _items(wanted.get("verified")),
        "age_from": str(age[0]) if isinstance(age, list) else "",
        "age_to": str(age[1]) if isinstance(age, list) else "",
        "first_order": bool(wanted.get("first_order")),
        "stack_group": rules.stack_group,
        "exclusive": rules.exclusive,
        "priority": str(rules.priority) if rules.priority else "",
        **{f"{SHARE}{grant}": percent_text(bps) for grant, bps in rules.grants},
    }


_PICKED: Final = ("enterprises", "kinds", "categories")


def _items(values: object) -> list[Any]:
    return values if isinstance(values, list) else []


def _shown(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _won(number: int | None) -> Won | None:
    return None if number is None else Won(number)


def _or_one(number: int | None) -> int:
    return 1 if number is None else number


def _whole(typed: str) -> int:
    plain = typed.replace(",", "").replace(" ", "")
    if not _WHOLE.fullmatch(plain):
        raise _Unread
    return int(plain)


def _numbers(typed: str) -> list[int]:
    return list(dict.fromkeys(_whole(part) for part in re.split(r"[,\s]+", typed) if part))


def _basis_points(typed: str) -> int:
    bps = percent(typed.removesuffix("%").strip()) * 100
    if bps != Fraction(int(bps)):
        raise _Unread
    return int(bps)


def _instant(typed: str) -> datetime:
    local = datetime.fromisoformat(typed)
    if local.tzinfo is not None:
        raise _Unread
    return _within_reach(local)


def _end_of_day(typed: str) -> datetime:
    # Good through its last day: the period is half-open.
    return _within_reach(datetime.combine(date.fromisoformat(typed) + timedelta(days=1), time()))


def _within_reach(local: datetime) -> datetime:
    if not 2000 <= local.year <= 2999:
        raise _Unread
    return local.replace(tzinfo=SEOUL)


def _last_day(until: datetime | None) -> str:
    if until is None:
        return ""
    return f"{(until - timedelta(microseconds=1)).astimezone(SEOUL):%Y-%m-%d}"
