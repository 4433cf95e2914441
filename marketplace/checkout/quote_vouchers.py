"""What stored value pays: a means of payment, after every coupon has been taken off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from marketplace.checkout import quote_eligibility, quote_shipping
from marketplace.checkout.quote_cart import Cart, Scope, Voucher
from marketplace.checkout.quote_refusals import Reason, Refusal
from marketplace.core.money import Won, allocate


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """What one voucher pays of the lines and the bundles, and what stays on it."""

    voucher: Voucher
    amount: Won
    lines: tuple[Won, ...]
    shipping: tuple[Won, ...]


class Bill:
    """What is left to be paid of every line and of every bundle's shipping."""

    def __init__(self, lines: Sequence[int], shipping: Sequence[int]) -> None:
        self._lines = list(lines)
        self._shipping = list(shipping)

    def pay(self, voucher: Voucher, cart: Cart) -> Payment | Refusal:
        """Let a voucher pay what it covers, by what is left of each part."""
        refusal = quote_eligibility.refusal_after_previous(
            voucher, lambda scope: self._left_in(scope, cart)
        )
        if refusal is not None:
            return refusal
        bundles = quote_shipping.bundles_in(cart, voucher.scope)
        owed = [left if _pays(voucher, cart, i) else 0 for i, left in enumerate(self._lines)] + [
            left if i in bundles else 0 for i, left in enumerate(self._shipping)
        ]
        amount = min(voucher.balance, sum(owed))
        if amount == 0:
            return Refusal(voucher.id, Reason.NO_EFFECT if voucher.balance else Reason.ALREADY_USED)
        shares = allocate(amount, owed)
        lines, shipping = shares[: len(self._lines)], shares[len(self._lines) :]
        self._lines = [left - share for left, share in zip(self._lines, lines, strict=True)]
        self._shipping = [
            left - share for left, share in zip(self._shipping, shipping, strict=True)
        ]
        return Payment(
            voucher=voucher, amount=Won(amount), lines=tuple(lines), shipping=tuple(shipping)
        )

    def _left_in(self, scope: Scope, cart: Cart) -> int:
        goods = zip(cart.lines, self._lines, strict=True)
        return sum(left for line, left in goods if scope.covers(line))


def _pays(voucher: Voucher, cart: Cart, line: int) -> bool:
    goods = cart.lines[line]
    return voucher.scope.covers(goods) and (goods.discountable or not voucher.only_discountable)
