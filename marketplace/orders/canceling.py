"""Cancel pieces of a paid order: what comes back by the frozen shares, and the case of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from marketplace.core.db import db
from marketplace.core.errors import Conflict, InvalidInput, NotFound
from marketplace.core.money import Won
from marketplace.coupons.models import Funder, FunderKind, Grant
from marketplace.orders import frozen_shares, refund_shares, status
from marketplace.orders.frozen_order import FrozenLine
from marketplace.orders.models import (
    Bundle,
    ClaimCase,
    ClaimKind,
    ClaimLine,
    ClaimStatus,
    Line,
    LineShare,
    LineStatus,
    ShippingShare,
)


class LineUnknown(NotFound):
    """The order has no such line."""

    message = "주문에 없는 상품입니다."


class NothingChosen(InvalidInput):
    """No pieces were chosen."""

    message = "취소할 상품과 수량을 골라 주세요."


class TooLate(Conflict):
    """The enterprise has begun to prepare it, or it is cancelled already."""

    message = "{name}은(는) {status} 상태라 바로 취소할 수 없습니다. 판매자에게 문의해 주세요."


class TooManyCanceled(Conflict):
    """More pieces than are left."""

    message = "{name}은(는) {left}개까지 취소할 수 있습니다."


@dataclass(frozen=True)
class ShareBack:
    """What goes back to one grant of one coupon use."""

    redemption_id: int
    grant_id: int
    amount: Won
    # Public money is in the book; what the enterprise gave away itself is not.
    is_public: bool


@dataclass(frozen=True, kw_only=True)
class LineBack:
    """Some pieces of one line and what they bring back."""

    line_id: int
    bundle_id: int
    enterprise_id: int
    variant_id: int
    product_name: str
    quantity: int
    is_last: bool
    cash: Won
    shares: tuple[ShareBack, ...]

    @property
    def coupon(self) -> Won:
        """Return what goes back to coupons."""
        return Won(sum(share.amount for share in self.shares))


@dataclass(frozen=True, kw_only=True)
class ShippingBack:
    """What one bundle's shipping brings back; a fee that falls due now makes cash negative."""

    bundle_id: int
    enterprise_id: int
    enterprise_name: str
    cash: Won
    shares: tuple[ShareBack, ...]

    @property
    def coupon(self) -> Won:
        """Return what goes back to coupons."""
        return Won(sum(share.amount for share in self.shares))


@dataclass(frozen=True, kw_only=True)
class _Share:
    line_id: int | None
    bundle_id: int | None
    redemption_id: int
    grant_id: int
    left: int
    is_public: bool


class Standing:
    """A paid order's lines, bundles and frozen shares as they stand now."""

    def __init__(
        self, lines: Sequence[Line], bundles: Sequence[Bundle], shares: Sequence[_Share]
    ) -> None:
        self.lines = {line.id: line for line in lines}
        self.bundles = {bundle.id: bundle for bundle in bundles}
        self._shares = shares

    def lines_of(self, bundle_id: int) -> list[Line]:
        """Return the lines of a bundle."""
        return [line for line in self.lines.values() if line.bundle_id == bundle_id]

    def take_back(self, line_id: int, quantity: int) -> LineBack:
        """
        Return what some pieces of a line bring back.

        :raises LineUnknown, TooLate, TooManyCanceled:
        """
        line = self.lines.get(line_id)
        if line is None:
            raise LineUnknown
        if line.status is not LineStatus.PAID:
            raise TooLate(name=line.product_name, status=status.LABELS[line.status])
        left = line.quantity - line.canceled_quantity
        if not 1 <= quantity <= left:
            raise TooManyCanceled(name=line.product_name, left=left)
        frozen = FrozenLine(
            sku=str(line.id),
            unit_price=line.unit_price,
            quantity=line.quantity,
            discount=line.coupon_amount,
        )
        discount = frozen.discount_of(returned=line.canceled_quantity, units=quantity)
        return LineBack(
            line_id=line.id,
            bundle_id=line.bundle_id,
            enterprise_id=line.enterprise_id,
            variant_id=line.variant_id,
            product_name=line.product_name,
            quantity=quantity,
            is_last=quantity == left,
            cash=frozen.refund_of(returned=line.canceled_quantity, units=quantity),
            shares=_give(discount, [share for share in self._shares if share.line_id == line_id]),
        )

    def shipping_kept(self, bundle_id: int) -> tuple[Won, Won]:
        """Return what money and coupons paid of a bundle's shipping, less what went back."""
        bundle = self.bundles[bundle_id]
        paid = bundle.shipping_fee + bundle.surcharge - bundle.shipping_discount
        by_coupons = sum(share.left for share in self._shares if share.bundle_id == bundle_id)
        return Won(paid - bundle.shipping_refunded), Won(by_coupons)

    def shipping_back(
        self, bundle_id: int, *, cash: Won, coupon: Won, enterprise_name: str
    ) -> ShippingBack:
        """Return amounts of a bundle's shipping, coupons' part by what is left of each share."""
        return ShippingBack(
            bundle_id=bundle_id,
            enterprise_id=self.bundles[bundle_id].enterprise_id,
            enterprise_name=enterprise_name,
            cash=cash,
            shares=_give(coupon, [share for share in self._shares if share.bundle_id == bundle_id]),
        )

    def emptied_by(self, backs: Iterable[LineBack | ShippingBack]) -> set[int]:
        """Return the coupon uses that nothing is left of once all this has gone back."""
        left: Counter[int] = Counter()
        for share in self._shares:
            left[share.redemption_id] += share.left
        touched = set()
        for back in backs:
            for given in back.shares:
                left[given.redemption_id] -= given.amount
                touched.add(given.redemption_id)
        return {redemption_id for redemption_id in touched if left[redemption_id] == 0}


