"""무통장 입금: the bank's statement, what it pays, refunds by hand and open payment alerts."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.accounts.roles import Role
from marketplace.audit import trail
from marketplace.checkout import deposits
from marketplace.core import clock, masking
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError, InvalidInput
from marketplace.payments import alerts, bank_statement, bank_transfer, queries
from marketplace.web import limits
from marketplace.web.errors import status_of
from marketplace.web.guards import allow

bp = Blueprint("office_deposits", __name__, url_prefix="/office/deposits")

ALERTS: Final = {
    "payment_mismatch": (
        "결제 내용이 주문과 다름",
        "금액·통화·계정이 맞지 않아 입금으로 보지 않았습니다.",
    ),
    "paid_twice": ("두 번 결제됨", "먼저 온 결제를 쓰고 이 결제는 돌려줍니다."),
    "refund_not_ours": ("우리가 하지 않은 환불", "결제 회사에서 직접 환불했습니다."),
    "refund_failed": ("환불 실패", "결제 회사가 환불하지 못했습니다. 다른 방법으로 돌려주세요."),
    "foreign_event": ("다른 계정의 알림", "우리 결제가 아니어서 처리하지 않았습니다."),
    "charge.dispute.created": (
        "이의 제기",
        "구매자가 카드사에 이의를 냈습니다. 기한 안에 답해야 합니다.",
    ),
}
# Each is a transaction of its own; more of them would outlast a browser's patience.
_MOST_AT_ONCE: Final = 200


class FileMissing(InvalidInput):
    """No file came along."""

    message = "은행에서 받은 입금 내역 파일(CSV)을 골라 주세요."


@bp.get("")
@allow(Role.SETTLEMENT_OFFICER, Role.OPERATOR, Role.AUDITOR)
def index() -> ResponseReturnValue:
    """Show unmatched deposits, refunds by hand and alerts."""
    return _page()


@bp.post("/statement")
@allow(Role.SETTLEMENT_OFFICER)
def upload() -> ResponseReturnValue:
    """Keep the deposits of a statement; the same file twice changes nothing."""
    at = clock.now()
    sent = request.files.get("statement")
    # One byte more than is allowed is enough to refuse it.
    content = sent.stream.read(bank_statement.LARGEST_FILE + 1) if sent else b""
    try:
        if not content:
            raise FileMissing
        imported = in_transaction(lambda: bank_transfer.import_statement(content, at=at))
    except DomainError as error:
        return _page(error), status_of(error)
    flash(f"새 입금 {imported.added}건을 올렸습니다. 이미 있던 입금은 {imported.known}건입니다.")
    return redirect(url_for(".index"), code=303)


@bp.post("/matches")
@allow(Role.SETTLEMENT_OFFICER)
def settle_proposed() -> ResponseReturnValue:
    """Pay every order whose deposit fits by name and amount, each in its own transaction."""
    proposals = bank_transfer.propose_matches()
    settled = 0
    for fit in proposals[:_MOST_AT_ONCE]:
        with suppress(DomainError):
            _settle(fit.deposit_id, fit.payment_id)
            settled += 1
    left = len(proposals) - settled
    flash(f"입금 {settled}건을 주문에 연결했습니다." + (f" {left}건은 남았습니다." if left else ""))
    return redirect(url_for(".index"), code=303)


@bp.post("/<int:deposit_id>/settle")
@allow(Role.SETTLEMENT_OFFICER)
def settle(deposit_id: int) -> ResponseReturnValue:
    """Pay one order with a deposit, chosen by hand."""
    payment_id = request.form.get("payment_id", type=int) or 0
    try:
        number = _settle(deposit_id, payment_id)
    except DomainError as error:
        return _page(error), status_of(error)
    flash(f"주문 {number}의 입금을 확인했습니다.")
    return redirect(url_for(".index"), code=303)


@bp.post("/refunds/<int:refund_id>")
@allow(Role.SETTLEMENT_OFFICER)
def record_transfer(refund_id: int) -> ResponseReturnValue:
    """Record that a refund was transferred."""
    named, at = request.form.get("transfer_ref", ""), clock.now()

    def record() -> None:
        deposits.record_transfer(refund_id=refund_id, transfer_ref=named, at=at)
        _note("refund_transferred", "refund", refund_id, {"transfer_ref": named[:100]})

    try:
        in_transaction(record)
    except DomainError as error:
        return _page(error), status_of(error)
    flash("환불 이체를 기록했습니다.")
    return redirect(url_for(".index"), code=303)


@bp.post("/alerts/<int:alert_id>/resolve")
@allow(Role.SETTLEMENT_OFFICER)
def resolve(alert_id: int) -> ResponseReturnValue:
    """Close an alert somebody has looked into."""
    at = clock.now()

    def close() -> None:
        alerts.resolve(alert_id, at=at)
        _note("payment_alert_resolved", "payment_alert", alert_id, {})

    try:
        in_transaction(close)
    except DomainError as error:
        return _page(error), status_of(error)
    flash("경보를 닫았습니다.")
    return redirect(url_for(".index"), code=303)


def _settle(deposit_id: int, payment_id: int) -> str:
    source, at = f"deposit:{deposit_id}", clock.now()

    def pay() -> str:
        confirmation = deposits.settle(
            deposit_id=deposit_id, payment_id=payment_id, source=source, at=at
        )
        _note("deposit_matched", "bank_deposit", deposit_id, {"order": confirmation.number})
        return confirmation.number

    return in_transaction(pay)


def _note(action: str, kind: str, subject_id: int, details: dict[str, object]) -> None:
    trail.record(
        action,
        subject_kind=kind,
        subject_id=subject_id,
        actor_id=current_user.person_id,
        details=details,
        ip=limits.client_address(),
    )


def _page(error: DomainError | None = None) -> str:
    after, transfers_after = (
        request.args.get(name, type=int) for name in ("after", "transfers_after")
    )
    waiting = deposits.list_waiting(after=after)
    transfers = deposits.list_transfers(after=transfers_after)
    return render_template(
        "office/deposits.html",
        waiting=waiting,
        transfers=transfers,
        next_url=waiting.next_after
        and url_for(".index", after=waiting.next_after, transfers_after=transfers_after),
        next_transfers_url=transfers.next_after
        and url_for(".index", after=after, transfers_after=transfers.next_after),
        alerts=queries.list_open_alerts(),
        alert_words=ALERTS,
        masked=masking.name,
        may_act=Role.SETTLEMENT_OFFICER in current_user.roles,
        error=error,
        wrong_rows=error.details.get("rows", ()) if error else (),
    )
