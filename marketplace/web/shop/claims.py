"""Buyers ask: cancel what is being prepared, return, exchange; the refund is shown before."""

from __future__ import annotations

import re
import secrets
from typing import Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.wrappers import Response

from marketplace.checkout import claims, exchanges
from marketplace.checkout.claims import ClaimForm, Shown
from marketplace.core import clock
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError
from marketplace.orders import carriers, claim_terms, claim_view, reasons, standing
from marketplace.orders.claim_kinds import ClaimKind, Fault, PickUp
from marketplace.orders.details import BundleDetail, LineDetail, OrderDetail
from marketplace.orders.queries import OrderNotFound
from marketplace.orders.standing import Standing
from marketplace.web import claim_words, sent_pieces
from marketplace.web.errors import status_of
from marketplace.web.guards import EVERYONE, allow
from marketplace.web.shop import carts, order_pages, own_orders

bp = Blueprint("shop_claims", __name__, url_prefix="/orders/<number>/claims")

_LINE_FIELD: Final = re.compile(r"(line|instead)_([0-9]{1,18})")
_TEXTS: Final = ("words", "carrier", "waybill")


@bp.get("/new")
@allow(EVERYONE)
def new(number: str) -> ResponseReturnValue:
    """Ask which pieces, why, and how they come back."""
    try:
        order = own_orders.get_own(number)
    except OrderNotFound:
        return _ask_again(number)
    return _choose(order)


@bp.get("/sum")
@allow(EVERYONE)
def total(number: str) -> ResponseReturnValue:
    """Show what the pieces chosen so far would bring; a part of the page."""
    order = own_orders.get_own(number)
    shown, error = _look(_form(order))
    return render_template("shop/claims/_sum.html", shown=shown, error=error, **_words())


@bp.get("/confirm")
@allow(EVERYONE)
def confirm(number: str) -> ResponseReturnValue:
    """Show to the won what comes back, before anything is asked for."""
    try:
        order = own_orders.get_own(number)
    except OrderNotFound:
        return _ask_again(number)
    return _confirm(order)


@bp.post("")
@allow(EVERYONE)
def ask(number: str) -> ResponseReturnValue:
    """Open the case exactly as it was shown."""
    order = own_orders.get_own(number)
    form, actor, at = _form(order), order_pages.actor(), clock.now()
    try:
        opened = in_transaction(
            lambda: claims.request(
                form,
                attempt_key=request.form.get("attempt_key", "")[:64] or secrets.token_urlsafe(24),
                seen=carts.sent_number("seen", otherwise=-1),
                actor=actor,
                at=at,
            )
        )
    except DomainError as error:
        return _confirm(order, error)
    kind = claim_words.KINDS[form.kind]
    if opened.is_new:
        flash(f"{kind}을 신청했습니다. 가게가 확인하면 알려 드립니다.", "ok")
    return redirect(url_for(".show", number=order.number, case_id=opened.id), code=303)


@bp.get("/<int:case_id>")
@allow(EVERYONE)
def show(number: str, case_id: int) -> ResponseReturnValue:
    """Show one case."""
    try:
        order = own_orders.get_own(number)
    except OrderNotFound:
        return _ask_again(number)
    return _show(order, case_id)


@bp.post("/<int:case_id>/withdrawal")
@allow(EVERYONE)
def withdraw(number: str, case_id: int) -> ResponseReturnValue:
    """Take a case back."""
    order = own_orders.get_own(number)
    actor, at = order_pages.actor(), clock.now()
    try:
        in_transaction(
            lambda: claims.withdraw(case_id=case_id, order_id=order.id, actor=actor, at=at)
        )
    except DomainError as error:
        return _show(order, case_id, error), status_of(error)
    flash("신청을 철회했습니다.", "ok")
    return redirect(url_for(".show", number=order.number, case_id=case_id), code=303)


def _ask_again(number: str) -> Response:
    # A guest's hour is over; whoever is signed in is told that there is no such order.
    if current_user.is_authenticated:
        raise OrderNotFound
    return redirect(url_for("shop_guest_orders.look_up", number=number[:30]), code=303)


def _look(form: ClaimForm) -> tuple[Shown | None, DomainError | None]:
    try:
        return claims.preview(form, at=clock.now()), None
    except DomainError as error:
        return None, error


