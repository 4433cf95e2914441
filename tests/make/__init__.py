"""
Plain makers of test data: one function per thing, sensible defaults, rows in the database.

Called inside `with transaction():` they join it; called outside they commit what they made.
"""

from __future__ import annotations

from tests.make.applications import (
    PDF,
    application,
    document,
    requirement,
    stated,
    valid_business_number,
)
from tests.make.carts import cart, cart_of
from tests.make.common import FAR_AHEAD, LONG_AGO, NOW
from tests.make.counts import count_of, money_of, stock_of
from tests.make.coupons import campaign, claimed_coupon, grant, rules
from tests.make.fulfilment import accepted, bundle_of, delivered, shipped, waybill
from tests.make.issue import (
    automatic_campaign,
    code_batch,
    code_campaign,
    shared_code_campaign,
    waited_campaign,
)
from tests.make.orders import (
    GUEST_PASSWORD,
    attempt_key,
    cancel,
    order_form,
    paid_order,
    pay,
    placed_order,
    report_of,
)
from tests.make.people import address, department, dong, person, role
from tests.make.shop import (
    category,
    designation,
    enterprise,
    member,
    picture,
    product,
    remote_area,
    sellable,
    shipping,
    variant,
)

__all__ = [
    "FAR_AHEAD",
    "GUEST_PASSWORD",
    "LONG_AGO",
    "NOW",
    "PDF",
    "accepted",
    "address",
    "application",
    "attempt_key",
    "automatic_campaign",
    "bundle_of",
    "campaign",
    "cancel",
    "cart",
    "cart_of",
    "category",
    "claimed_coupon",
    "code_batch",
    "code_campaign",
    "count_of",
    "delivered",
    "department",
    "designation",
    "document",
    "dong",
    "enterprise",
    "grant",
    "member",
    "money_of",
    "order_form",
    "paid_order",
    "pay",
    "person",
    "picture",
    "placed_order",
    "product",
    "remote_area",
    "report_of",
    "requirement",
    "role",
    "rules",
    "sellable",
    "shared_code_campaign",
    "shipped",
    "shipping",
    "stated",
    "stock_of",
    "valid_business_number",
    "variant",
    "waited_campaign",
    "waybill",
]
