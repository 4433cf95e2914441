"""Who paid for the coupons of an order, line by line and for the shipping of each bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from marketplace.core.db import db
from marketplace.core.money import Won
from marketplace.coupons.models import Funder, FunderKind, Grant
from marketplace.orders import frozen_shares


@dataclass(frozen=True)
class OrderFunding:
    """What each kind of funder paid, as frozen when the order was placed; amounts in won."""

    by_line: Mapping[int, Mapping[FunderKind, Won]]
    by_bundle_shipping: Mapping[int, Mapping[FunderKind, Won]]

    def of_line(self, line_id: int) -> Mapping[FunderKind, Won]:
        """Return what funders paid of one line."""
        return self.by_line.get(line_id, {})

    def of_shipping(self, bundle_id: int) -> Mapping[FunderKind, Won]:
        """Return what funders paid of one bundle's shipping."""
        return self.by_bundle_shipping.get(bundle_id, {})


def of_order(order_id: int) -> OrderFunding:
    """Return who paid for the coupons of an order, in one query."""
    share = frozen_shares.of_order(order_id)
    rows = db.session.execute(
        select(share.c.line_id, share.c.bundle_id, Funder.kind, func.sum(share.c.amount))
        .join(Grant, Grant.id == share.c.grant_id)
        .join(Funder, Funder.id == Grant.funder_id)
        .group_by(share.c.line_id, share.c.bundle_id, Funder.kind, Funder.position)
        .order_by(Funder.position)
    )
    lines: dict[int, dict[FunderKind, Won]] = {}
    bundles: dict[int, dict[FunderKind, Won]] = {}
    for line_id, bundle_id, kind, amount in rows:
        of_one = lines.setdefault(line_id, {}) if line_id else bundles.setdefault(bundle_id, {})
        of_one[FunderKind(kind)] = Won(of_one.get(kind, 0) + int(amount))
    return OrderFunding(lines, bundles)
