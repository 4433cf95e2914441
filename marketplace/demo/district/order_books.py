"""
The book entries of many orders at once, set by set, as the services post them one by one.

`paid` follows checkout.confirming: provider and grants against what is held for enterprises.
`confirmed` follows checkout.confirmation: what is held for a line, and for a bundle's shipping when
nothing of it is open any more, moves to what the enterprise will be paid.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

from marketplace.checkout import accounts
from marketplace.core.db import db
from marketplace.ledger.posting import AccountKind

_PROVIDER: Final = accounts.provider("").code
_GRANT: Final = accounts.grant(0).code.removesuffix("0")
_HELD: Final = accounts.held(0).code.removesuffix("0")
_PAYABLE: Final = accounts.payable(0).code.removesuffix("0")

_PAID_LEGS: Final = f"""
CREATE TEMPORARY TABLE demo_leg ON COMMIT DROP AS
SELECT 'order:' || o.id AS reference, o.paid_at AS at, '{_PROVIDER}' || o.provider AS code,
       '{AccountKind.ASSET}' AS kind, o.pay_total AS amount
  FROM customer_order o WHERE o.id > :after AND o.paid_at IS NOT NULL
UNION ALL
SELECT 'order:' || o.id, o.paid_at, '{_GRANT}' || s.grant_id, '{AccountKind.LIABILITY}',
       sum(s.amount)
  FROM customer_order o
  JOIN order_line l ON l.order_id = o.id
  JOIN order_line_share s ON s.line_id = l.id
 WHERE o.id > :after AND o.paid_at IS NOT NULL
 GROUP BY o.id, s.grant_id
UNION ALL
SELECT 'order:' || owed.order_id, owed.paid_at, '{_HELD}' || owed.enterprise_id,
       '{AccountKind.LIABILITY}', -sum(owed.amount)
  FROM (SELECT o.id AS order_id, o.paid_at, l.enterprise_id, l.gross - l.enterprise_funded AS amount
          FROM customer_order o JOIN order_line l ON l.order_id = o.id
         WHERE o.id > :after AND o.paid_at IS NOT NULL
        UNION ALL
        SELECT o.id, o.paid_at, b.enterprise_id, b.shipping_fee + b.surcharge
          FROM customer_order o JOIN bundle b ON b.order_id = o.id
         WHERE o.id > :after AND o.paid_at IS NOT NULL) owed
 GROUP BY owed.order_id, owed.paid_at, owed.enterprise_id
"""  # noqa: S608
_CONFIRMED_LEGS: Final = f"""
CREATE TEMPORARY TABLE demo_leg ON COMMIT DROP AS
WITH back AS (
    SELECT s.line_id, sum(s.returned_amount) AS amount
      FROM order_line_share s
      JOIN funder_grant g ON g.id = s.grant_id JOIN funder f ON f.id = g.funder_id
     WHERE f.kind <> 'enterprise' GROUP BY s.line_id
), given AS (
    SELECT s.bundle_id, sum(CASE WHEN f.kind = 'enterprise' THEN s.amount
                                 ELSE s.returned_amount END) AS amount
      FROM bundle_shipping_share s
      JOIN funder_grant g ON g.id = s.grant_id JOIN funder f ON f.id = g.funder_id
     GROUP BY s.bundle_id
), kept AS (
    SELECT 'line:' || l.id AS reference, l.enterprise_id, l.confirmed_at AS at,
           l.gross - l.enterprise_funded - l.refunded_amount - coalesce(back.amount, 0) AS amount
      FROM order_line l LEFT JOIN back ON back.line_id = l.id
     WHERE l.order_id > :after AND l.status = 'confirmed'
    UNION ALL
    SELECT 'bundle:' || b.id, b.enterprise_id, ended.at,
           b.shipping_fee + b.surcharge - b.shipping_refunded - coalesce(given.amount, 0)
      FROM bundle b
      JOIN (SELECT bundle_id, max(confirmed_at) AS at FROM order_line WHERE order_id > :after
             GROUP BY bundle_id
            HAVING bool_or(status = 'confirmed')
               AND bool_and(status IN ('confirmed', 'canceled', 'returned', 'soldout'))) ended
        ON ended.bundle_id = b.id
      LEFT JOIN given ON given.bundle_id = b.id)
SELECT reference, at, '{_HELD}' || enterprise_id AS code, '{AccountKind.LIABILITY}' AS kind, amount
  FROM kept
UNION ALL
SELECT reference, at, '{_PAYABLE}' || enterprise_id, '{AccountKind.LIABILITY}', -amount FROM kept
"""  # noqa: S608
_ENTRIES: Final = """
INSERT INTO ledger_entry (kind, reference, occurred_at)
SELECT :kind, reference, min(at) FROM demo_leg WHERE amount <> 0 GROUP BY reference ORDER BY 3
"""
_ACCOUNTS: Final = """
INSERT INTO ledger_account (code, kind)
SELECT DISTINCT code, kind FROM demo_leg WHERE amount <> 0 ORDER BY code ON CONFLICT DO NOTHING
"""
_POSTINGS: Final = """
INSERT INTO ledger_posting (entry_id, account_id, amount)
SELECT e.id, a.id, leg.amount
  FROM demo_leg leg
  JOIN ledger_entry e ON e.kind = :kind AND e.reference = leg.reference
  JOIN ledger_account a ON a.code = leg.code
 WHERE leg.amount <> 0
"""


def post_paid(*, after: int) -> None:
    """Post the sale of every paid order whose id is above one."""
    _post("paid", _PAID_LEGS, after)


def post_confirmed(*, after: int) -> None:
    """Post what was confirmed of orders whose id is above one."""
    _post("confirmed", _CONFIRMED_LEGS, after)


def _post(kind: str, legs: str, after: int) -> None:
    db.session.execute(text(legs), {"after": after})
    db.session.execute(text(_ACCOUNTS))
    db.session.execute(text(_ENTRIES), {"kind": kind})
    db.session.execute(text(_POSTINGS), {"kind": kind})
    db.session.execute(text("DROP TABLE demo_leg"))
