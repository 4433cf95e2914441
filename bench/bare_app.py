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

# What one claim asks: who is there, and the function that marketplace.coupons.claims calls.
_VIEWER: Final = """
SELECT p.id, p.name, p.email, p.totp_confirmed_at, s.started_at,
       array_agg(r.role) FILTER (WHERE r.id IS NOT NULL) AS roles, max(r.department_id)
  FROM person p JOIN sign_in s ON s.person_id = p.id
  LEFT JOIN role_grant r ON r.person_id = p.id AND r.revoked_at IS NULL
 WHERE p.id = %s AND p.session_version = 1 AND p.status = 'active'
   AND s.token_hash = %s AND s.ended_at IS NULL
 GROUP BY p.id, s.id
"""
_CLAIM: Final = """
SELECT * FROM claim_coupon((SELECT id FROM campaign WHERE slug = %s), %s, now(), 'open_claim', '{}')
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
    person = int(form["person"])
    connection.execute(_VIEWER, [person, form["token_hash"]]).fetchone()
    answer: Any = connection.execute(_CLAIM, [form["slug"], person]).fetchone()
    return bool(answer.outcome == "given")
