"""Whose request this is: the session, and what every page shows of its visitor."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

from flask import Flask, flash, g, request, session
from flask_login import LoginManager, current_user, login_user, logout_user

from marketplace.accounts import queries, sign_in
from marketplace.accounts.queries import SignedInPerson
from marketplace.accounts.roles import Role
from marketplace.checkout import cart
from marketplace.core import clock
from marketplace.core.settings import Settings
from marketplace.enterprises import members
from marketplace.enterprises.members import MemberRole, Membership
from marketplace.reporting import header
from marketplace.reporting.header import HeaderCounts
from marketplace.web import returning
from marketplace.web.guards import Audience

IDLE: Final = timedelta(hours=2)
STAFF_IDLE: Final = timedelta(minutes=30)
# Rewriting the cookie on every request would serve nobody.
_SEEN_EVERY: Final = timedelta(seconds=60)
CART_COOKIE: Final = "cart"
DISPLAY_COOKIE: Final = "display"

_SELLER_ROLES: Final = {
    Audience.SELLER: frozenset({MemberRole.OWNER, MemberRole.STAFF}),
    Audience.SELLER_OWNER: frozenset({MemberRole.OWNER}),
    Audience.COUNTER: frozenset({MemberRole.OWNER, MemberRole.STAFF, MemberRole.CASHIER}),
}


@dataclass(frozen=True)
class Display:
    """How a visitor wants pages to look: five text sizes, normal or high contrast."""

    text: int = 2
    contrast: str = "normal"

    def __str__(self) -> str:
        return f"{self.text}.{self.contrast}"

    @property
    def here(self) -> str:
        """Return the page to come back to after changing it."""
        return returning.here()


class Visitor:
    """Somebody who is not signed in."""

    is_authenticated = False
    is_active = False
    is_anonymous = True
    signed_in = False
    person_id = None
    name = ""
    roles: frozenset[Role] = frozenset()
    is_staff = False
    is_seller = False
    needs_second_factor = False
    coupon_count = 0
    unread_count = 0

    def get_id(self) -> None:
        """Return None: Flask-Login asks everybody for an id."""

    def belongs_to(self, circle: Audience | Role) -> bool:
        """Tell whether the visitor is in a circle an endpoint is open to."""
        return circle is Audience.EVERYONE

    @cached_property
    def cart_count(self) -> int:
        """Count the lines in the guest's cart, if they have one."""
        token = request.cookies.get(CART_COOKIE)
        if not token:
            return 0
        return header.count_for_guest(cart_token_hash=hash_cart_token(token)).cart


class Viewer:
    """Somebody who is signed in."""

    is_authenticated = True
    is_active = True
    is_anonymous = False
    signed_in = True

    def __init__(self, person: SignedInPerson, *, second_factor: bool) -> None:
        self.person_id = person.person_id
        self.name = person.name
        self.email = person.email
        self.roles = person.roles
        self.department_id = person.department_id
        self.has_second_factor = person.has_second_factor
        self.passed_second_factor = second_factor

    def get_id(self) -> str:
        """Return the id Flask-Login keeps in the session."""
        return str(self.person_id)

    @property
    def is_staff(self) -> bool:
        """Tell whether the office gave this person a role."""
        return bool(self.roles)

    @cached_property
    def memberships(self) -> list[Membership]:
        """List the enterprises this person works for."""
        return members.list_memberships(self.person_id)

    @property
    def membership(self) -> Membership | None:
        """Return the enterprise this person works for at present: the chosen, or the first."""
        open_ones = [each for each in self.memberships if each.enterprise_status == "active"]
        chosen = session.get("enterprise_id")
        return next(
            (each for each in open_ones if each.enterprise_id == chosen),
            open_ones[0] if open_ones else None,
        )

    @property
    def is_seller(self) -> bool:
        """Tell whether this person works for an enterprise that sells."""
        return self.membership is not None

    @property
    def needs_second_factor(self) -> bool:
        """Tell whether the office's and the shops' pages are closed until a second factor."""
        if self.passed_second_factor:
            return False
        return self.is_staff or any(each.role == MemberRole.OWNER for each in self.memberships)

    def belongs_to(self, circle: Audience | Role) -> bool:
        """Tell whether this person is in a circle an endpoint is open to."""
        if isinstance(circle, Role):
            return circle in self.roles
        if circle is Audience.STAFF:
            return self.is_staff
        if circle in _SELLER_ROLES:
            return self.membership is not None and self.membership.role in _SELLER_ROLES[circle]
        return circle in (Audience.EVERYONE, Audience.MEMBER)

    @cached_property
    def _counts(self) -> HeaderCounts:
        return header.count_for_person(person_id=self.person_id, at=clock.now())

    @property
    def cart_count(self) -> int:
        """Count the lines in the cart."""
        return self._counts.cart

    @property
    def coupon_count(self) -> int:
        """Count the coupons to spend."""
        return self._counts.coupons

    @property
    def unread_count(self) -> int:
        """Count the notices to read."""
        return self._counts.unread


