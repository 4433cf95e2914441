"""The enterprise answers claims: by state with due dates, one by one; and cancels what sold out."""

from __future__ import annotations

import secrets
from typing import Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.checkout import canceling
from marketplace.checkout.claim_decisions import Decider
from marketplace.core import clock, masking
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError
from marketplace.orders import bundle_page, claim_lists, claim_view, ownership, queries
from marketplace.orders.bundle_page import BundlePage
from marketplace.orders.claim_lists import Tab
from marketplace.web import claim_steps, claim_words, limits, sent_pieces
from marketplace.web.errors import status_of
from marketplace.web.filters import won
from marketplace.web.guards import SELLER, allow
from marketplace.web.seller import shops

bp = Blueprint("seller_claims", __name__, url_prefix="/seller/claims")

TABS: Final = {
    Tab.REQUESTED: "새 요청",
    Tab.OVERDUE: "기한 지남",
    Tab.COLLECTING: "수거·재발송 중",
    Tab.COLLECTED: "검수할 것",
    Tab.DONE: "끝난 것",
    Tab.ALL: "전체",
}


@bp.get("")
@allow(SELLER)
def index() -> ResponseReturnValue:
    """List the cases of a state."""
    own, on = shops.own_ids(), day_in_seoul(clock.now())
    asked = request.args.get("tab", Tab.REQUESTED.value)
    tab = Tab(asked) if asked in set(Tab) else Tab.REQUESTED
    page = claim_lists.list_page(
        on=on, tab=tab, enterprise_ids=own, before=request.args.get("before", type=int)
    )
    return render_template(
        "seller/claims/index.html",
        page=page,
        tab=tab,
        tab_name=TABS[tab],
        tabs=[(name, url_for(".index", tab=one.value), one) for one, name in TABS.items()],
        counts=claim_lists.count_by_tab(on=on, enterprise_ids=own),
        next_url=page.next_before and url_for(".index", tab=tab.value, before=page.next_before),
        masked=masking.name,
        **claim_words.words(),
    )


@bp.get("/<int:case_id>")
@allow(SELLER)
def show(case_id: int) -> ResponseReturnValue:
    """Show one case with what can be done now."""
    return _page(case_id)


@bp.post("/<int:case_id>/<any(accept, reject, waybill, collect, finish, send, complete):step>")
@allow(SELLER)
def take(case_id: int, step: str) -> ResponseReturnValue:
    """Take the next step; whoever is second is told."""
    by = Decider(actor=shops.actor(), at=clock.now(), enterprise_ids=shops.own_ids())
    try:
        in_transaction(lambda: claim_steps.take(step, case_id, by))
    except DomainError as error:
        return _page(case_id, error), status_of(error)
    flash(claim_steps.DONE[step], "ok")
    return redirect(url_for(".show", case_id=case_id), code=303)


@bp.get("/sold-out/<int:bundle_id>")
@allow(SELLER)
def sold_out_sheet(bundle_id: int) -> ResponseReturnValue:
    """Ask which pieces cannot be delivered."""
    return _sold_out_page(bundle_id)


@bp.post("/sold-out/<int:bundle_id>")
@allow(SELLER)
def sold_out(bundle_id: int) -> ResponseReturnValue:
    """Cancel what is sold out, without a fee for the buyer."""
    page = _bundle(bundle_id)
    actor, at, ip = shops.actor(), clock.now(), limits.client_address()
    order_id = ownership.get_bundle(bundle_id, enterprise_ids=shops.own_ids()).order_id
    try:
        case = in_transaction(
            lambda: canceling.cancel_sold_out(
                order_id=order_id,
                enterprise_id=page.bundle.enterprise_id,
                attempt_key=request.form.get("attempt_key", "")[:64] or secrets.token_urlsafe(24),
                quantities=sent_pieces.read(request.form),
                reason=request.form.get("reason", "")[:200],
                actor=actor,
                at=at,
                ip=ip,
            )
        )
    except DomainError as error:
        return _sold_out_page(bundle_id, error), status_of(error)
    flash(f"품절로 취소했습니다. 구매자에게 {won(case.cash_refund)}을 돌려드립니다.", "ok")
    return redirect(url_for("seller_order.show", bundle_id=bundle_id), code=303)


def _page(case_id: int, error: DomainError | None = None) -> str:
    case = claim_view.get(case_id, enterprise_ids=shops.own_ids())
    order = queries.get(case.order_id)
    return render_template(
        "seller/claims/show.html",
        case=case,
        buyer=masking.name(order.buyer_name),
        # Where goods are fetched, while they are.
        recipient=bundle_page.recipient_of(order, is_needed=case.is_open),
        error=error,
        section="seller_claims.index",
        **claim_steps.page_words(case),
        **claim_words.words(),
    )


def _bundle(bundle_id: int) -> BundlePage:
    return bundle_page.get(bundle_id=bundle_id, enterprise_ids=shops.own_ids(), at=clock.now())


def _sold_out_page(bundle_id: int, error: DomainError | None = None) -> str:
    page = _bundle(bundle_id)
    return render_template(
        "seller/claims/sold_out.html",
        page=page,
        lines=[line for line in page.bundle.lines if line.status.value in ("paid", "preparing")],
        chosen=sent_pieces.read(request.form),
        reason=request.form.get("reason", "")[:200],
        attempt_key=request.form.get("attempt_key") or secrets.token_urlsafe(24),
        error=error,
        section="seller_claims.index",
    )
