"""Prove the books: each check names two sums that must be one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from marketplace.reporting import checks, coupon_books
from marketplace.reporting.checks import Check, Rule

__all__ = ["Book", "Check", "check_books"]


class Book(StrEnum):
    """A part of the books that can be checked alone."""

    COUPONS = "coupons"
    ORDERS = "orders"


_ORDERS: Final = (
    Rule(
        "postings_balance",
        "모든 분개의 차변과 대변이 같다",
        """SELECT 'entry ' || entry_id FROM ledger_posting
           GROUP BY entry_id HAVING sum(amount) <> 0 OR count(*) < 2""",
    ),
    Rule(
        "line_shares_are_coupons",
        "주문 상품의 쿠폰 금액이 재원별 부담액의 합과 같다",
        """SELECT 'line ' || l.id FROM order_line l
           LEFT JOIN (SELECT line_id, sum(amount) AS amount FROM order_line_share
                      GROUP BY line_id) s ON s.line_id = l.id
           WHERE l.coupon_amount <> coalesce(s.amount, 0)""",
    ),
    Rule(
        "paid_orders_are_posted",
        "결제된 주문마다 원장 기록이 있다",
        """SELECT 'order ' || o.id FROM customer_order o
           LEFT JOIN ledger_entry e ON e.kind = 'paid' AND e.reference = 'order:' || o.id
           WHERE o.paid_at IS NOT NULL AND e.id IS NULL""",
    ),
    Rule(
        "confirmed_lines_are_posted",
        "구매확정된 상품마다 정산할 금액으로 옮긴 기록이 있다",
        """SELECT 'line ' || l.id FROM order_line l
           LEFT JOIN ledger_entry e ON e.kind = 'confirmed' AND e.reference = 'line:' || l.id
           WHERE l.status IN ('confirmed', 'exchanged') AND e.id IS NULL
             AND l.refunded_amount = 0 AND l.gross > l.enterprise_funded""",
    ),
    Rule(
        "held_is_what_is_open",
        "구매확정 전 금액이 끝나지 않은 상품과 그 배송비의 합과 같다",
        """WITH open_line AS (
             SELECT l.* FROM order_line l JOIN customer_order o ON o.id = l.order_id
             WHERE o.paid_at IS NOT NULL
               AND l.status IN ('paid', 'preparing', 'shipping', 'delivered')
           ), owed AS (
             SELECT l.enterprise_id, l.gross - l.enterprise_funded - l.refunded_amount
                    - coalesce((SELECT sum(s.returned_amount) FROM order_line_share s
                                JOIN funder_grant g ON g.id = s.grant_id
                                JOIN funder f ON f.id = g.funder_id AND f.kind <> 'enterprise'
                                WHERE s.line_id = l.id), 0) AS amount
             FROM open_line l
             UNION ALL
             SELECT b.enterprise_id, b.shipping_fee + b.surcharge - b.shipping_refunded
                    - coalesce((SELECT sum(CASE WHEN f.kind = 'enterprise' THEN s.amount
                                           ELSE s.returned_amount END)
                                FROM bundle_shipping_share s
                                JOIN funder_grant g ON g.id = s.grant_id
                                JOIN funder f ON f.id = g.funder_id
                                WHERE s.bundle_id = b.id), 0)
             FROM bundle b WHERE b.id IN (SELECT bundle_id FROM open_line)
           ), held AS (
             SELECT a.code, -sum(p.amount) AS amount FROM ledger_account a
             JOIN ledger_posting p ON p.account_id = a.id
             WHERE a.code LIKE 'held:enterprise:%' GROUP BY a.code
           ), sums AS (
             SELECT 'held:enterprise:' || enterprise_id AS code, sum(amount) AS amount
             FROM owed GROUP BY enterprise_id
           )
           SELECT code || ' ' || coalesce(held.amount, 0) || ' is not ' || coalesce(sums.amount, 0)
           FROM held FULL JOIN sums USING (code)
           WHERE coalesce(held.amount, 0) <> coalesce(sums.amount, 0)""",
    ),
    Rule(
        "stock_reserved_is_held",
        "예약 재고가 결제를 기다리는 주문의 수량과 같다",
        """SELECT 'variant ' || v.id FROM variant v
           LEFT JOIN (SELECT variant_id, sum(quantity) AS quantity FROM stock_reservation
                      WHERE state = 'held' GROUP BY variant_id) h ON h.variant_id = v.id
           WHERE v.reserved <> coalesce(h.quantity, 0)""",
    ),
    Rule(
        "refunds_within_captured",
        "환불이 결제 금액을 넘지 않는다",
        """SELECT 'payment ' || p.id FROM payment p
           LEFT JOIN (SELECT payment_id, sum(amount) AS amount FROM refund
                      WHERE state <> 'failed' GROUP BY payment_id) r ON r.payment_id = p.id
           WHERE p.refunded_amount <> coalesce(r.amount, 0)
              OR p.refunded_amount > p.captured_amount""",
    ),
)


def check_books(*books: Book) -> list[Check]:
    """Run the checks of these books, of all when none is named, and return what each found."""
    return [check for book in books or Book for check in _CHECKS[book]()]


def _check_orders() -> list[Check]:
    return [checks.run(rule) for rule in _ORDERS]


_CHECKS: Final[Mapping[Book, Callable[[], list[Check]]]] = {
    Book.COUPONS: coupon_books.check_coupons,
    Book.ORDERS: _check_orders,
}
