"""The coupon zone: claims, counts that stay true, codes and the waiting list."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.core import clock
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError
from marketplace.coupons import claims, code_claims, labels, queries, returns, waiting
from marketplace.coupons.claims import ClaimedCoupon
from marketplace.coupons.queries import CampaignCard
from marketplace.coupons.refusals import CouponNotFound, NotEligible
from marketplace.web import code_guesses, kept, limits
from marketplace.web.errors import status_of
from marketplace.web.guards import EVERYONE, MEMBER, allow
from marketplace.web.kept_pages import keep_for_strangers
from marketplace.web.shop.tickets import ticket

bp = Blueprint("shop_coupons", __name__, url_prefix="/coupons")

# Thousands may watch the same count; the database is asked for it this often.
_COUNTED_EVERY: Final = 2.0


@bp.get("")
@allow(EVERYONE)
@keep_for_strangers
def index() -> ResponseReturnValue:
    """Show every coupon that can be claimed now or soon."""
    return _zone()


@bp.get("/<slug>/left")
@allow(EVERYONE)
def left(slug: str) -> ResponseReturnValue:
    """Say how many coupons of a campaign are left, for pages that stay open."""
    at = clock.now()
    return render_template("shop/coupons/left.html", ticket=ticket(_card(slug, at), at=at))


@bp.get("/<slug>/stub")
@allow(EVERYONE)
def stub(slug: str) -> ResponseReturnValue:
    """Show what can be done with a campaign at this moment, for pages that wait for its start."""
    at = clock.now()
    (card,) = _with_own([_card(slug, at)])
    return render_template("shop/coupons/stub.html", ticket=ticket(card, at=at))


@bp.post("/<slug>/claim")
@allow(MEMBER)
def claim(slug: str) -> ResponseReturnValue:
    """Give the viewer one coupon of the campaign; again, the same coupon."""
    at = clock.now()
    person_id = current_user.person_id
    try:
        taken = in_transaction(lambda: claims.claim_at(slug=slug, person_id=person_id, at=at))
    except DomainError as error:
        return _zone(error), status_of(error)
    return _to_wallet(taken)


@bp.post("/code")
@allow(MEMBER)
def enter_code() -> ResponseReturnValue:
    """Give the viewer the coupon a typed number stands for."""
    at = clock.now()
    person_id = current_user.person_id
    written = request.form.get("code", "")[: code_claims.LONGEST]
    guessers = code_guesses.guessers()
    try:
        code_guesses.count(guessers, at=at)
        taken = in_transaction(
            lambda: code_claims.claim(written=written, person_id=person_id, at=at)
        )
    except DomainError as error:
        if not isinstance(
            error, code_claims.CodeUnknown | limits.TriedTooOften | limits.CannotCount
        ):
            code_guesses.uncount(guessers)
        return _zone(error, written=written), status_of(error)
    code_guesses.uncount(guessers)
    return _to_wallet(taken)


@bp.post("/<slug>/waiting")
@allow(MEMBER)
def wait(slug: str) -> ResponseReturnValue:
    """Put the viewer at the end of the waiting list."""
    at, person_id = clock.now(), current_user.person_id
    try:
        name = in_transaction(lambda: waiting.join(slug=slug, person_id=person_id, at=at))
    except DomainError as error:
        return _zone(error), status_of(error)
    flash(f"{labels.called(name)}의 대기자가 되었습니다. 반납되면 차례대로 드립니다.", "ok")
    return redirect(url_for(".index"), code=303)


@bp.post("/<slug>/waiting/leave")
@allow(MEMBER)
def leave(slug: str) -> ResponseReturnValue:
    """Take the viewer out of the waiting list."""
    person_id = current_user.person_id
    try:
        name = in_transaction(lambda: waiting.leave(slug=slug, person_id=person_id))
    except DomainError as error:
        return _zone(error), status_of(error)
    flash(f"{labels.called(name)}의 대기를 취소했습니다.", "info")
    return redirect(_back(), code=303)


@bp.post("/own/<int:coupon_id>/return")
@allow(MEMBER)
def give_back(coupon_id: int) -> ResponseReturnValue:
    """Take an unused coupon back from the viewer."""
    at, person_id = clock.now(), current_user.person_id
    try:
        name = in_transaction(
            lambda: returns.give_back(coupon_id=coupon_id, person_id=person_id, at=at)
        )
    except DomainError as error:
        return _zone(error), status_of(error)
    flash(f"{labels.called(name)}을 반납했습니다. 필요한 이웃에게 돌아갑니다.", "ok")
    return redirect(_back(), code=303)


def _back() -> str:
    """Return where the viewer pressed the button: the wallet, else the coupon zone."""
    return url_for("shop_wallet.index" if "wallet" in request.form else ".index")


def _to_wallet(taken: ClaimedCoupon) -> ResponseReturnValue:
    # The address says it and no message in the session: in a rush, cookies need no second signing.
    wallet = url_for("shop_wallet.index")
    return redirect(f"{wallet}?{'got' if taken.fresh else 'has'}={taken.coupon_id}", code=303)


def _cards(at: datetime) -> list[CampaignCard]:
    return kept.recall("campaigns", lambda: queries.list_campaigns(at=at), seconds=_COUNTED_EVERY)


def _card(slug: str, at: datetime) -> CampaignCard:
    found = next((card for card in _cards(at) if card.slug == slug), None)
    if found is None:
        raise CouponNotFound
    return found


def _with_own(cards: list[CampaignCard]) -> list[CampaignCard]:
    if not current_user.is_authenticated or not cards:
        return cards
    return queries.for_person(cards, person_id=current_user.person_id)


def _zone(error: DomainError | None = None, *, written: str = "") -> str:
    at = clock.now()
    return render_template(
        "shop/coupons/index.html",
        # What the viewer has already makes way for what can be taken.
        tickets=sorted(
            (ticket(card, at=at) for card in _with_own(_cards(at))),
            key=lambda shown: shown.is_claimed,
        ),
        error=error,
        wants_verification=isinstance(error, NotEligible),
        written=written,
    )
