"""The ops `usage` and `budget`: events in their order, in a transaction that is rolled back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from marketplace.checkout import quote
from marketplace.checkout.quote_cart import Budget, BudgetType, Cart, CartLine, Customer, Kind
from marketplace.checkout.quote_cart import Coupon as Terms
from marketplace.core.db import db
from marketplace.core.money import Won, allocate
from marketplace.coupons import expiry, holds, redemption
from marketplace.coupons.models import CouponKind, CouponState, Grant, Redemption
from marketplace.coupons.refusals import BudgetExhausted, CouponRefused
from tests import make
from tests.casebook import counted, stage

Given = Mapping[str, Any]

_DISCOUNT = 1_000
_MOST = 1_000_000_000


def usage(given: Given) -> dict[str, Any]:
    """Answer the op `usage`."""
    if "voucher" in given:
        return stage.rehearse(lambda: _Voucher(given["voucher"]).after(given["events"]))
    return stage.rehearse(lambda: _Code(given["coupon"], given["events"]).after(given["events"]))


def budget(given: Given) -> dict[str, Any]:
    """Answer the op `budget`."""
    kind = _WonBudget if given["budget"]["type"] == "spend" else _UseBudget
    return stage.rehearse(lambda: kind(given["budget"], given["events"]).after(given["events"]))


@dataclass
class _Use:
    """One use of a code: what each of its orders still keeps of the discount."""

    redemption_id: int
    coupon_id: int
    customer: str | None
    amounts: dict[str, int]
    discounts: dict[str, int]

    @property
    def is_live(self) -> bool:
        return any(self.discounts.values())


class _Code:
    """A code that several people may use, as often as its limits allow."""

    def __init__(self, coupon: Given, events: list[Given]) -> None:
        self._terms = coupon
        before = [who for who, times in coupon.get("used_by", {}).items() for _ in range(times)]
        unknown = coupon.get("used", len(before)) - len(before)
        highest = max([_DISCOUNT, *(event.get("discount", 0) for event in events)])
        self._drive = counted.campaign(
            slots=len(before) + max(0, unknown) + len(events), worst_case=highest
        )
        self._uses: list[_Use] = []
        for number, who in enumerate([*before, *[None] * unknown]):
            self._record(who, {f"before {number}": _DISCOUNT}, _DISCOUNT)

    def after(self, events: list[Given]) -> dict[str, Any]:
        """Return what became of every event, and the count of uses in the end."""
        results = ["ok" if self._do(event) else "rejected" for event in events]
        return {"results": results, "used": counted.used_of(self._drive)}

    def _do(self, event: Given) -> bool:
        match event["do"]:
            case "redeem":
                return self._redeem(event)
            case "apply_to_cart":
                return self._worth(event) > 0
            case "cancel":
                return self._keep(event["order"], 0)
            case _:
                return self._keep(event["order"], event["remaining_amount"])

    def _redeem(self, event: Given) -> bool:
        orders = event.get("orders") or [event.get("order")]
        if any(use.is_live and set(orders) & set(use.amounts) for use in self._uses):
            # The same order completed twice, as a repeated notice of a payment does.
            return True
        worth = self._worth(event)
        if worth == 0:
            return False
        amount = event.get("amount", _MOST)
        shares = allocate(amount, [1] * len(orders))
        self._record(event.get("customer"), dict(zip(orders, shares, strict=True)), worth)
        return True

    def _worth(self, event: Given) -> Won:
        """Let the product's quote say what the code gives now; nothing when it refuses."""
        customer = event.get("customer")
        used_by_customer = sum(
            counted.is_used(use.coupon_id) for use in self._newest() if use.customer == customer
        )
        coupon = Terms(
            id=self._terms["id"],
            kind=Kind.FIXED,
            amount=Won(event.get("discount", _DISCOUNT)),
            min_order=Won(self._terms.get("min_order", 0)),
            ends_at=_instant(self._terms.get("ends_at")),
            usage_limit=self._terms.get("usage_limit"),
            used=counted.used_of(self._drive),
            per_customer_limit=self._terms.get("per_customer_limit") if customer else None,
            used_by_customer=used_by_customer,
        )
        cart = Cart(
            lines=(_goods(event.get("amount", _MOST)),),
            coupons=(coupon,),
            at=_instant(event.get("at")),
            customer=Customer(id=customer) if "customer" in event else None,
        )
        return quote.price(cart).coupon_total

    def _record(self, customer: str | None, amounts: dict[str, int], discount: int) -> None:
        coupon_id = counted.free_slot(self._drive)
        shares = allocate(discount, [1] * len(amounts))
        self._uses.append(
            _Use(
                redemption_id=counted.redeem(coupon_id, discount),
                coupon_id=coupon_id,
                customer=customer,
                amounts=amounts,
                discounts=dict(zip(amounts, map(int, shares), strict=True)),
            )
        )

    def _keep(self, order: str, remaining: int) -> bool:
        """Cancel an order down to an amount: its frozen share goes back with the goods."""
        use = next((use for use in self._uses if use.discounts.get(order)), None)
        if use is None or remaining >= use.amounts[order]:
            return False
        kept, gone = allocate(use.discounts[order], [remaining, use.amounts[order] - remaining])
        use.amounts[order], use.discounts[order] = remaining, kept
        restores = self._terms.get("restore_on_cancel", True) and not use.is_live
        counted.reverse(use.redemption_id, gone, restore=restores)
        return True

    def _newest(self) -> list[_Use]:
        """Return the last use of every slot: a slot given back may have been used again."""
        return list({use.coupon_id: use for use in self._uses}.values())


