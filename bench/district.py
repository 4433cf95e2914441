"""What is measured on: ten thousand products in fifty categories, and people with sessions."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import text

from marketplace.core import clock, paths
from marketplace.core.db import db, transaction
from marketplace.core.money import Won
from marketplace.core.settings import Settings
from marketplace.coupons import campaigns, running
from marketplace.coupons.campaigns import CouponChannel, CouponKind, FunderKind
from marketplace.demo.district import load

PRODUCTS: Final = 10_000
PEOPLE: Final = 20_000
_WORTH: Final = Won(5_000)
_SOURCES: Final = ("marketplace/demo/district", "marketplace/search", "migrations/versions")
# Drawing takes minutes and no figure reads a file: the rows alone make pages as long as in life.
_HANG_PICTURES: Final = """
INSERT INTO picture (product_id, storage_key, alt, width, height, placeholder, position)
SELECT p.id, md5(p.id || '-' || n), p.name, 640, 640,
       'data:image/webp;base64,' || rpad('UklGRkAAAABXRUJQVlA4IDQAAAA', 100, 'AcCdASo'), n
  FROM product p CROSS JOIN generate_series(0, 1) n
"""
_ADD_PEOPLE: Final = """
INSERT INTO person (email, email_key, email_confirmed_at, name, dong_code, status)
SELECT 'bench-' || g || '@senaru.example', 'bench-' || g || '@senaru.example', now(),
       '벤치 주민', (SELECT min(code) FROM dong), 'active'
  FROM generate_series(1, :people) g RETURNING id
"""
_SIGN_IN: Final = """
INSERT INTO sign_in (person_id, token_hash, started_at)
SELECT id, encode(sha256(convert_to('bench-token-' || id, 'UTF8')), 'hex'), now()
  FROM person WHERE email LIKE 'bench-%'
"""
_WITH_ROLE: Final = "SELECT min(person_id) FROM role_grant WHERE role = :role"


@dataclass(frozen=True)
class Session:
    """A member who is signed in: the cookie of their browser."""

    person_id: int
    cookie: str

    @property
    def token_hash(self) -> str:
        """Return what the database knows of the session."""
        return hashlib.sha256(_token(self.person_id).encode()).hexdigest()


def fingerprint() -> str:
    """Return a name of everything the prepared database depends on; holidays move every week."""
    digest = hashlib.sha256(f"{clock.now():%G-%V}".encode() + Path(__file__).read_bytes())
    for folder in _SOURCES:
        for source in sorted((paths.ROOT / folder).glob("*.py")):
            digest.update(source.name.encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()


def fill(app: Flask, settings: Settings) -> None:
    """Fill an empty shop."""
    with app.app_context():
        load.load(settings, with_pictures=False)
        with transaction():
            db.session.execute(text(_HANG_PICTURES))
        load.scale(settings, products=PRODUCTS)
        db.session.remove()
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


def add_people() -> list[int]:
    """Add members who are signed in, and return their ids."""
    with transaction():
        ids = list(db.session.scalars(text(_ADD_PEOPLE), {"people": PEOPLE}))
        db.session.execute(text(_SIGN_IN))
    return ids


def add_campaign(slug: str) -> int:
    """Run a campaign with a coupon for everybody and return its id."""
    at = clock.now()
    with transaction():
        grants = [
            (
                campaigns.add_grant(
                    funder=funder,
                    name=f"{slug} {funder}",
                    account_code=f"{slug}-{funder}",
                    fiscal_year=at.year,
                    ceiling=Won(_WORTH * PEOPLE),
                ),
                5_000,
            )
            for funder in (FunderKind.CITY, FunderKind.DISTRICT)
        ]
        campaign_id = campaigns.draft(
            slug=slug,
            name=slug,
            summary="",
            cap=PEOPLE,
            starts_at=at - timedelta(days=1),
            ends_at=at + timedelta(days=1),
            rules=campaigns.Rules(
                kind=CouponKind.FIXED,
                channel=CouponChannel.BOTH,
                grants=grants,
                amount=_WORTH,
                valid_until=at + timedelta(days=2),
            ),
            by=None,
            at=at,
        )
        submitter, approver = (
            db.session.scalar(text(_WITH_ROLE), {"role": role})
            for role in ("campaign_manager", "approver")
        )
        campaigns.submit(campaign_id=campaign_id, by=submitter, at=at)
        campaigns.approve(campaign_id=campaign_id, version=1, by=approver, at=at)
        running.run(campaign_id=campaign_id, by=submitter, at=at)
    return campaign_id


def sessions(app: Flask, people: Sequence[int]) -> tuple[str, list[Session]]:
    """Seal the cookies of members who are signed in; return the CSRF token of all their forms."""
    serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    secret = hashlib.sha256(b"bench").hexdigest()
    token = URLSafeTimedSerializer(str(app.secret_key), salt="wtf-csrf-token").dumps(secret)
    seen_at = int(clock.now().timestamp())

    def cookie(person_id: int) -> str:
        kept = {
            "_user_id": str(person_id),
            "token": _token(person_id),
            "version": 1,
            "seen_at": seen_at,
            "second_factor": False,
            "csrf_token": secret,
        }
        return f"{app.config['SESSION_COOKIE_NAME']}={serializer.dumps(kept)}"

    return str(token), [Session(person_id, cookie(person_id)) for person_id in people]


def _token(person_id: int) -> str:
    return f"bench-token-{person_id}"
