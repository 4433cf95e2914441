"""A rush for coupons through the whole HTTP stack: granian with several processes, real sockets."""

from __future__ import annotations

import hashlib
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from http.cookies import SimpleCookie

import pytest
from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import func, select, text

from bench.http1 import Connection
from marketplace.core import clock
from marketplace.core.db import db, transaction
from marketplace.core.settings import Settings
from marketplace.coupons import codes
from marketplace.coupons.models import Coupon
from tests import make
from tests.faults import crew

CLIENTS = 48
PEOPLE, COUPONS, TRIES = 2_000, 500, 2
KILLS = 5


@dataclass(frozen=True)
class Browser:
    """One member's browser: the cookie of their session and the token of its forms."""

    person_id: int
    cookie: str
    csrf_token: str


@dataclass(frozen=True)
class Answer:
    """What one press of the button led to."""

    person_id: int
    status: int
    location: str
    page: str
    seconds: float


@pytest.fixture
def web(live_settings: Settings) -> Iterator[crew.Crew]:
    """The shop in processes of its own."""
    with crew.working(live_settings, "web") as running:
        yield running


@pytest.fixture
def shop(live_settings: Settings, web: crew.Crew) -> Iterator[tuple[Flask, str]]:  # noqa: ARG001
    """A copy of the application beside the shop, and the shop's address."""
    from tests.bed import application

    with (
        application.running(replace(live_settings, pool_size=4)) as app,
        app.app_context(),
    ):
        yield app, live_settings.public_url


def browsers(app: Flask, count: int) -> list[Browser]:
    """Sign members in without their passwords, which would take half a minute to check."""
    at = clock.now()
    make.dong()
    with transaction():
        people = list(
            db.session.scalars(
                text(
                    "INSERT INTO person (email, email_key, email_confirmed_at, name, status)"
                    " SELECT 'p' || n || '@example.com', 'p' || n || '@example.com', now(),"
                    " '김주민', 'active' FROM generate_series(1, :count) n RETURNING id"
                ),
                {"count": count},
            )
        )
        db.session.execute(
            text(
                "INSERT INTO sign_in (person_id, token_hash, started_at) SELECT id,"
                " encode(sha256(convert_to('rush-' || id, 'UTF8')), 'hex'), now() FROM person"
            )
        )
    serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    secret = hashlib.sha256(b"rush").hexdigest()
    token = str(URLSafeTimedSerializer(str(app.secret_key), salt="wtf-csrf-token").dumps(secret))
    kept = {"version": 1, "seen_at": int(at.timestamp()), "csrf_token": secret}

    def cookie(person_id: int) -> str:
        session = {**kept, "_user_id": str(person_id), "token": f"rush-{person_id}"}
        return f"{app.config['SESSION_COOKIE_NAME']}={serializer.dumps(session)}"

    return [Browser(person_id, cookie(person_id), token) for person_id in people]


def press(connection: Connection, browser: Browser, path: str, **form: str) -> Answer:
    """Send a form as a browser does."""
    started = time.perf_counter()
    reply = connection.ask(
        path,
        form={"csrf_token": browser.csrf_token, **form},
        headers={"Cookie": browser.cookie},
    )
    return Answer(
        person_id=browser.person_id,
        status=reply.status,
        location=reply.header("location"),
        page=reply.body.decode(),
        seconds=time.perf_counter() - started,
    )


def rush(
    url: str,
    everybody: Sequence[Browser],
    act: Callable[[Connection, Browser], Answer],
    *,
    clients: int = CLIENTS,
) -> list[Answer]:
    """Let everybody act, as many at once as there are clients, let go by one barrier."""
    clients = min(clients, len(everybody))
    barrier = threading.Barrier(clients)

    def work(number: int) -> list[Answer]:
        with closing(Connection(url)) as connection:
            barrier.wait(30)
            return [act(connection, browser) for browser in everybody[number::clients]]

    with ThreadPoolExecutor(clients) as pool:
        return [answer for answers in pool.map(work, range(clients)) for answer in answers]


def claimed() -> tuple[int, int]:
    """Count coupons that have a person, and those persons."""
    db.session.rollback()
    of_somebody = select(func.count(), func.count(Coupon.person_id.distinct())).where(
        Coupon.person_id.is_not(None)
    )
    coupons, people = db.session.execute(of_somebody).one()
    return coupons, people


