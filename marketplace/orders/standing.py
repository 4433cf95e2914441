"""How a paid order stands, and what some pieces of it bring back by the frozen shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from sqlalchemy import func, select

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
    LineStatus,
)

# A buyer cancels these at once, without asking.
AT_ONCE: Final = frozenset({LineStatus.PAID})


class LineUnknown(NotFound):
    """The order has no such line."""

    message = "주문에 없는 상품입니다."


class NothingChosen(InvalidInput):
    """No pieces were chosen."""

    message = "상품과 수량을 골라 주세요."


class TooLate(Conflict):
    """The enterprise has begun to prepare it, or it is cancelled already."""

    message = "{name}은(는) {status} 상태라 바로 취소할 수 없습니다. 판매자에게 문의해 주세요."


class TooManyCanceled(Conflict):
    """More pieces than are left."""

    message = "{name}은(는) {left}개까지 고를 수 있습니다."


class AlreadyClaimed(Conflict):
    """Another case about this line is not finished."""

    message = "{name}은(는) 처리 중인 요청이 있습니다. 그 요청이 끝나거나 철회한 뒤에 해 주세요."


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
    # The enterprise has earned it already.
    is_confirmed: bool
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


@dataclass(frozen=True)
class Pending:
    """What open cases have been promised, and what exchanges have replaced."""

    # Lines an open case is about: nobody else may claim their pieces.
    claimed: frozenset[int] = frozenset()
    # Line → pieces that an open cancel or return will take.
    leaving: Counter[int] = field(default_factory=Counter)
    # Line → pieces that were exchanged; a piece is claimed once.
    exchanged: Counter[int] = field(default_factory=Counter)
    # Bundle → shipping money that open cases will keep, pay back, and give back to coupons.
    shipping_charged: Counter[int] = field(default_factory=Counter)
    shipping_promised: Counter[int] = field(default_factory=Counter)
    coupons_promised: Counter[int] = field(default_factory=Counter)


class Standing:
    """A paid order's lines, bundles and frozen shares as they stand now."""

    def __init__(
        self,
        lines: Sequence[Line],
        bundles: Sequence[Bundle],
        shares: Sequence[_Share],
        pending: Pending,
    ) -> None:
        self.lines = {line.id: line for line in lines}
        self.bundles = {bundle.id: bundle for bundle in bundles}
        self._shares = shares
        self.pending = pending

    def line(self, line_id: int) -> Line:
        """
        Return a line of the order.

        :raises LineUnknown:
        """
        if line_id not in self.lines:
            raise LineUnknown
        return self.lines[line_id]

    def lines_of(self, bundle_id: int) -> list[Line]:
        """Return the lines of a bundle."""
        return [line for line in self.lines.values() if line.bundle_id == bundle_id]

    def left_of(self, line: Line) -> int:
        """Return how many pieces of a line could be claimed."""
        return line.quantity - line.canceled_quantity - self.pending.exchanged[line.id]

    def staying(self, line: Line) -> int:
        """Return how many pieces of a line stay when every open case has been met."""
        return line.quantity - line.canceled_quantity - self.pending.leaving[line.id]

    def check(self, line: Line, quantity: int) -> None:
        """
        Check that some pieces of a line can be claimed.

        :raises AlreadyClaimed, TooManyCanceled:
        """
        if line.id in self.pending.claimed:
            raise AlreadyClaimed(name=line.product_name)
        left = self.left_of(line)
        if not 1 <= quantity <= left:
            raise TooManyCanceled(name=line.product_name, left=left)

    def take_back(
        self, line_id: int, quantity: int, *, of: Collection[LineStatus] = AT_ONCE
    ) -> LineBack:
        """
        Return what some pieces of a line in one of these states bring back.

        :raises LineUnknown, TooLate, AlreadyClaimed, TooManyCanceled:
        """
        line = self.line(line_id)
        if line.status not in of:
            raise TooLate(name=line.product_name, status=status.LABELS[line.status])
        self.check(line, quantity)
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
            is_last=quantity == line.quantity - line.canceled_quantity,
            is_confirmed=line.status is LineStatus.CONFIRMED,
            cash=frozen.refund_of(returned=line.canceled_quantity, units=quantity),
            shares=_give(discount, [share for share in self._shares if share.line_id == line_id]),
        )

    def shipping_kept(self, bundle_id: int) -> tuple[Won, Won]:
        """Return what money and coupons paid of shipping, less what went or is promised back."""
        bundle = self.bundles[bundle_id]
        paid = bundle.shipping_fee + bundle.surcharge - bundle.shipping_discount
        by_coupons = sum(share.left for share in self._shares if share.bundle_id == bundle_id)
        return (
            Won(paid - bundle.shipping_refunded - self.pending.shipping_promised[bundle_id]),
            Won(by_coupons - self.pending.coupons_promised[bundle_id]),
        )

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


