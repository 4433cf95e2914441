"""
The yardsticks over HTTP: as little Flask, Jinja and psycopg as the same work can be done with.

No session, no header, no guard, no ORM: what the shop adds is what the ratios show.
"""

from __future__ import annotations

import os
from typing import Any, Final

from flask import Flask, render_template, request
from psycopg import Connection
from psycopg.rows import namedtuple_row
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

_THREADS: Final = 4
# The columns of a card, and the order of a list, as marketplace.search.queries has them.
_CARDS: Final = """
SELECT product_id, name, enterprise_id, enterprise_name, enterprise_slug, kinds, category_path,
       dong_code, price, consumer_price, total_price, shipping_kind, shipping_fee, free_over,
       picture_key, picture_alt, picture_placeholder, coupon_eligible, is_gift, in_stock,
       lead_days, rating_sum, review_count
  FROM product_document ORDER BY popularity DESC, product_id DESC LIMIT 24
"""

# What one claim asks of the database, statement by statement as marketplace.coupons.claims does.
_VIEWER: Final = """
SELECT p.id, p.name, p.email, p.totp_confirmed_at, s.started_at,
       array_agg(r.role) FILTER (WHERE r.id IS NOT NULL) AS roles, max(r.department_id)
  FROM person p JOIN sign_in s ON s.person_id = p.id
  LEFT JOIN role_grant r ON r.person_id = p.id AND r.revoked_at IS NULL
 WHERE p.id = %s AND p.session_version = 1 AND p.status = 'active'
   AND s.token_hash = %s AND s.ended_at IS NULL
 GROUP BY p.id, s.id
"""
_CAMPAIGN: Final = """
SELECT id FROM campaign WHERE slug = %s AND status IN ('running', 'paused', 'ended')
"""
_LOOK: Final = """
SELECT c.*, own.id AS coupon_id, own.version_id, own.slot_no, own.person_id, own.claim_no,
       own.state, own.worst_case, own.balance, own.claimed_at, own.expires_at, p.dong_code
  FROM campaign c JOIN person p ON p.id = %(person)s
  LEFT JOIN coupon own ON own.campaign_id = c.id AND own.person_id = %(person)s AND own.claim_no = 1
 WHERE c.id = %(campaign)s
"""
_HANDED_OUT: Final = "SELECT pg_sequence_last_value(%s::regclass)"
_NEXT: Final = "SELECT nextval(%s::regclass)"
_SLOT: Final = """
SELECT version_id, id FROM coupon WHERE campaign_id = %s AND slot_no = %s AND state = 'issued'
"""
_VERSION: Final = "SELECT * FROM campaign_version WHERE id = %s"
_TAKE: Final = """
UPDATE coupon SET person_id = %s, claimed_at = now(), state = 'claimed', expires_at = %s
 WHERE id = %s AND state = 'issued' RETURNING id
"""
_TELL: Final = """
INSERT INTO job (kind, dedupe_key, payload, state, run_after, attempts)
VALUES ('notifications.deliver', %s, %s, 'pending', now(), 0)
    ON CONFLICT (dedupe_key) DO NOTHING
"""


def create_app() -> Flask:
    """Build the application."""
    app = Flask(__name__)
    pool: ConnectionPool[Connection[Any]] = ConnectionPool(
        os.environ["DATABASE_URL"].replace("+psycopg", ""),
        min_size=_THREADS,
        max_size=_THREADS,
        kwargs={"row_factory": namedtuple_row, "autocommit": True},
        open=True,
    )

    @app.get("/")
    def page() -> str:
        with pool.connection() as connection:
            products = connection.execute(_CARDS).fetchall()
        return render_template("bare.html", products=products)

    @app.post("/claim")
    def claim() -> tuple[str, int]:
        with pool.connection() as connection, connection.transaction():
            taken = _claim(connection, request.form)
        return ("", 204) if taken else ("", 409)

    return app


def _claim(connection: Connection[Any], form: Any) -> bool:
    def one(statement: str, parameters: Any) -> Any:
        return connection.execute(statement, parameters).fetchone()

    person = int(form["person"])
    one(_VIEWER, [person, form["token_hash"]])
    campaign = one(_CAMPAIGN, [form["slug"]])
    one(_LOOK, {"person": person, "campaign": campaign.id})
    sequence = f"coupon_slot_{campaign.id}"
    one(_HANDED_OUT, [sequence])
    number = one(_NEXT, [sequence]).nextval
    slot = one(_SLOT, [campaign.id, number])
    version = one(_VERSION, [slot.version_id])
    with connection.transaction():
        taken = one(_TAKE, [person, version.valid_until, slot.id])
    told = {"kind": "coupon_claimed", "coupon_id": slot.id}
    connection.execute(_TELL, [f"coupon_claimed:{slot.id}", Jsonb(told)])
    return taken is not None