class _Voucher:
    """Stored value in somebody's hands."""

    def __init__(self, voucher: Given) -> None:
        self._held: dict[str, tuple[str, int]] = {}
        self._coupon_id: int | None = None
        if voucher["balance"]:
            drive = counted.campaign(
                slots=1, worst_case=voucher["balance"], kind=CouponKind.STORED_VALUE
            )
            self._coupon_id = counted.free_slot(drive)

    def after(self, events: list[Given]) -> dict[str, Any]:
        """Return what became of every event, what is left and what of it can be used."""
        results = ["ok" if self._do(event) else "rejected" for event in events]
        if self._coupon_id is None:
            return {"results": results, "available": 0, "balance": 0}
        coupon = counted.coupon(self._coupon_id)
        held = sum(amount for _, amount in self._held.values())
        is_good = coupon.state is CouponState.ISSUED
        return {
            "results": results,
            "available": coupon.balance if is_good else 0,
            "balance": coupon.balance + held,
        }

    def _do(self, event: Given) -> bool:
        if self._coupon_id is None or event.get("amount", 1) == 0:
            return False
        try:
            return self._move(self._coupon_id, event)
        except CouponRefused:
            return False

    def _move(self, coupon_id: int, event: Given) -> bool:
        match event["do"]:
            case "hold":
                if event["order"] in self._held:
                    return False
                reference = counted.hold(coupon_id, event["amount"])
                self._held[event["order"]] = (reference, event["amount"])
            case "redeem":
                counted.redeem(coupon_id, event["amount"])
            case "capture":
                return self._capture(coupon_id, event["order"], event["amount"])
            case _:
                return expiry.end([coupon_id], to=CouponState.REVOKED, at=make.NOW) == 1
        return True

    def _capture(self, coupon_id: int, order: str, amount: int) -> bool:
        reference, held = self._held.get(order, ("", 0))
        if amount > held:
            return False
        if amount < held:
            # What the order turned out not to need is let go.
            holds.release(reference=reference, at=make.NOW)
            reference = counted.hold(coupon_id, amount)
        redemption.redeem(reference=reference, at=make.NOW)
        del self._held[order]
        return True


@dataclass
class _Spent:
    """One use that a budget paid."""

    coupon: str | None
    redemption_id: int
    left: int = field(compare=False)


class _WonBudget:
    """A grant with a ceiling in won."""

    def __init__(self, budget: Given, events: list[Given]) -> None:  # noqa: ARG002
        self._grant = make.grant(ceiling=max(budget["limit"], budget["used"]))
        self._spent: list[_Spent] = []
        self._spend(None, budget["used"])

    def after(self, events: list[Given]) -> dict[str, Any]:
        """Return what is spent in the end."""
        for event in events:
            if event["do"] == "spend":
                self._spend(event["coupon"], sum(event["amounts"]))
            else:
                self._revert(event["coupon"], sum(event["amounts"]))
        spent = db.session.scalars(select(Grant.spent).where(Grant.id == self._grant.id))
        return {"used": spent.one()}

    def _spend(self, coupon: str | None, amount: int) -> None:
        if amount == 0:
            return
        try:
            with db.session.begin_nested():
                drive = counted.campaign(slots=1, worst_case=amount, of=self._grant)
        except BudgetExhausted:
            return
        redemption_id = counted.redeem(counted.free_slot(drive), amount)
        self._spent.append(_Spent(coupon, redemption_id, amount))

    def _revert(self, coupon: str, amount: int) -> None:
        """Give back what this coupon spent, then what was spent before the events."""
        for name in (coupon, None):
            for spent in self._spent:
                back = min(amount, spent.left) if spent.coupon == name else 0
                if back:
                    counted.reverse(spent.redemption_id, back, restore=False)
                    spent.left -= back
                    amount -= back


class _UseBudget:
    """A number of uses, whatever each gives."""

    def __init__(self, budget: Given, events: list[Given]) -> None:
        self._limit = budget["limit"]
        self._drive = counted.campaign(slots=budget["used"] + len(events), worst_case=_DISCOUNT)
        self._spent: list[_Spent] = []
        for _ in range(budget["used"]):
            self._use(None)

    def after(self, events: list[Given]) -> dict[str, Any]:
        """Return how many uses count in the end."""
        for event in events:
            if event["do"] == "revert":
                self._revert(event["coupon"])
            elif self._allows(sum(event["amounts"])):
                self._use(event["coupon"])
        return {"used": counted.used_of(self._drive)}

    def _allows(self, discount: int) -> bool:
        used = counted.used_of(self._drive)
        coupon = Terms(
            id="coupon",
            kind=Kind.FIXED,
            amount=Won(discount),
            budget=Budget(type=BudgetType.USES, limit=self._limit, used=used),
        )
        return quote.price(Cart(lines=(_goods(_MOST),), coupons=(coupon,))).coupon_total > 0

    def _use(self, coupon: str | None) -> None:
        redemption_id = counted.redeem(counted.free_slot(self._drive), _DISCOUNT)
        self._spent.append(_Spent(coupon, redemption_id, _DISCOUNT))

    def _revert(self, coupon: str) -> None:
        live = [
            spent
            for name in (coupon, None)
            for spent in self._spent
            if spent.coupon == name and _is_redeemed(spent.redemption_id)
        ]
        if live:
            counted.reverse(live[0].redemption_id, live[0].left, restore=True)


def _is_redeemed(redemption_id: int) -> bool:
    use = db.session.get_one(Redemption, redemption_id, populate_existing=True)
    return use.reversed_amount < use.amount


def _goods(price: int) -> CartLine:
    return CartLine(sku="goods", enterprise="E", unit_price=Won(price), quantity=1)


def _instant(given: str | None) -> datetime | None:
    return None if given is None else datetime.fromisoformat(given)
