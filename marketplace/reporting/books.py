"""Prove the books: each check names two sums that must be one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import text

from marketplace.core.db import db


@dataclass(frozen=True)
class Check:
    """One invariant and how many rows break it; `example` names one of them."""

    name: str
    title: str
    broken: int
    example: str | None

    @property
    def holds(self) -> bool:
        """Tell whether nothing breaks it."""
        return self.broken == 0


# Each query returns one row per breach: its first column names it.
_CHECKS: Final = (
    (
        "postings_balance",
        "모든 분개의 차변과 대변이 같다",
        """SELECT 'entry ' || entry_id FROM ledger_posting
           GROUP BY entry_id HAVING sum(amount) <> 0 OR count(*) < 2""",
    ),
    (
        "grants_within_ceiling",
        "재원마다 집행액과 예약액이 한도를 넘지 않는다",
        "SELECT 'grant ' || id FROM funder_grant WHERE reserved + spent > ceiling",
    ),
    (
        "grant_spent_is_redeemed",
        "재원 집행액이 사용된 쿠폰 금액과 같다",
        """SELECT 'grant ' || g.id FROM funder_grant g
           LEFT JOIN (SELECT s.grant_id, sum(s.amount - s.reversed_amount) AS amount
                      FROM redemption_share s JOIN redemption r ON r.id = s.redemption_id
                      WHERE r.redeemed_at IS NOT NULL GROUP BY s.grant_id) used
             ON used.grant_id = g.id
           WHERE g.spent <> coalesce(used.amount, 0)""",
    ),
    (
        "grant_ledger_is_spent",
        "재원 집행액이 원장의 차변과 같다",
        """SELECT 'grant ' || g.id FROM funder_grant g
           LEFT JOIN (SELECT a.code, sum(p.amount) AS amount
                      FROM ledger_posting p
                      JOIN ledger_account a ON a.id = p.account_id
                      JOIN ledger_entry e ON e.id = p.entry_id
                      WHERE e.kind <> 'funder_paid_in' GROUP BY a.code) book
             ON book.code = 'grant:' || g.id
           WHERE g.spent <> coalesce(book.amount, 0)""",
    ),
    (
        "grant_reserved_is_outstanding",
        "재원 예약액이 남은 쿠폰의 최대 금액과 같다",
        """SELECT 'all grants' FROM
             (SELECT coalesce(sum(reserved), 0) AS amount FROM funder_grant) g,
             (SELECT coalesce(sum(c.worst_case - coalesce(used.amount, 0)), 0) AS amount
              FROM coupon c
              LEFT JOIN (SELECT r.coupon_id, sum(r.amount - r.reversed_amount) AS amount
                         FROM redemption r WHERE r.redeemed_at IS NOT NULL
                         GROUP BY r.coupon_id) used ON used.coupon_id = c.id
              WHERE c.state IN ('issued', 'claimed', 'held')) c
           WHERE g.amount <> c.amount""",
    ),
    (
        "line_shares_are_coupons",
        "주문 상품의 쿠폰 금액이 재원별 부담액의 합과 같다",
        """SELECT 'line ' || l.id FROM order_line l
           LEFT JOIN (SELECT line_id, sum(amount) AS amount FROM order_line_share
                      GROUP BY line_id) s ON s.line_id = l.id
           WHERE l.coupon_amount <> coalesce(s.amount, 0)""",
    ),
    (
        "redemptions_are_shares",
        "쿠폰 사용액이 재원별 부담액의 합과 같다",
        """SELECT 'redemption ' || r.id FROM redemption r
           LEFT JOIN (SELECT redemption_id, sum(amount) AS amount, sum(reversed_amount) AS back
                      FROM redemption_share GROUP BY redemption_id) s ON s.redemption_id = r.id
           WHERE r.amount <> coalesce(s.amount, 0) OR r.reversed_amount <> coalesce(s.back, 0)""",
    ),
    (
        "issued_is_counted",
        "발행 수량이 쿠폰 수와 같다",
        """SELECT 'campaign ' || c.id FROM campaign c
           LEFT JOIN (SELECT campaign_id, count(*) AS coupons FROM coupon
                      GROUP BY campaign_id) n ON n.campaign_id = c.id
           WHERE c.issued <> coalesce(n.coupons, 0)""",
    ),
    (
        "paid_orders_are_posted",
        "결제된 주문마다 원장 기록이 있다",
        """SELECT 'order ' || o.id FROM customer_order o
           LEFT JOIN ledger_entry e ON e.kind = 'paid' AND e.reference = 'order:' || o.id
           WHERE o.paid_at IS NOT NULL AND e.id IS NULL""",
    ),
    (
        "stock_reserved_is_held",
        "예약 재고가 결제를 기다리는 주문의 수량과 같다",
        """SELECT 'variant ' || v.id FROM variant v
           LEFT JOIN (SELECT variant_id, sum(quantity) AS quantity FROM stock_reservation
                      WHERE state = 'held' GROUP BY variant_id) h ON h.variant_id = v.id
           WHERE v.reserved <> coalesce(h.quantity, 0)""",
    ),
    (
        "refunds_within_captured",
        "환불이 결제 금액을 넘지 않는다",
        """SELECT 'payment ' || p.id FROM payment p
           LEFT JOIN (SELECT payment_id, sum(amount) AS amount FROM refund
                      WHERE state <> 'failed' GROUP BY payment_id) r ON r.payment_id = p.id
           WHERE p.refunded_amount <> coalesce(r.amount, 0)
              OR p.refunded_amount > p.captured_amount""",
    ),
)


def check_books() -> list[Check]:
    """Run every check and return what each found."""
    return [_run(name, title, sql) for name, title, sql in _CHECKS]


def _run(name: str, title: str, sql: str) -> Check:
    breaches = db.session.scalars(text(sql)).all()
    return Check(name, title, len(breaches), breaches[0] if breaches else None)
