"""Every op of the casebook as a call of the product's own functions; no arithmetic here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from marketplace.checkout import quote, quote_input, splits
from marketplace.core import calendar, money, vat
from marketplace.core.money import Won
from marketplace.enterprises import business_number
from marketplace.orders import refund_shares
from marketplace.orders.frozen_order import (
    FrozenLine,
    FrozenOrder,
    RefundRefused,
    previous_refunds,
)
from marketplace.payments import stripe_amount, stripe_signature
from tests.casebook.book import ledger
from tests.casebook.parallel import concurrency
from tests.casebook.usage import budget, usage

Given = Mapping[str, Any]
Result = dict[str, Any]


def _quote(given: Given) -> Result:
    return quote.price(quote_input.cart(dict(given))).as_json()


def _allocate(given: Given) -> Result:
    try:
        return {"shares": money.allocate(given["amount"], given["weights"])}
    except money.CannotAllocate as error:
        return {"error": str(error)}


def _vat(given: Given) -> Result:
    parts = vat.split_included(given["total"], money.percent(given["rate"]))
    return {"supply": parts.supply, "vat": parts.vat}


def _vat_order(given: Given) -> Result:
    tax = vat.of_order(
        vat.TaxedLine(
            total=Won(line["total"]),
            discount=Won(line["discount"]),
            rate=money.percent(line["rate"]),
        )
        for line in given["lines"]
    )
    return {"total": tax.total, "vat": tax.vat}


def _vat_voucher(given: Given) -> Result:
    return {"voucher_vat": vat.inside_voucher(**given)}


def _vat_coupon_base(given: Given) -> Result:
    funded = given["coupon"] if given["funded_by"] == "enterprise" else 0
    base = vat.base(given["line_total"], enterprise_funded=funded)
    return {"vat": vat.split_included(base, money.percent(given["rate"])).vat}


def _split_order(given: Given) -> Result:
    payments = {payment["id"]: payment["amount"] for payment in given["payments"]}
    if len(payments) != len(given["payments"]):
        raise ValueError("two payments share an id")
    orders = splits.split_order(
        [
            splits.SplitLine(
                sku=line["sku"],
                enterprise=line["enterprise"],
                amount=Won(line["amount"]),
                line_discount=Won(line["line_discount"]),
            )
            for line in given["lines"]
        ],
        delivery_fee=given["delivery_fee"],
        payments=payments,
    )
    return {
        "orders": [
            {
                "enterprise": order.enterprise,
                "skus": list(order.skus),
                "items": order.items,
                "discount": order.discount,
                "delivery": order.delivery,
                "total": order.total,
                "payments": dict(order.payments),
            }
            for order in orders
        ]
    }


def _allocate_payments(given: Given) -> Result:
    shares = splits.allocate_payments(orders=given["orders"], payments=given["payments"])
    return {"shares": [list(row) for row in shares.shares], "by_order": list(shares.by_order)}


def _capture_shared_payment(given: Given) -> Result:
    captures = splits.capture_shared_payment(
        given["payment"]["shares"],
        [(capture["enterprise"], capture["amount"]) for capture in given["captures"]],
    )
    return {"captured": dict(captures.captured)}


def _order(given: Given) -> FrozenOrder:
    shipping = given.get("shipping")
    return FrozenOrder(
        lines=tuple(
            FrozenLine(
                sku=line["sku"],
                unit_price=line["unit_price"],
                quantity=line["quantity"],
                discount=line["line_discount"],
            )
            for line in given["lines"]
        ),
        has_shipping=shipping is not None,
        shipping_fee=shipping["fee"] if shipping else 0,
        shipping_discount=shipping["discount"] if shipping else 0,
    )


def _refund_request(given: Given) -> refund_shares.RefundRequest:
    match given:
        case {"units": units}:
            return refund_shares.OfUnits(tuple((unit["sku"], unit["quantity"]) for unit in units))
        case {"amounts": amounts}:
            return refund_shares.OfAmounts(tuple((part["sku"], part["amount"]) for part in amounts))
        case {"shipping": int(amount)}:
            return refund_shares.OfShipping(amount)
        case {"shipping": "all" | "full" | "rest" | "remaining"}:
            return refund_shares.OfShipping(None)
        case {"all": True}:
            return refund_shares.OfEverything()
        case {"each_unit_in_turn": sku}:
            return refund_shares.OfEachUnit(sku)
    raise ValueError(f"no such refund request: {given}")


def _refund(given: Given) -> Result:
    order = _order(given["order"])
    previous = previous_refunds(
        [
            (part["sku"], part["amount"])
            for part in given.get("previous_refunds", ())
            if "sku" in part
        ],
        [part["shipping"] for part in given.get("previous_refunds", ()) if "shipping" in part],
    )
    request = _refund_request(given["request"])
    try:
        refunded = refund_shares.refund(order, request, previous)
    except RefundRefused as error:
        remaining = refund_shares.refundable(order, previous)
        return {"refund_total": 0, "remaining_refundable": remaining, "error": error.reason}
    result: Result = {
        "refund_total": refunded.total,
        "remaining_refundable": refunded.remaining,
    }
    if isinstance(request, refund_shares.OfEachUnit):
        result["unit_refunds"] = list(refunded.unit_refunds)
    return result


def _refund_shared_payment(given: Given) -> Result:
    payment, request = given["payment"], given["request"]
    try:
        left = refund_shares.refund_shared_payment(
            amount=request["amount"],
            shares=payment["shares"],
            refunded=payment["refunded"],
            paid=payment["amount"],
            enterprise=request.get("enterprise"),
        )
    except RefundRefused as error:
        untouched = refund_shares.share_left(payment["shares"], payment["refunded"])
        return {"refund_total": 0, "share_left": untouched, "error": error.reason}
    return {"refund_total": left.refunded, "share_left": left.share_left}


def _refund_split(given: Given) -> Result:
    clawback = refund_shares.split_refund(given["refund"], **given["item"])
    return {
        "enterprise_clawback": clawback.enterprise,
        "platform_clawback": clawback.platform,
    }


def _refund_sequence(given: Given) -> Result:
    sequence = refund_shares.refund_sequence(_order(given["order"]))
    return {
        "steps": list(sequence.steps),
        "refund_all": sequence.refund_all,
        "paid": sequence.paid,
        "remaining_refundable": sequence.remaining,
    }


def _stripe_amount(given: Given) -> Result:
    if given.get("list") == "zero_decimal":
        return {"currencies": list(stripe_amount.ZERO_DECIMAL)}
    try:
        return {"minor": stripe_amount.minor_units(given["currency"], given["amount"])}
    except stripe_amount.NotAnAmount as error:
        return {"error": str(error)}


def _stripe_signature(given: Given) -> Result:
    try:
        signature = stripe_signature.verify(
            given["payload"].encode(),
            given["header"],
            given["secret"],
            given["now"],
            given["tolerance"],
        )
    except stripe_signature.SignatureRefused as error:
        return {"valid": False, "reason": error.reason}
    return {"valid": True, "signature": signature}


def _brn(given: Given) -> Result:
    try:
        normalized = business_number.normalize(given["number"])
    except business_number.BusinessNumberRefused as error:
        return {"valid": False, "reason": error.reason}
    formatted = business_number.format_number(normalized)
    return {"valid": True, "normalized": normalized, "formatted": formatted}


def _lunar(given: Given) -> Result:
    if "solar" in given:
        lunar = calendar.to_lunar(date.fromisoformat(given["solar"]))
        return {"lunar": str(lunar), "leap_month": lunar.leap_month}
    holiday = calendar.LunarHoliday(given["holiday"])
    if not given.get("with_days"):
        return {"date": calendar.lunar_holiday(given["year"], holiday).isoformat()}
    found = calendar.lunar_holiday_days(given["year"], holiday)
    return {
        "days": [day.isoformat() for day in found.days],
        "substitute": [day.isoformat() for day in found.substitutes],
    }


OPS: Final[Mapping[str, Callable[[Given], Result]]] = {
    "allocate": _allocate,
    "allocate_payments": _allocate_payments,
    "brn": _brn,
    "budget": budget,
    "capture_shared_payment": _capture_shared_payment,
    "concurrency": concurrency,
    "ledger": ledger,
    "lunar": _lunar,
    "quote": _quote,
    "refund": _refund,
    "refund_sequence": _refund_sequence,
    "refund_shared_payment": _refund_shared_payment,
    "refund_split": _refund_split,
    "split_order": _split_order,
    "stripe_amount": _stripe_amount,
    "stripe_signature": _stripe_signature,
    "usage": usage,
    "vat": _vat,
    "vat_coupon_base": _vat_coupon_base,
    "vat_order": _vat_order,
    "vat_voucher": _vat_voucher,
}
