"""Every endpoint against every kind of person (S1), and what every answer carries (S21)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import event
from werkzeug.test import TestResponse

from marketplace.accounts.models import Person, Role
from marketplace.core.db import db
from marketplace.enterprises.models import EnterpriseStatus, MemberRole
from tests import make
from tests.web.audiences import COUNTER, EVERYONE, MACHINE, MEMBER, SELLER, SELLER_OWNER, STAFF
from tests.web.policy import MAY_ASK_TO_SIGN_IN, POLICY
from tests.web.routes import Route, collect_writes, routes_of
from tests.web.visitor import Visitor


@dataclass(frozen=True)
class Actor:
    """One kind of person, and what may open for them."""

    name: str
    come: Callable[[], Person | None]
    circles: frozenset[str]
    second_factor: bool = True


def _employed(
    role: MemberRole, status: EnterpriseStatus = EnterpriseStatus.ACTIVE
) -> Callable[[], Person]:
    def come() -> Person:
        person = make.person()
        make.member(make.enterprise(status=status), person, role=role)
        return person

    return come


def _in_office(role: Role) -> Callable[[], Person]:
    def come() -> Person:
        department = make.department() if role is Role.DEPARTMENT_BUYER else None
        # Somebody else has to be administrator too, or this one could not leave the mall.
        make.person(roles=[Role.ADMINISTRATOR])
        return make.person(roles=[role], of_department=department)

    return come


OPEN, OWN = frozenset({EVERYONE, MACHINE}), frozenset({EVERYONE, MACHINE, MEMBER})
ACTORS = (
    Actor("anonymous", lambda: None, OPEN),
    Actor("resident", make.person, OWN),
    Actor("owner", _employed(MemberRole.OWNER), OWN | {SELLER, SELLER_OWNER, COUNTER}),
    Actor("shop clerk", _employed(MemberRole.STAFF), OWN | {SELLER, COUNTER}),
    Actor("cashier", _employed(MemberRole.CASHIER), OWN | {COUNTER}),
    Actor("suspended owner", _employed(MemberRole.OWNER, EnterpriseStatus.SUSPENDED), OWN),
    Actor(
        "owner without second factor",
        _employed(MemberRole.OWNER),
        OWN | {SELLER, SELLER_OWNER, COUNTER},
        second_factor=False,
    ),
    Actor(
        "staff without second factor",
        _in_office(Role.SETTLEMENT_OFFICER),
        OWN | {STAFF, Role.SETTLEMENT_OFFICER.value},
        second_factor=False,
    ),
    *(Actor(role.value, _in_office(role), OWN | {STAFF, role.value}) for role in Role),
)


def _outcome(answer: TestResponse) -> str:
    location = answer.location or ""
    if location.startswith("/sign-in?next=") or answer.status_code == 401:
        return "sign in"
    if location.startswith("/second-factor?next="):
        return "second factor"
    return "refused" if answer.status_code == 403 else "in"


def _expected(actor: Actor, endpoint: str) -> set[str]:
    policy = _policy_of(endpoint)
    if policy & OPEN:
        return {"in", "sign in"} if endpoint in MAY_ASK_TO_SIGN_IN else {"in"}
    if actor.circles == OPEN:
        return {"sign in"}
    if not policy & actor.circles:
        return {"refused"}
    return {"in"} if policy == {MEMBER} or actor.second_factor else {"second factor"}


def _policy_of(endpoint: str) -> frozenset[str]:
    policy = POLICY[endpoint]
    return frozenset({policy}) if isinstance(policy, str) else policy


def _ask(visitor: Visitor, route: Route) -> TestResponse:
    if route.is_write:
        headers = {"X-CSRFToken": visitor.csrf_token()}
        return visitor.request(route.method, route.path, headers=headers)
    return visitor.get(route.path)


def _check_headers(answer: TestResponse, *, is_personal: bool) -> None:
    headers = answer.headers
    policy = headers["Content-Security-Policy"]
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy
    for rule in ("object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
        assert rule in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "geolocation=()" in headers["Permissions-Policy"]
    assert headers["X-Request-ID"]
    if is_personal:
        assert headers["Cache-Control"] == "no-store"


def test_a_page_of_others_asks_nobody_signed_in_to_sign_in(visitor: Visitor) -> None:
    answer = visitor.enter(make.person()).get("/office")

    assert answer.status_code == 403
    assert "다른 계정으로 로그인했는지" in answer.text
    assert 'href="/sign-in"' not in answer.text


def test_the_policy_names_every_endpoint_and_no_other(app: Flask) -> None:
    assert set(POLICY) == set(app.view_functions)


@pytest.mark.parametrize("endpoint", sorted(POLICY))
def test_opens_to_whom_the_policy_names(app: Flask, isolated: None, endpoint: str) -> None:  # noqa: ARG001
    policy = _policy_of(endpoint)
    for actor in ACTORS:
        for route in routes_of(app, endpoint):
            person = actor.come()
            visitor = Visitor(app)
            if person is not None:
                visitor.enter(person, second_factor=actor.second_factor)

            with collect_writes() as written:
                answer = _ask(visitor, route)

            assert _outcome(answer) in _expected(actor, endpoint), (actor.name, route)
            assert answer.status_code < 500 or endpoint == "ops.readyz", (actor.name, route)
            assert route.is_write or written == [], (actor.name, route)
            _check_headers(answer, is_personal=not policy & OPEN or route.is_write)


def test_pages_of_who_is_signed_in_are_kept_nowhere(visitor: Visitor) -> None:
    assert visitor.get("/terms").headers["Cache-Control"] == "private, no-cache"

    visitor.enter(make.person())

    assert visitor.get("/terms").headers["Cache-Control"] == "no-store"


def test_static_files_with_a_digest_are_kept_for_ever(visitor: Visitor) -> None:
    assert "immutable" in visitor.get("/static/img/mark.svg?v=abc").headers["Cache-Control"]
    assert "immutable" not in visitor.get("/static/img/mark.svg").headers["Cache-Control"]
    assert visitor.get("/static/none.svg?v=abc").headers["Cache-Control"] == "no-store"


def test_the_header_costs_three_queries_at_most(visitor: Visitor) -> None:
    def count(path: str) -> int:
        sent: list[str] = []

        def note(_c: object, _u: object, statement: str, *_: object) -> None:
            if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
                sent.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            assert visitor.get(path).status_code == 200
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        return len(sent)

    assert count("/terms") == 0
    visitor.client.set_cookie("cart", "a-guest")
    assert count("/terms") == 1
    visitor.enter(make.person())
    assert count("/terms") <= 3
