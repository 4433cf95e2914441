"""What a quote is asked about: goods, coupons, shipping and the buyer, as plain frozen data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from typing import Final

from marketplace.checkout.quote_refusals import Reason
from marketplace.core.money import Won

WHOLE_CART: Final = "*"
NO_WON: Final = Won(0)
NO_RATE: Final = Fraction(0)


class Kind(StrEnum):
    """How a coupon counts what it takes off."""

    FIXED = "fixed"
    PERCENT = "percent"


class Target(StrEnum):
    """What a coupon is taken off."""

    ITEMS = "items"
    SHIPPING = "shipping"


class Combine(StrEnum):
    """How several coupons work together."""

    SEQUENTIAL = "sequential"
    INDEPENDENT = "independent"
    BEST = "best"


class Order(StrEnum):
    """Which coupon works first among those of equal priority: docs/pricing.md."""

    SCOPE = "scope"
    ENTERED = "entered"


class VoucherStatus(StrEnum):
    """Whether a voucher can still pay."""

    ACTIVE = "active"
    REDEEMED = "redeemed"
    CANCELED = "canceled"


class BudgetType(StrEnum):
    """What a budget counts."""

    SPEND = "spend"
    USES = "uses"


@dataclass(frozen=True, slots=True, kw_only=True)
class CartLine:
    """One product in the cart; its unit price includes VAT and the enterprise's own sale."""

    sku: str
    enterprise: str
    unit_price: Won
    quantity: int
    product: str = ""
    # The category and everything above it.
    categories: frozenset[str] = frozenset()
    designations: frozenset[str] = frozenset()
    bundle: str = ""
    discountable: bool = True
    already_discounted: bool = False
    min_unit_price: Won = NO_WON

    @property
    def gross(self) -> Won:
        """Return what the line costs before coupons."""
        return Won(self.unit_price * self.quantity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A part of the cart. A part that is given must match, even when it is empty."""

    skus: frozenset[str] | None = None
    products: frozenset[str] | None = None
    categories: frozenset[str] | None = None
    enterprises: frozenset[str] | None = None
    designations: frozenset[str] | None = None
    exclude_skus: frozenset[str] = frozenset()
    exclude_discounted: bool = False

    def covers(self, line: CartLine) -> bool:
        """Say whether a line is in this part of the cart."""
        return (
            (self.skus is None or line.sku in self.skus)
            and (self.products is None or line.product in self.products)
            and (self.categories is None or not self.categories.isdisjoint(line.categories))
            and (self.enterprises is None or line.enterprise in self.enterprises)
            and (self.designations is None or not self.designations.isdisjoint(line.designations))
            and line.sku not in self.exclude_skus
            and not (self.exclude_discounted and line.already_discounted)
        )

    @property
    def rank(self) -> int:
        """Return 0 when it picks lines, 1 when it picks bundles, 2 when it is the whole order."""
        picks_lines = (
            self.skus is not None
            or self.products is not None
            or self.categories is not None
            or bool(self.exclude_skus)
            or self.exclude_discounted
        )
        if picks_lines:
            return 0
        return 2 if self.enterprises is None and self.designations is None else 1


EVERYTHING = Scope()


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What may be spent in all, in won or in uses, and what was."""

    type: BudgetType
    limit: int
    used: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How many coupons of one name this order may still use, such as a campaign's for today."""

    name: str
    left: int
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Who may use a coupon or voucher, when, where and on what."""

    id: str
    priority: int = 0
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    expires_at: datetime | None = None
    # The last day it is good on, in Korea.
    expires_on: date | None = None
    scope: Scope = EVERYTHING
    min_order: Won = NO_WON
    min_order_scope: Scope = EVERYTHING
    min_order_after_previous: bool = False
    min_quantity: int = 0
    requires_in_cart: Scope | None = None
    customer_groups: frozenset[str] | None = None
    nth_order: int | None = None
    channels: frozenset[str] | None = None
    usage_limit: int | None = None
    used: int = 0
    per_customer_limit: int | None = None
    used_by_customer: int = 0
    # Counted over the whole cart, as it is used.
    quotas: tuple[Quota, ...] = ()
    # What the caller knows against it that a cart cannot show, such as a paused campaign.
    refused: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coupon(Terms):
    """One coupon on the cart: an amount or a rate off."""

    kind: Kind
    amount: Won = NO_WON
    rate: Fraction = NO_RATE
    target: Target = Target.ITEMS
    per_unit: bool = False
    max_discount: Won | None = None
    round_unit: int = 1
    max_units: int | None = None
    cheapest_first: bool = False
    exclusive: bool = False
    stack_group: str = ""
    budget: Budget | None = None
    clip_over_budget: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Voucher(Terms):
    """Stored value (금액권): a means of payment for goods and shipping."""

    balance: Won
    status: VoucherStatus = VoucherStatus.ACTIVE
    # Public money does not pay for goods that coupons may not touch.
    only_discountable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A shipping fee that holds from an amount of goods on."""

    reached_from: Won
    fee: Won


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipping:
    """What shipping one bundle costs; enterprise `*` is the whole cart as one."""

    enterprise: str
    fee: Won
    bundle: str | None = None
    free_over: Won | None = None
    tiers: tuple[Tier, ...] = ()
    # The fee is asked once for every started pack of so many units.
    fee_per_units: int | None = None
    # Jeju and islands: asked even when the fee itself is free.
    surcharge: Won = NO_WON

    def carries(self, line: CartLine) -> bool:
        """Say whether a line travels in this bundle."""
        if self.enterprise != WHOLE_CART and self.enterprise != line.enterprise:
            return False
        return self.bundle is None or self.bundle == line.bundle


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Who buys. Without an id: a visitor without account."""

    id: str | None
    groups: frozenset[str] = frozenset()
    completed_orders: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cart:
    """Everything a quote needs. Without an instant, dates are not looked at."""

    lines: tuple[CartLine, ...]
    coupons: tuple[Coupon | Voucher, ...] = ()
    shipping: tuple[Shipping, ...] = ()
    combine: Combine = Combine.SEQUENTIAL
    order: Order = Order.SCOPE
    at: datetime | None = None
    channel: str | None = None
    customer: Customer | None = None

    @property
    def subtotal(self) -> Won:
        """Return what all goods cost before coupons."""
        return Won(sum(line.gross for line in self.lines))
