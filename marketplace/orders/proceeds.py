"""Whose money an order's price is: what enterprises are owed, and what each funder pays of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from sqlalchemy import bindparam, func, select, union_all

from marketplace.core.db import db
from marketplace.core.money import Won
from marketplace.coupons.models import Funder, FunderKind, Grant
from marketplace.orders import frozen_shares
from marketplace.orders.models import Bundle, Line


@dataclass(frozen=True)
class Proceeds:
    """What each enterprise is owed and what each grant pays, in won."""

    by_enterprise: dict[int, Won]
    by_grant: dict[int, Won]


class _Share(NamedTuple):
    enterprise_id: int
    grant_id: int
    is_shipping: bool
    kind: FunderKind
    amount: int


_OWED: Final = union_all(
    select(
        Line.enterprise_id.label("enterprise_id"),
        (Line.gross - Line.enterprise_funded).label("amount"),
    ).where(Line.order_id == bindparam("order")),
    select(Bundle.enterprise_id, (Bundle.shipping_fee + Bundle.surcharge).label("amount")).where(
        Bundle.order_id == bindparam("order")
    ),
)


def of_order(order_id: int, *, has_coupons: bool = True) -> Proceeds:
    """
    Return who gets and who pays what of an order as it was placed.

    What an enterprise gave away itself is neither owed to it nor paid by anybody.
    """
    owed: Counter[int] = Counter()
    for enterprise_id, amount in db.session.execute(_OWED, {"order": order_id}):
        owed[enterprise_id] += amount
    paid: Counter[int] = Counter()
    for share in _shares(order_id) if has_coupons else ():
        if share.kind != FunderKind.ENTERPRISE:
            paid[share.grant_id] += int(share.amount)
        elif share.is_shipping:
            owed[share.enterprise_id] -= int(share.amount)
    return Proceeds(
        by_enterprise={enterprise: Won(amount) for enterprise, amount in owed.items()},
        by_grant={grant: Won(amount) for grant, amount in paid.items()},
    )


def _shares(order_id: int) -> Sequence[_Share]:
    share = frozen_shares.of_order(order_id)
    is_shipping = share.c.line_id.is_(None)
    rows = db.session.execute(
        select(
            share.c.enterprise_id,
            share.c.grant_id,
            is_shipping,
            Funder.kind,
            func.sum(share.c.amount).label("amount"),
        )
        .join(Grant, Grant.id == share.c.grant_id)
        .join(Funder, Funder.id == Grant.funder_id)
        .group_by(share.c.enterprise_id, share.c.grant_id, is_shipping, Funder.kind)
    )
    return [_Share(*row) for row in rows]