def register(app: Flask, settings: Settings) -> None:
    """Load the viewer when somebody asks for them, and give layouts what they show."""
    manager = LoginManager()
    # Its own context processor would ask the database on pages that say the database is away.
    manager.init_app(app, add_context_processor=False)
    manager.session_protection = None
    manager.anonymous_user = Visitor
    manager.user_loader(_load)

    @app.context_processor
    def _context() -> dict[str, Any]:
        return {"viewer": current_user, "display": display(), "operator": settings.operator}


def begin_session(*, person_id: int, second_factor: bool, at: datetime) -> None:
    """Sign this browser in, with a session of its own; call inside the transaction."""
    token, version = sign_in.start(person_id=person_id, at=at)
    guest = request.cookies.get(CART_COOKIE)
    if guest:
        cart.merge_guest(token_hash=hash_cart_token(guest), person_id=person_id, at=at)
    # Nothing a stranger planted before survives, the CSRF token included.
    session.clear()
    session.update(
        token=token, version=version, seen_at=int(at.timestamp()), second_factor=second_factor
    )
    session["_user_id"] = str(person_id)
    viewer = _load(str(person_id))
    login_user(viewer)


def end_session(*, at: datetime) -> None:
    """Sign this browser out; call inside the transaction."""
    token = session.get("token")
    if token:
        sign_in.end(token=token, at=at)
    logout_user()
    session.clear()


def pass_second_factor() -> None:
    """Note that this session gave a second factor."""
    session["second_factor"] = True


def hash_cart_token(token: str) -> str:
    """Return what the database knows of a guest's cart cookie."""
    return hashlib.sha256(token.encode()).hexdigest()


def display() -> Display:
    """Read how this visitor wants pages to look."""
    text, _, contrast = request.cookies.get(DISPLAY_COOKIE, "").partition(".")
    return Display(
        text=int(text) if text in ("1", "2", "3", "4", "5") else Display.text,
        contrast="high" if contrast == "high" else "normal",
    )


def _load(user_id: str) -> Viewer | None:
    """Find who the session belongs to; forget a session that has ended."""
    person = _find_person(user_id)
    if person is None or _is_over(person):
        for key in ("_user_id", "_fresh", "_id", "token", "version", "seen_at", "second_factor"):
            session.pop(key, None)
        return None
    at = clock.now()
    if at.timestamp() - session["seen_at"] > _SEEN_EVERY.total_seconds():
        session["seen_at"] = int(at.timestamp())
    g.person_id = person.person_id
    return Viewer(person, second_factor=bool(session.get("second_factor")))


def _find_person(user_id: str) -> SignedInPerson | None:
    token, version = session.get("token"), session.get("version")
    if not user_id.isdecimal() or not isinstance(token, str) or not isinstance(version, int):
        return None
    return queries.find_viewer(
        person_id=int(user_id),
        session_version=version,
        token_hash=sign_in.hash_token(token),
    )


def _is_over(person: SignedInPerson) -> bool:
    at = clock.now()
    idle = timedelta(seconds=at.timestamp() - session.get("seen_at", 0))
    limit = STAFF_IDLE if person.roles else IDLE
    over = idle > limit or at - person.started_at > sign_in.LONGEST
    if over:
        flash("안전을 위해 로그아웃되었습니다. 다시 로그인해 주세요.", "warn")
    return over