def test_2000_people_claim_500_coupons_each_retrying(shop: tuple[Flask, str]) -> None:
    app, url = shop
    make.campaign(slug="rush", name="첫차 쿠폰", cap=COUPONS, amount=5_000)
    everybody = browsers(app, PEOPLE) * TRIES
    random.Random(11).shuffle(everybody)  # noqa: S311

    answers = rush(
        url, everybody, lambda line, browser: press(line, browser, "/coupons/rush/claim")
    )

    assert claimed() == (COUPONS, COUPONS)
    said = Counter(answer.status for answer in answers)
    assert set(said) == {303, 409}
    assert all(
        re.fullmatch(r"/my/coupons\?(got|has)=\d+", answer.location)
        for answer in answers
        if answer.status == 303
    )
    winners = {answer.person_id for answer in answers if answer.status == 303}
    assert len(winners) == COUPONS
    refused = [answer for answer in answers if answer.status == 409]
    assert all("첫차 쿠폰이 모두 소진되었습니다" in answer.page for answer in refused)
    # Whoever got one on the first press is told of the same one on the second.
    assert said[303] >= COUPONS


def test_3000_people_press_20000_times_for_1000_coupons(shop: tuple[Flask, str]) -> None:
    """C1, at its own size: two hundred clients at once."""
    app, url = shop
    make.campaign(slug="rush", name="첫차 쿠폰", cap=1_000, amount=5_000)
    everybody = browsers(app, 3_000)
    chance = random.Random(17)  # noqa: S311
    presses = [*everybody, *chance.choices(everybody, k=17_000)]
    chance.shuffle(presses)

    answers = rush(
        url,
        presses,
        lambda line, browser: press(line, browser, "/coupons/rush/claim"),
        clients=200,
    )

    assert claimed() == (1_000, 1_000)
    assert {answer.status for answer in answers} == {303, 409}
    winners = {answer.person_id for answer in answers if answer.status == 303}
    assert len(winners) == 1_000


def test_killed_web_processes_lose_no_coupon(shop: tuple[Flask, str], web: crew.Crew) -> None:
    """C3: whoever was told of a coupon has it, and whatever is left is given afterwards."""
    app, url = shop
    make.campaign(slug="rush", cap=400, amount=5_000)
    everybody = browsers(app, 1_200)
    told: list[Answer] = []

    def patient(line: Connection, browser: Browser) -> Answer:
        until = time.monotonic() + 120
        while True:
            try:
                answer = press(line, browser, "/coupons/rush/claim")
            except OSError:
                line.close()
                assert time.monotonic() < until
                time.sleep(0.2)
            else:
                return answer

    is_over = threading.Event()
    killer = threading.Thread(target=_kill_now_and_then, args=(web, is_over))
    killer.start()
    try:
        told = rush(url, everybody, patient)
    finally:
        is_over.set()
        killer.join()

    assert {answer.status for answer in told} <= {303, 409}
    winners = {answer.person_id for answer in told if answer.status == 303}
    db.session.rollback()
    holders = set(db.session.scalars(select(Coupon.person_id).where(Coupon.person_id.is_not(None))))
    assert winners <= holders
    rush(url, everybody, patient)
    assert claimed() == (400, 400)


def _kill_now_and_then(web: crew.Crew, is_over: threading.Event) -> None:
    for _ in range(KILLS):
        if is_over.wait(1.0):
            return
        serving = web.list_processes("web")
        # The other one goes on serving, or is about to.
        if len(serving) > 1:
            crew.end(serving[0])


def test_codes_guessed_all_at_once_are_counted_one_by_one(shop: tuple[Flask, str]) -> None:
    """S12: sixty guesses of one person in the same moment are ten guesses and fifty refusals."""
    app, url = shop
    make.code_batch(codes=20)
    (guesser,) = browsers(app, 1)

    answers = rush(
        url,
        [guesser] * 60,
        lambda line, browser: press(line, browser, "/coupons/code", code=codes.draw()),
    )

    assert Counter(answer.status for answer in answers) == {404: 10, 429: 50}
    assert claimed() == (0, 0)


def test_sessions_made_here_are_what_sign_in_makes(shop: tuple[Flask, str]) -> None:
    app, url = shop
    (browser,) = browsers(app, 1)

    with closing(Connection(url)) as connection:
        reply = connection.ask("/my/coupons", headers={"Cookie": browser.cookie})

    assert reply.status == 200
    assert not SimpleCookie(reply.header("set-cookie"))
