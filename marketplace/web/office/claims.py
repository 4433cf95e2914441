"""The office watches claims, overdue ones first, and steps in with a reason that is kept."""

from __future__ import annotations

import secrets
from typing import Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.accounts.roles import Role
from marketplace.audit import trail
from marketplace.checkout import canceling
from marketplace.checkout.claim_decisions import Decider
from marketplace.core import clock, masking
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError, InvalidInput
from marketplace.orders import claim_lists, claim_view, queries
from marketplace.orders.claim_kinds import Fault
from marketplace.orders.claim_lists import Tab
from marketplace.orders.queries import OrderNotFound
from marketplace.web import claim_steps, claim_words, limits, sent_pieces
from marketplace.web.errors import status_of
from marketplace.web.guards import allow
from marketplace.web.seller.claims import TABS

bp = Blueprint("office_claims", __name__, url_prefix="/office/claims")

_OVERDUE_FIRST: Final = {Tab.OVERDUE: TABS[Tab.OVERDUE], **TABS}


class FaultUnknown(InvalidInput):
    """Whose doing it is decides who pays: it is never guessed."""

    message = "판매자 사유인지 구매자 사유인지 골라 주세요."


@bp.get("")
@allow(Role.OPERATOR, Role.SETTLEMENT_OFFICER, Role.AUDITOR)
def index() -> ResponseReturnValue:
    """List cases of all enterprises, overdue ones first."""
    on = day_in_seoul(clock.now())
    counts = claim_lists.count_by_tab(on=on)
    first = Tab.OVERDUE if counts[Tab.OVERDUE] else Tab.ALL
    asked = request.args.get("tab", first.value)
    tab = Tab(asked) if asked in set(Tab) else first
    page = claim_lists.list_page(on=on, tab=tab, before=request.args.get("before", type=int))
    return render_template(
        "office/claims/index.html",
        page=page,
        tab=tab,
        tab_name=TABS[tab],
        tabs=[
            (name, url_for(".index", tab=one.value), one) for one, name in _OVERDUE_FIRST.items()
        ],
        counts=counts,
        next_url=page.next_before and url_for(".index", tab=tab.value, before=page.next_before),
        masked=masking.name,
        may_act=Role.OPERATOR in current_user.roles,
        **claim_words.words(),
    )


@bp.get("/<int:case_id>")
@allow(Role.OPERATOR, Role.SETTLEMENT_OFFICER, Role.AUDITOR)
def show(case_id: int) -> ResponseReturnValue:
    """Show one case."""
    return _page(case_id)


@bp.post("/<int:case_id>/<any(accept, reject, waybill, collect, finish, send, complete):step>")
@allow(Role.OPERATOR)
def take(case_id: int, step: str) -> ResponseReturnValue:
    """Take a step in an enterprise's stead; the reason goes to the trail."""
    stated = request.form.get("stated", "")[:300]
    by = Decider(actor=f"person:{current_user.person_id}", at=clock.now(), stated=stated)

    def step_in() -> None:
        claim_steps.take(step, case_id, by)
        _note(f"claim.{step}", "claim_case", case_id, {"reason": stated.strip()})

    try:
        in_transaction(step_in)
    except DomainError as error:
        return _page(case_id, error), status_of(error)
    flash(claim_steps.DONE[step], "ok")
    return redirect(url_for(".show", case_id=case_id), code=303)


@bp.get("/cancel")
@allow(Role.OPERATOR)
def cancel_sheet() -> ResponseReturnValue:
    """Find an order and ask what of it is to be cancelled by right of office."""
    return _cancel_page()


@bp.post("/cancel")
@allow(Role.OPERATOR)
def cancel() -> ResponseReturnValue:
    """Cancel for a buyer by right of office (직권취소)."""
    number, reason = request.form.get("number", "")[:30], request.form.get("reason", "")[:200]
    fault = request.form.get("fault", "")
    actor, at, ip = f"person:{current_user.person_id}", clock.now(), limits.client_address()

    def step_in() -> None:
        order_id = claim_lists.find_order(number)
        case = canceling.cancel_by_office(
            order_id=order_id,
            attempt_key=request.form.get("attempt_key", "")[:64] or secrets.token_urlsafe(24),
            quantities=sent_pieces.read(request.form),
            fault=_fault_of(fault),
            reason=reason,
            actor=actor,
            at=at,
            ip=ip,
        )
        if case.is_new:
            _note("claim.canceled_by_office", "order", order_id, {"reason": reason.strip()})

    try:
        in_transaction(step_in)
    except DomainError as error:
        return _cancel_page(error), status_of(error)
    flash(f"주문 {number}을 직권으로 취소했습니다.", "ok")
    return redirect(url_for(".index", tab=Tab.DONE.value), code=303)


def _fault_of(typed: str) -> Fault:
    if typed not in set(Fault):
        raise FaultUnknown
    return Fault(typed)


def _note(action: str, kind: str, subject_id: int, details: dict[str, object]) -> None:
    trail.record(
        action,
        subject_kind=kind,
        subject_id=subject_id,
        actor_id=current_user.person_id,
        details=details,
        ip=limits.client_address(),
    )


def _page(case_id: int, error: DomainError | None = None) -> str:
    case = claim_view.get(case_id)
    order = queries.get(case.order_id)
    return render_template(
        "office/claims/show.html",
        case=case,
        buyer=masking.name(order.buyer_name),
        may_act=Role.OPERATOR in current_user.roles,
        error=error,
        section="office_claims.index",
        **claim_steps.page_words(case),
        **claim_words.words(),
    )


def _cancel_page(error: DomainError | None = None) -> str:
    number = request.values.get("number", "")[:30].strip()
    order = None
    if number:
        try:
            order = queries.get(claim_lists.find_order(number))
        except OrderNotFound as unknown:
            error = error or unknown
    lines = (
        []
        if order is None
        else [line for line in order.lines if line.status.value in ("paid", "preparing")]
    )
    return render_template(
        "office/claims/cancel.html",
        number=number,
        order=order,
        lines=lines,
        chosen=sent_pieces.read(request.form),
        reason=request.form.get("reason", "")[:200],
        fault=request.form.get("fault", Fault.SELLER.value),
        attempt_key=request.form.get("attempt_key") or secrets.token_urlsafe(24),
        error=error,
        section="office_claims.index",
        **claim_words.words(),
    )
