"""Prove the books of the coupons: what was issued, spent, reserved and posted is the same."""

from __future__ import annotations

from typing import Final

from marketplace.reporting import checks, coupon_sums
from marketplace.reporting.checks import Check, Rule

_RULES: Final = (
    Rule(
        "coupon_states_are_uses",
        "쿠폰마다 상태가 사용 기록과 맞다",
        """SELECT 'coupon ' || c.id FROM coupon c
           LEFT JOIN (SELECT coupon_id, bool_or(state = 'redeemed') AS is_redeemed,
                             bool_or(state = 'held') AS is_held
                      FROM redemption GROUP BY coupon_id) use ON use.coupon_id = c.id
           WHERE (c.state = 'redeemed' AND use.is_redeemed IS NOT TRUE)
              OR (c.state = 'held' AND use.is_held IS NOT TRUE)
              OR (c.state IN ('expired', 'revoked') AND use.is_held)""",
    ),
    Rule(
        "coupon_balance_is_rest",
        "쿠폰마다 남은 금액이 최대 금액에서 쓴 금액을 뺀 것과 같다",
        """SELECT 'coupon ' || c.id FROM coupon c
           JOIN campaign_version v ON v.id = c.version_id
           LEFT JOIN (SELECT coupon_id,
                             sum(amount - reversed_amount)
                                 FILTER (WHERE redeemed_at IS NOT NULL) AS spent,
                             sum(amount) FILTER (WHERE state = 'held') AS held
                      FROM redemption GROUP BY coupon_id) use ON use.coupon_id = c.id
           WHERE CASE WHEN c.state = 'redeemed' AND v.kind <> 'stored_value'
                      THEN c.balance <> 0 OR c.worst_case < coalesce(use.spent, 0)
                      -- What comes back to a revoked coupon stays with the grants.
                      WHEN c.state = 'revoked'
                      THEN c.worst_case < c.balance + coalesce(use.spent, 0)
                      ELSE c.worst_case
                           <> c.balance + coalesce(use.spent, 0) + coalesce(use.held, 0)
                 END""",
    ),
    Rule(
        "redemptions_are_shares",
        "쿠폰 사용액이 재원별 부담액의 합과 같다",
        """SELECT 'redemption ' || r.id FROM redemption r
           LEFT JOIN (SELECT redemption_id, sum(amount) AS amount, sum(reversed_amount) AS back
                      FROM redemption_share GROUP BY redemption_id) s ON s.redemption_id = r.id
           WHERE r.amount <> coalesce(s.amount, 0) OR r.reversed_amount <> coalesce(s.back, 0)""",
    ),
    Rule(
        "reversals_are_written",
        "되돌린 금액이 사용취소 기록의 합과 같다",
        """SELECT 'redemption ' || r.id FROM redemption r
           LEFT JOIN (SELECT redemption_id, sum(amount) AS amount
                      FROM redemption_reversal GROUP BY redemption_id) v
             ON v.redemption_id = r.id
           WHERE r.reversed_amount <> coalesce(v.amount, 0)""",
    ),
    Rule(
        "grants_within_ceiling",
        "재원마다 집행액과 예약액이 한도를 넘지 않는다",
        "SELECT 'grant ' || id FROM funder_grant WHERE reserved + spent > ceiling",
    ),
    Rule(
        "counter_payables_are_uses",
        "가게마다 줄 돈이 가게에서 쓴 쿠폰 금액과 같다",
        """SELECT 'enterprise ' || coalesce(used.enterprise_id, booked.enterprise_id)
           FROM (SELECT r.enterprise_id, sum(s.amount - s.reversed_amount) AS won
                 FROM redemption r
                 JOIN redemption_share s ON s.redemption_id = r.id
                 JOIN funder_grant g ON g.id = s.grant_id
                 JOIN funder f ON f.id = g.funder_id
                 WHERE r.channel = 'counter' AND r.redeemed_at IS NOT NULL
                   AND f.kind <> 'enterprise'
                 GROUP BY r.enterprise_id) used
           FULL JOIN (SELECT split_part(a.code, ':', 3)::bigint AS enterprise_id,
                             -sum(p.amount) AS won
                      FROM ledger_entry e
                      JOIN ledger_posting p ON p.entry_id = e.id
                      JOIN ledger_account a ON a.id = p.account_id
                      WHERE e.kind IN ('counter_redeemed', 'counter_reversed')
                        AND a.code LIKE 'payable:enterprise:%'
                      GROUP BY a.code) booked ON booked.enterprise_id = used.enterprise_id
           WHERE coalesce(used.won, 0) <> coalesce(booked.won, 0)""",
    ),
    Rule(
        "offline_shortages_are_posted",
        "연결 없이 받아 모자란 금액이 원장과 같다",
        """SELECT 'shortages ' || short.won || ', ledger ' || book.won
           FROM (SELECT coalesce(sum(o.shortage), 0) AS won FROM offline_use o
                 LEFT JOIN counter_use u ON u.redemption_id = o.redemption_id
                 WHERE u.reversed_at IS NULL) short,
                (SELECT coalesce(sum(p.amount), 0) AS won FROM ledger_posting p
                 JOIN ledger_account a ON a.id = p.account_id
                 WHERE a.code = 'shortage:offline') book
           WHERE short.won <> book.won""",
    ),
)


def check_coupons() -> list[Check]:
    """Run every check of the coupons and return what each found."""
    sums = coupon_sums.read()
    return [
        *_check_campaigns(sums.campaigns),
        *_check_grants(sums.grants),
        *(checks.run(rule) for rule in _RULES),
    ]


def _check_campaigns(books: list[coupon_sums.CampaignBook]) -> list[Check]:
    return [
        checks.found(
            "issued_is_counted",
            "캠페인마다 발행 = 사용 + 만료 + 회수 + 남음 (장)",
            [f"campaign {book.campaign_id}" for book in books if not book.counts_hold],
        ),
        checks.found(
            "issued_won_adds_up",
            "캠페인마다 발행 = 집행 + 미사용 + 만료 + 회수 + 남음 (원)",
            [f"campaign {book.campaign_id}" for book in books if not book.won_holds],
        ),
    ]


def _check_grants(books: list[coupon_sums.GrantBook]) -> list[Check]:
    return [
        checks.found(
            "grant_reserved_is_outstanding",
            "재원마다 예약액이 남은 쿠폰이 묶어 둔 금액과 같다",
            [f"grant {book.grant_id}" for book in books if book.reserved != book.outstanding],
        ),
        checks.found(
            "grant_spent_is_redeemed",
            "재원마다 집행액이 사용된 쿠폰 금액과 같다",
            [f"grant {book.grant_id}" for book in books if book.spent != book.discounts],
        ),
        checks.found(
            "funder_legs_are_discounts",
            "재원마다 원장의 금액이 준 할인과 같다",
            [f"grant {book.grant_id}" for book in books if not book.legs_hold],
        ),
    ]