def _choose(order: OrderDetail, error: DomainError | None = None) -> ResponseReturnValue:
    stands = standing.load(order.id, lock=False)
    open_to = _kinds_of(order, stands)
    form = _form(order)
    kind = form.kind if form.kind in open_to or not open_to else next(iter(open_to))
    bundles = open_to.get(kind, [])
    bundle = next(
        (one for one in bundles if one.id == request.values.get("bundle", type=int)),
        bundles[0] if bundles else None,
    )
    lines = [] if bundle is None else _lines(bundle, kind, stands)
    chosen = dict(form.quantities)
    if not chosen and len(lines) == 1:
        chosen = {lines[0].id: stands.left_of(stands.line(lines[0].id))}
    shown = None
    if chosen and error is None and request.values.get("reason_code"):
        shown, error = _look(form)
    page = render_template(
        "shop/claims/choose.html",
        order=order,
        kinds=list(open_to),
        kind=kind,
        bundles=bundles,
        bundle=bundle,
        lines=lines,
        left={line.id: stands.left_of(stands.line(line.id)) for line in lines},
        chosen=chosen,
        choices=exchanges.list_choices([line.variant_id for line in lines])
        if kind is ClaimKind.EXCHANGE
        else {},
        form=form,
        reasons=reasons.of_kind(kind),
        carriers=carriers.directory().active,
        can_cancel_now=any(line.cancelable_quantity for line in order.lines),
        shown=shown,
        error=error,
        **_words(),
    )
    return page, 200 if error is None else status_of(error)


def _confirm(order: OrderDetail, error: DomainError | None = None) -> ResponseReturnValue:
    form = _form(order)
    shown, unfit = _look(form)
    if shown is None:
        return _choose(order, error or unfit)
    names = {line.id: line for line in order.lines}
    page = render_template(
        "shop/claims/confirm.html",
        order=order,
        form=form,
        shown=shown,
        names=names,
        reason=reasons.label_of(form.reason_code),
        new_labels=exchanges.labels_of(form.new_variants.values()),
        sent={
            name: value
            for name, value in request.values.items()
            if _LINE_FIELD.fullmatch(name) or name in ("kind", "reason_code", "pick_up", "bundle")
        },
        attempt_key=request.form.get("attempt_key") or secrets.token_urlsafe(24),
        carriers=carriers.directory().active,
        error=error,
        **_words(),
    )
    return page, 200 if error is None else status_of(error)


def _show(order: OrderDetail, case_id: int, error: DomainError | None = None) -> str:
    return render_template(
        "shop/claims/show.html",
        order=order,
        case=claim_view.get(case_id, order_id=order.id),
        error=error,
        **_words(),
    )


def _kinds_of(order: OrderDetail, stands: Standing) -> dict[ClaimKind, list[BundleDetail]]:
    """Return what can be asked for, and of which bundles."""
    found = {
        kind: [bundle for bundle in order.bundles if _lines(bundle, kind, stands)]
        for kind in ClaimKind
    }
    return {kind: bundles for kind, bundles in found.items() if bundles}


def _lines(bundle: BundleDetail, kind: ClaimKind, stands: Standing) -> list[LineDetail]:
    states = claim_terms.states_of(kind)
    return [
        line
        for line in bundle.lines
        if line.status in states
        and line.id not in stands.pending.claimed
        and stands.left_of(stands.line(line.id))
    ]


def _form(order: OrderDetail) -> ClaimForm:
    given = request.values
    kind = given.get("kind", "")
    pick_up = given.get("pick_up", "")
    texts = {name: given.get(name, "")[: claims.LONGEST_WORDS + 1] for name in _TEXTS}
    return ClaimForm(
        order_id=order.id,
        kind=ClaimKind(kind) if kind in set(ClaimKind) else ClaimKind.RETURN,
        quantities=sent_pieces.read(given),
        reason_code=given.get("reason_code", "")[:40],
        pick_up=PickUp(pick_up) if pick_up in set(PickUp) else PickUp.COLLECTED,
        new_variants=sent_pieces.read(given, field="instead"),
        agrees_fee=given.get("agrees_fee") == "1",
        **texts,
    )


def _words() -> dict[str, object]:
    return {
        **order_pages.words(),
        **claim_words.words(),
        "ClaimKind": ClaimKind,
        "Fault": Fault,
        "PickUp": PickUp,
    }