def load(order_id: int, *, lock: bool) -> Standing:
    """Return how an order stands; with `lock` its lines stay as they are until the end."""
    of_order = select(Line).where(Line.order_id == order_id).order_by(Line.id)
    lines = db.session.scalars(
        (of_order.with_for_update() if lock else of_order).execution_options(populate_existing=True)
    ).all()
    bundles = db.session.scalars(
        select(Bundle)
        .where(Bundle.order_id == order_id)
        .order_by(Bundle.position)
        .execution_options(populate_existing=True)
    ).all()
    return Standing(lines, bundles, _load_shares(order_id))


def find_case(*, order_id: int, attempt_key: str) -> ClaimCase | None:
    """Return the case the same press of the button opened before, or None."""
    return db.session.scalars(
        select(ClaimCase).where(
            ClaimCase.order_id == order_id, ClaimCase.attempt_key == attempt_key
        )
    ).one_or_none()


def record(
    *,
    order_id: int,
    attempt_key: str,
    lines: Sequence[LineBack],
    shipping: Sequence[ShippingBack],
    reason: str,
    actor: str,
    at: datetime,
    ip: str | None,
) -> int:
    """Write a finished cancel case, note on lines and shares what went back; return its id."""
    case = ClaimCase(
        order_id=order_id,
        attempt_key=attempt_key,
        kind=ClaimKind.CANCEL,
        status=ClaimStatus.DONE,
        reason=reason,
        requested_by=actor,
        cash_refund=Won(sum(back.cash for back in lines)),
        shipping_refund=Won(sum(back.cash for back in shipping)),
        coupon_return=Won(
            sum(back.coupon for back in lines) + sum(back.coupon for back in shipping)
        ),
        requested_at=at,
        finished_at=at,
    )
    db.session.add(case)
    db.session.flush()
    db.session.execute(
        insert(ClaimLine),
        [
            {
                "claim_case_id": case.id,
                "line_id": back.line_id,
                "quantity": back.quantity,
                "cash_refund": back.cash,
                "coupon_return": back.coupon,
            }
            for back in lines
        ],
    )
    _note_on_lines(lines)
    _note_on_shipping(shipping)
    ended = [back.line_id for back in lines if back.is_last]
    status.move(
        line_ids=ended, to=LineStatus.CANCELED, actor=actor, note=reason[:200], at=at, ip=ip
    )
    return case.id


def _give(amount: int, shares: Sequence[_Share]) -> tuple[ShareBack, ...]:
    given = refund_shares.return_shares(amount, [share.left for share in shares])
    return tuple(
        ShareBack(share.redemption_id, share.grant_id, part, share.is_public)
        for share, part in zip(shares, given, strict=True)
        if part
    )


def _note_on_lines(lines: Sequence[LineBack]) -> None:
    for back in lines:
        db.session.execute(
            update(Line)
            .where(Line.id == back.line_id)
            .values(
                canceled_quantity=Line.canceled_quantity + back.quantity,
                refunded_amount=Line.refunded_amount + back.cash,
            )
            .execution_options(synchronize_session=False)
        )
        for share in back.shares:
            db.session.execute(
                update(LineShare)
                .where(
                    LineShare.line_id == back.line_id,
                    LineShare.redemption_id == share.redemption_id,
                    LineShare.grant_id == share.grant_id,
                )
                .values(returned_amount=LineShare.returned_amount + share.amount)
                .execution_options(synchronize_session=False)
            )


def _note_on_shipping(shipping: Sequence[ShippingBack]) -> None:
    for back in shipping:
        db.session.execute(
            update(Bundle)
            .where(Bundle.id == back.bundle_id)
            .values(shipping_refunded=Bundle.shipping_refunded + back.cash)
            .execution_options(synchronize_session=False)
        )
        for share in back.shares:
            db.session.execute(
                update(ShippingShare)
                .where(
                    ShippingShare.bundle_id == back.bundle_id,
                    ShippingShare.redemption_id == share.redemption_id,
                    ShippingShare.grant_id == share.grant_id,
                )
                .values(returned_amount=ShippingShare.returned_amount + share.amount)
                .execution_options(synchronize_session=False)
            )


def _load_shares(order_id: int) -> list[_Share]:
    share = frozen_shares.of_order(order_id)
    rows = db.session.execute(
        select(share, Funder.kind)
        .join(Grant, Grant.id == share.c.grant_id)
        .join(Funder, Funder.id == Grant.funder_id)
        .order_by(share.c.redemption_id, Funder.position, share.c.grant_id)
    )
    return [
        _Share(
            line_id=row.line_id,
            bundle_id=row.bundle_id,
            redemption_id=row.redemption_id,
            grant_id=row.grant_id,
            left=row.amount - row.returned_amount,
            is_public=row.kind != FunderKind.ENTERPRISE,
        )
        for row in rows
    ]


def by_redemption(backs: Iterable[LineBack | ShippingBack]) -> Mapping[int, dict[int, Won]]:
    """Return what goes back to each grant of each coupon use."""
    given = sorted(
        (share for back in backs for share in back.shares),
        key=lambda share: share.redemption_id,
    )
    returned: dict[int, dict[int, Won]] = {}
    for redemption_id, shares in groupby(given, key=lambda share: share.redemption_id):
        sums: Counter[int] = Counter()
        for share in shares:
            sums[share.grant_id] += share.amount
        returned[redemption_id] = {grant: Won(amount) for grant, amount in sums.items()}
    return returned
