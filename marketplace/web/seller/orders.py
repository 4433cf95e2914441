"""The enterprise's orders: the board, accepting in bulk, and the list as a file."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.core import clock
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError, InvalidInput
from marketplace.orders import board, carriers, fulfilment, order_exports
from marketplace.orders.board import Filters, Tab
from marketplace.web import limits
from marketplace.web.errors import status_of
from marketplace.web.guards import SELLER, allow
from marketplace.web.office import periods, tables_out
from marketplace.web.office.tables_out import FileKind
from marketplace.web.seller import shops

bp = Blueprint("seller_orders", __name__, url_prefix="/seller/orders")

LOOKS: Final = {
    "paid": "warn",
    "preparing": "teal",
    "shipping": "teal",
    "delivered": "ok",
    "confirmed": "ok",
    "exchanged": "ok",
}
# Each is a transaction of its own; more of them would outlast a browser's patience.
_MOST_AT_ONCE: Final = 200


class NothingChosen(InvalidInput):
    """No order was ticked."""

    message = "주문을 하나 이상 골라 주세요."


@bp.get("")
@allow(SELLER)
def index() -> ResponseReturnValue:
    """Show the board."""
    return _page()


@bp.post("/accept")
@allow(SELLER)
def accept() -> ResponseReturnValue:
    """Accept the ticked new orders, or all of them, each in its own transaction."""
    own = shops.own_ids()
    accepted, refusals = 0, []
    for bundle_id in _wanted(own)[:_MOST_AT_ONCE]:
        try:
            _accept(bundle_id, own)
        except DomainError as error:
            refusals.append(error)
        else:
            accepted += 1
    if not accepted:
        refusal = refusals[0] if refusals else NothingChosen()
        return _page(refusal), status_of(refusal)
    flash(f"주문 {accepted}건을 발주확인했습니다.", "ok")
    if refusals:
        flash(f"{len(refusals)}건은 그대로입니다. {refusals[0]}", "warn")
    return redirect(url_for(".index", tab=Tab.READY.value), code=303)


@bp.post("/export.<any(csv, xlsx):kind>")
@allow(SELLER)
def export(kind: str) -> ResponseReturnValue:
    """Hand out the orders the board shows as a file; names in it are masked."""
    filters, own = _filters(), shops.own_ids()
    return tables_out.respond(
        "seller_orders",
        kind=FileKind(kind),
        filename=f"orders-{day_in_seoul(clock.now()):%Y%m%d}",
        header=order_exports.HEADER,
        read=lambda: order_exports.list_rows(own, filters),
        subject=("enterprise", own[0] if len(own) == 1 else None),
        details={"tab": filters.tab.value, "enterprises": own},
    )


def _accept(bundle_id: int, own: list[int]) -> None:
    actor, at, ip = shops.actor(), clock.now(), limits.client_address()
    in_transaction(
        lambda: fulfilment.accept(
            bundle_id=bundle_id, enterprise_ids=own, actor=actor, at=at, ip=ip
        )
    )


def _wanted(own: list[int]) -> list[int]:
    if request.form.get("which") == "all":
        new = board.list_page(own, Filters(tab=Tab.NEW), limit=_MOST_AT_ONCE)
        return [row.bundle_id for row in new.rows]
    return request.form.getlist("bundle", type=int)


def _filters() -> Filters:
    given = request.values
    today = day_in_seoul(clock.now())
    is_dated = bool(given.get("from") or given.get("until"))
    period = periods.asked(given, today=today) if is_dated else None
    tab = given.get("tab", Tab.NEW.value)
    return Filters(
        tab=Tab(tab) if tab in set(Tab) else Tab.NEW,
        start=period.start if period else None,
        end=period.end if period else None,
        words=given.get("q", "")[:60],
    )


def _page(error: DomainError | None = None) -> str:
    own, filters = shops.own_ids(), _filters()
    page = board.list_page(own, filters, before=request.args.get("before", type=int))
    asked = {name: request.values.get(name, "")[:60] for name in ("tab", "from", "until", "q")} | {
        "tab": filters.tab.value
    }
    kept: dict[str, Any] = {name: value for name, value in asked.items() if value}
    return render_template(
        "seller/orders/index.html",
        page=page,
        asked=asked,
        tabs=[
            (name, url_for(".index", **{**kept, "tab": tab.value}), tab)
            for tab, name in board.TAB_NAMES.items()
        ],
        tab=filters.tab,
        tab_name=board.TAB_NAMES[filters.tab],
        counts=board.count_by_tab(own),
        next_url=url_for(".index", **kept, before=page.next_before) if page.next_before else None,
        carriers=carriers.directory().active,
        shop_names=shops.names(),
        today=day_in_seoul(clock.now()),
        looks=LOOKS,
        error=error,
        section="seller_orders.index",
    )