def load(order_id: int, *, lock: bool, apart_from: int | None = None) -> Standing:
    """
    Return how an order stands; with `lock` its lines stay as they are until the end.

    The case that is being met itself is not counted among those that others must mind.
    """
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
    return Standing(lines, bundles, _load_shares(order_id), _load_pending(order_id, apart_from))


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


def _give(amount: int, shares: Sequence[_Share]) -> tuple[ShareBack, ...]:
    given = refund_shares.return_shares(amount, [share.left for share in shares])
    return tuple(
        ShareBack(share.redemption_id, share.grant_id, part, share.is_public)
        for share, part in zip(shares, given, strict=True)
        if part
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


def _load_pending(order_id: int, apart_from: int | None) -> Pending:
    rows = db.session.execute(
        select(
            ClaimCase.id, ClaimCase.kind, ClaimCase.status, ClaimLine.line_id, ClaimLine.quantity
        )
        .join(ClaimLine, ClaimLine.claim_case_id == ClaimCase.id)
        .where(ClaimCase.order_id == order_id)
    ).all()
    ended = (ClaimStatus.DONE, ClaimStatus.REJECTED, ClaimStatus.WITHDRAWN)
    claimed: set[int] = set()
    leaving: Counter[int] = Counter()
    exchanged: Counter[int] = Counter()
    for case_id, kind, state, line_id, quantity in rows:
        if kind is ClaimKind.EXCHANGE and state is ClaimStatus.DONE:
            exchanged[line_id] += quantity
        if state in ended or case_id == apart_from:
            continue
        claimed.add(line_id)
        if kind is not ClaimKind.EXCHANGE:
            leaving[line_id] += quantity
    charged, promised, coupons = _pending_shipping(order_id, apart_from) if claimed else ({},) * 3
    return Pending(
        claimed=frozenset(claimed),
        leaving=leaving,
        exchanged=exchanged,
        shipping_charged=Counter(charged),
        shipping_promised=Counter(promised),
        coupons_promised=Counter(coupons),
    )


def _pending_shipping(
    order_id: int, apart_from: int | None
) -> tuple[dict[int, int], dict[int, int], dict[int, int]]:
    """Return what open cases keep, pay back and give back to coupons of each bundle's shipping."""
    of_lines = (
        select(func.coalesce(func.sum(ClaimLine.coupon_return), 0))
        .where(ClaimLine.claim_case_id == ClaimCase.id)
        .correlate(ClaimCase)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(
            ClaimCase.bundle_id, ClaimCase.shipping_refund, ClaimCase.coupon_return - of_lines
        ).where(
            ClaimCase.order_id == order_id,
            ClaimCase.finished_at.is_(None),
            ClaimCase.id != (apart_from or 0),
        )
    )
    charged: Counter[int] = Counter()
    promised: Counter[int] = Counter()
    coupons: Counter[int] = Counter()
    for bundle_id, cash, coupon in rows:
        if bundle_id is None:
            continue
        charged[bundle_id] += max(0, -cash)
        promised[bundle_id] += max(0, cash)
        coupons[bundle_id] += int(coupon)
    return charged, promised, coupons
