"""What must hold of money at any moment, read from the database."""

from __future__ import annotations

from sqlalchemy import func, select

from marketplace.core.db import db
from marketplace.coupons.models import Grant, Redemption, RedemptionShare, RedemptionState
from marketplace.ledger.models import Entry, Posting
from marketplace.orders.models import Bundle, Line, LineShare, Order, ShippingShare
from marketplace.payments.models import Payment


def entries() -> list[tuple[str, str]]:
    """Return (kind, reference) of every entry of the book."""
    rows = db.session.execute(select(Entry.kind, Entry.reference).order_by(Entry.id))
    return [(row.kind, row.reference) for row in rows]


def check() -> None:
    """Assert that the book balances and that shares, coupons, grants and refunds agree."""
    assert (db.session.scalar(select(func.sum(Posting.amount))) or 0) == 0
    _check_shares()
    _check_grants()
    _check_refunds()


def _check_shares() -> None:
    of_lines = dict(
        db.session.execute(
            select(LineShare.line_id, func.sum(LineShare.amount)).group_by(LineShare.line_id)
        ).all()
    )
    for line in db.session.scalars(select(Line).execution_options(populate_existing=True)):
        assert of_lines.get(line.id, 0) == line.coupon_amount
    of_bundles = dict(
        db.session.execute(
            select(ShippingShare.bundle_id, func.sum(ShippingShare.amount)).group_by(
                ShippingShare.bundle_id
            )
        ).all()
    )
    for bundle in db.session.scalars(select(Bundle).execution_options(populate_existing=True)):
        assert of_bundles.get(bundle.id, 0) == bundle.shipping_discount
    frozen: dict[tuple[int, int], list[int]] = {}
    for model in (LineShare, ShippingShare):
        for redemption_id, grant_id, amount, returned in db.session.execute(
            select(model.redemption_id, model.grant_id, model.amount, model.returned_amount)
        ):
            sums = frozen.setdefault((redemption_id, grant_id), [0, 0])
            sums[0] += amount
            sums[1] += returned
    for share in db.session.scalars(
        select(RedemptionShare)
        .where(RedemptionShare.amount > 0)
        .execution_options(populate_existing=True)
    ):
        assert frozen[share.redemption_id, share.grant_id] == [share.amount, share.reversed_amount]


def _check_grants() -> None:
    spent = dict(
        db.session.execute(
            select(
                RedemptionShare.grant_id,
                func.sum(RedemptionShare.amount - RedemptionShare.reversed_amount),
            )
            .join(Redemption, Redemption.id == RedemptionShare.redemption_id)
            .where(Redemption.state.in_([RedemptionState.REDEEMED, RedemptionState.REVERSED]))
            .group_by(RedemptionShare.grant_id)
        ).all()
    )
    for grant in db.session.scalars(select(Grant).execution_options(populate_existing=True)):
        assert grant.spent == spent.get(grant.id, 0)
        assert grant.spent + grant.reserved <= grant.ceiling


def _check_refunds() -> None:
    for payment in db.session.scalars(select(Payment).execution_options(populate_existing=True)):
        assert 0 <= payment.refunded_amount <= max(payment.captured_amount, payment.amount)
    for order in db.session.scalars(select(Order).execution_options(populate_existing=True)):
        back = db.session.scalar(
            select(func.coalesce(func.sum(Line.refunded_amount), 0)).where(
                Line.order_id == order.id
            )
        )
        shipping_back = db.session.scalar(
            select(func.coalesce(func.sum(Bundle.shipping_refunded), 0)).where(
                Bundle.order_id == order.id
            )
        )
        assert 0 <= (back or 0) + (shipping_back or 0) <= order.pay_total
