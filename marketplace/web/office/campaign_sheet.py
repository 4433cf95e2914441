"""The wizard's page: one form for drafts and for proposed rules, with a live summary."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue

from marketplace.core.errors import DomainError, InvalidInput
from marketplace.core.money import Won
from marketplace.coupons import campaign_page, rule_names, rule_words
from marketplace.coupons.campaign_page import Need
from marketplace.coupons.campaigns import Plan, Rules, RulesIncomplete
from marketplace.coupons.rule_words import Said
from marketplace.coupons.rules import refuse_contradictions
from marketplace.web.errors import status_of
from marketplace.web.office import campaign_reading
from marketplace.web.office.campaign_form import MODES, TRIGGERS, Sheet


@dataclass(frozen=True)
class Summary:
    """What the form says so far, or what is missing."""

    plan: Plan | None
    said: Sequence[Said]
    needs: Sequence[Need]
    problems: Sequence[str]

    @property
    def worst_total(self) -> Won:
        """Return the most all coupons can cost."""
        return Won(sum(need.needed for need in self.needs))


@dataclass(frozen=True)
class Wizard:
    """Where one use of the form stands and what it is for."""

    title: str
    action: str
    back_url: str
    words: str
    # Of a campaign that was approved only the rules change.
    only_rules: bool = False
    hidden: Mapping[str, object] | None = None


def answer(
    wizard: Wizard, sheet: Sheet, save: Callable[[Plan, Rules], ResponseReturnValue]
) -> ResponseReturnValue:
    """Save what was sent and answer, show it summed up, or show it again with what is wrong."""
    asks = request.form.get("act") == "look"
    said = campaign_reading.read(sheet)
    try:
        if said is None:
            return page(wizard, sheet, None), 200 if asks else status_of(InvalidInput)
        refuse_contradictions(said[1], said[0])
        rule_names.refuse_unknown(said[1])
        if asks:
            return page(wizard, sheet, said)
        return save(*said)
    except RulesIncomplete as error:
        campaign_reading.refuse(sheet, error)
        return page(wizard, sheet, None), 200 if asks else status_of(error)
    except DomainError as error:
        sheet.form.refuse(error)
        return page(wizard, sheet, said), status_of(error)


def page(wizard: Wizard, sheet: Sheet, said: tuple[Plan, Rules] | None) -> str:
    """Return the form with its summary."""
    return render_template(
        "office/campaigns/wizard.html",
        wizard=wizard,
        sheet=sheet,
        form=sheet.form,
        summary=_summary(sheet, said),
        modes=MODES,
        triggers=TRIGGERS,
    )


def shown(wizard: Wizard, sheet: Sheet) -> str:
    """Return the form as it is first opened, with the summary of what it is filled with."""
    return page(wizard, sheet, None)


def _summary(sheet: Sheet, said: tuple[Plan, Rules] | None) -> Summary:
    if said is None:
        return Summary(None, [], [], _problems(sheet.form))
    plan, rules = said
    names = rule_names.load([rules])
    needs = campaign_page.list_needs(rules, coupons=plan.cap)
    return Summary(plan, rule_words.say(rules, names), needs, [])


def _problems(form: Any) -> list[str]:
    return [
        *form.form_errors,
        *(f"{field.label.text}: {field.errors[0]}" for field in form if field.errors),
    ]
