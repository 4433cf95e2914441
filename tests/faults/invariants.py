"""
What must hold after every fault (reliability.md, INV), read from the database and the provider.

(i) the book balances, (ii) the provider's money is the book's, (iii) every order agrees with its
lines, stock, coupons, payment and entry, (iv) nothing is sold, spent or given back beyond what
there is, (v) no job has died.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from sqlalchemy import select, text

from marketplace.core.db import db
from marketplace.demo.fake_stripe.store import Body, Filter
from marketplace.ledger import posting
from marketplace.payments.models import Payment, ProviderCode
from marketplace.payments.status import CLOSED
from marketplace.reporting import books
from tests.bed.stripe import FakeStripe

_ALL: Final = 1_000_000
# How an order stands, in one word per row.
_WITH_ORDERS: Final = """
    WITH o AS (
        SELECT id, pay_total, gross_total, coupon_total, shipping_total, provider,
               'order:' || id AS reference,
               CASE WHEN paid_at IS NOT NULL THEN 'paid' WHEN closed_at IS NOT NULL THEN 'closed'
                    ELSE 'open' END AS standing
        FROM customer_order
    )
"""
# Each query returns one row per breach.
_CHECKS: Final = (
    (
        "orders are whole",
        """SELECT o.reference FROM o
            WHERE NOT EXISTS (SELECT FROM order_line WHERE order_id = o.id)
               OR NOT EXISTS (SELECT FROM bundle WHERE order_id = o.id)
               OR NOT EXISTS (SELECT FROM payment WHERE reference = o.reference)""",
    ),
    (
        "bundles hold lines",
        """SELECT 'bundle ' || id FROM bundle b
           WHERE NOT EXISTS (SELECT FROM order_line WHERE bundle_id = b.id)""",
    ),
    (
        "orders cost what their lines and bundles cost",
        """SELECT o.reference FROM o
            LEFT JOIN (SELECT order_id, sum(gross) AS gross, sum(coupon_amount) AS coupons
                       FROM order_line GROUP BY order_id) l ON l.order_id = o.id
            LEFT JOIN (SELECT order_id, sum(shipping_fee + surcharge) AS fees,
                              sum(shipping_discount) AS discounts
                       FROM bundle GROUP BY order_id) b ON b.order_id = o.id
            WHERE (l.gross, b.fees, l.coupons + b.discounts)
                  IS DISTINCT FROM (o.gross_total, o.shipping_total, o.coupon_total)""",
    ),
    (
        "lines stand where their orders stand",
        """SELECT o.reference || ' line ' || l.status FROM o
            JOIN order_line l ON l.order_id = o.id
            WHERE o.standing <> CASE l.status WHEN 'payment_waiting' THEN 'open'
                                WHEN 'canceled_unpaid' THEN 'closed' ELSE 'paid' END""",
    ),
    (
        "stock is set aside for every line",
        """SELECT o.reference || ' ' || coalesce(r.state, 'nothing') FROM o
            JOIN order_line l ON l.order_id = o.id
            LEFT JOIN stock_reservation r
              ON r.reference = o.reference AND r.variant_id = l.variant_id
             AND r.quantity = l.quantity
            WHERE o.standing IS DISTINCT FROM
                  CASE r.state WHEN 'held' THEN 'open' WHEN 'released' THEN 'closed'
                  WHEN 'deducted' THEN 'paid' WHEN 'returned' THEN 'paid' END""",
    ),
    (
        "stock is set aside for nothing else",
        """SELECT r.reference FROM stock_reservation r LEFT JOIN o USING (reference)
            LEFT JOIN claim_case c
              ON r.reference = 'claim_case:' || c.id AND c.kind = 'exchange'
            WHERE o.id IS NULL AND c.id IS NULL""",
    ),
    (
        "there is no less than is set aside",
        "SELECT 'variant ' || id FROM variant WHERE reserved < 0 OR on_hand < reserved",
    ),
    (
        "coupons stand where their orders stand",
        """SELECT r.reference || ' redemption ' || r.state
            FROM redemption r LEFT JOIN o USING (reference)
            WHERE o.standing IS DISTINCT FROM
                  CASE r.state WHEN 'held' THEN 'open' WHEN 'released' THEN 'closed'
                  ELSE 'paid' END""",
    ),
    (
        "paid orders were paid once",
        """SELECT o.reference FROM o
            WHERE o.standing = 'paid' AND o.provider = 'stripe' AND 1 <>
                  (SELECT count(*) FROM payment p WHERE p.reference = o.reference
                   AND p.state IN ('paid', 'partially_refunded', 'refunded')
                   AND p.captured_amount = o.pay_total)""",
    ),
    (
        "money nobody waits for goes back",
        """SELECT 'payment ' || p.id FROM payment p LEFT JOIN o USING (reference)
            WHERE p.captured_amount > p.refunded_amount
              AND (o.standing IS DISTINCT FROM 'paid'
                   OR p.state NOT IN ('paid', 'partially_refunded'))""",
    ),
    (
        "buyers are told once that they paid",
        """SELECT o.reference FROM o
            WHERE (o.standing = 'paid') <>
                  EXISTS (SELECT FROM job WHERE dedupe_key = 'order_paid:' || o.id)""",
    ),
    (
        "the provider's account is what was captured and not given back",
        """SELECT 'provider:stripe ' || book.amount || ' is not ' || ours.amount
           FROM (SELECT coalesce(sum(p.amount), 0) AS amount FROM ledger_posting p
                 JOIN ledger_account a ON a.id = p.account_id
                 WHERE a.code = 'provider:stripe') book,
                (SELECT coalesce(sum(captured_amount), 0)
                        - (SELECT coalesce(sum(r.amount), 0) FROM refund r
                           JOIN payment p ON p.id = r.payment_id
                           WHERE r.state = 'succeeded' AND p.provider = 'stripe') AS amount
                 FROM payment WHERE provider = 'stripe') ours
           WHERE book.amount <> ours.amount""",
    ),
    ("no job has died", "SELECT kind || ': ' || last_error FROM job WHERE state = 'dead'"),
)


def find_breaches() -> list[str]:
    """Return what does not hold in the database."""
    db.session.rollback()
    breaches = [
        f"{check.title}: {check.broken}, such as {check.example}"
        for check in books.check_books()
        if not check.holds
    ]
    for name, sql in _CHECKS:
        breaches += [f"{name}: {row}" for row in db.session.scalars(text(_WITH_ORDERS + sql))]
    return breaches


def find_disagreements(stripe: FakeStripe) -> list[str]:
    """Return where the provider and the shop disagree, once neither is still busy."""
    db.session.rollback()
    ours = {
        payment.public_id: payment
        for payment in db.session.scalars(
            select(Payment)
            .where(Payment.provider == ProviderCode.STRIPE)
            .execution_options(populate_existing=True)
        )
    }
    intents = everything(stripe, "payment_intent")
    named = Counter(str(intent["metadata"].get("public_id")) for intent in intents)
    found = [f"{times} intents of {name}" for name, times in named.items() if times > 1]
    refunded = _sums(everything(stripe, "refund"))
    charged = Counter(c["payment_intent"] for c in everything(stripe, "charge") if c["paid"])
    for intent in intents:
        payment = ours.get(intent["metadata"].get("public_id"))
        if payment is None:
            found.append(f"{intent['id']} belongs to no payment")
            continue
        found += [
            f"{intent['status']} intent of {payment.state} payment {payment.id}: {fault}"
            for fault in _faults(intent, payment, refunded[intent["id"]], charged[intent["id"]])
        ]
    total = sum(intent["amount_received"] for intent in intents) - sum(refunded.values())
    if posting.balance("provider:stripe") != total:
        found.append(f"the book says {posting.balance('provider:stripe')}, the provider {total}")
    return found


def check(stripe: FakeStripe | None = None) -> None:
    """Assert that everything holds; with a provider, that it agrees."""
    assert find_breaches() == []
    if stripe is not None:
        assert find_disagreements(stripe) == []


def everything(stripe: FakeStripe, kind: str) -> list[Body]:
    """Return all the provider has of a kind."""
    return stripe.fake.store.page(Filter(kind, limit=_ALL))[0]


def _faults(intent: Body, payment: Payment, refunded: int, charges: int) -> list[str]:
    faults = []
    if payment.provider_ref not in (None, intent["id"]):
        faults.append(f"is known as {payment.provider_ref}")
    if charges > 1:
        faults.append(f"charged {charges} times")
    if payment.captured_amount != intent["amount_received"]:
        faults.append(f"took {intent['amount_received']}, known {payment.captured_amount}")
    if payment.refunded_amount != refunded:
        faults.append(f"gave back {refunded}, known {payment.refunded_amount}")
    if payment.state in CLOSED and not payment.captured_amount and intent["status"] != "canceled":
        faults.append("could still be paid")
    return faults


def _sums(refunds: list[Body]) -> Counter[str]:
    sums: Counter[str] = Counter()
    for refund in refunds:
        if refund["status"] != "failed":
            sums[refund["payment_intent"]] += refund["amount"]
    return sums
