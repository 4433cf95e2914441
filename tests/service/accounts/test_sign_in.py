"""Signing in and out, ending sessions, and a forgotten password."""

from __future__ import annotations

import time
from datetime import timedelta
from statistics import median

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from marketplace.accounts import mailed_links, passwords, people, queries, secrets, sign_in
from marketplace.accounts.models import Person, PersonStatus, Role, SignIn
from marketplace.core.db import db, transaction
from tests import make
from tests.make import NOW
from tests.service.accounts import jobs
from tests.service.checkout import counting

PASSWORD = "나루터에 배가 세 척"  # noqa: S105
OTHER = "강 건너 느티나무 한 그루"


def _member(**values: object) -> Person:
    return make.person(
        email="Hong@example.com",
        password_hash=secrets.hash_secret(PASSWORD),
        **values,  # type: ignore[arg-type]
    )


def _recognise(email: str, password: str) -> sign_in.Recognised:
    with transaction():
        return sign_in.recognise(email=email, password=password, at=NOW)


def _start(person: Person) -> tuple[str, int]:
    with transaction():
        return sign_in.start(person_id=person.id, at=NOW)


def _viewer(person: Person, session: tuple[str, int]) -> queries.SignedInPerson | None:
    token, version = session
    return queries.find_viewer(
        person_id=person.id, session_version=version, token_hash=sign_in.hash_token(token)
    )


class TestRecognise:
    @pytest.mark.parametrize(
        "email", ["hong@example.com", " HONG@example.com", "hong+a@example.com"]
    )
    def test_knows_a_person_by_any_spelling(self, email: str) -> None:
        person = _member()

        assert _recognise(email, PASSWORD).person_id == person.id

    @pytest.mark.parametrize(
        ("email", "password"),
        [
            ("hong@example.com", "wrong"),
            ("nobody@example.com", PASSWORD),
            ("", ""),
            ("x\x01", "x" * 128),
        ],
    )
    def test_says_no_the_same_way(self, email: str, password: str) -> None:
        _member()

        with pytest.raises(sign_in.WrongCredentials):
            _recognise(email, password)

    def test_says_no_to_a_person_without_a_password(self) -> None:
        make.person(email="hong@example.com")

        with pytest.raises(sign_in.WrongCredentials):
            _recognise("hong@example.com", "nobody's secret")

    def test_tells_a_disabled_person_only_who_knows_the_password(self) -> None:
        _member(status=PersonStatus.DISABLED)

        with pytest.raises(sign_in.WrongCredentials):
            _recognise("hong@example.com", "wrong")
        with pytest.raises(people.PersonNotActive):
            _recognise("hong@example.com", PASSWORD)

    def test_rehashes_what_was_kept_with_weaker_settings(self) -> None:
        kept = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
        person = make.person(email="hong@example.com", password_hash=kept)

        _recognise("hong@example.com", PASSWORD)

        db.session.refresh(person)
        assert person.password_hash is not None
        assert not secrets.is_outdated(person.password_hash)

    def test_works_as_long_for_an_unknown_address(self) -> None:
        _member()
        spent: dict[str, list[float]] = {"hong@example.com": [], "nobody@example.com": []}
        for _ in range(9):
            for email, times in spent.items():
                # Time of this thread alone: other work on the machine proves nothing.
                start = time.thread_time()
                with pytest.raises(sign_in.WrongCredentials):
                    _recognise(email, "wrong password")
                times.append(time.thread_time() - start)

        known, unknown = (median(times) for times in spent.values())
        assert abs(known - unknown) < 0.010
        assert unknown > 0.010


class TestStart:
    def test_gives_a_session_that_finds_its_person_in_one_query(self) -> None:
        person = _member(roles=[Role.OPERATOR, Role.APPROVER])

        viewer = _viewer(person, _start(person))

        assert viewer is not None
        assert viewer.person_id == person.id
        assert viewer.roles == {Role.OPERATOR, Role.APPROVER}
        assert viewer.started_at == NOW

    def test_keeps_no_token(self) -> None:
        person = _member()
        token, _ = _start(person)

        assert token not in db.session.scalars(select(SignIn.token_hash)).all()

    def test_ends_the_oldest_browser_of_too_many(self) -> None:
        person = _member()
        sessions = [_start(person) for _ in range(sign_in.BROWSERS + 2)]

        alive = [_viewer(person, session) is not None for session in sessions]
        assert alive == [False, False] + [True] * sign_in.BROWSERS
        assert sign_in.count_standing(person_id=person.id, at=NOW) == sign_in.BROWSERS

    def test_refuses_whoever_is_disabled(self) -> None:
        person = _member(status=PersonStatus.DISABLED)

        with pytest.raises(people.PersonNotActive):
            _start(person)


class TestEnding:
    def test_one_browser_leaves_the_others(self) -> None:
        person = _member()
        here, there = _start(person), _start(person)
        with transaction():
            sign_in.end(token=here[0], at=NOW)

        assert _viewer(person, here) is None
        assert _viewer(person, there) is not None

    def test_everywhere_ends_all(self) -> None:
        person = _member()
        sessions = [_start(person), _start(person)]
        with transaction():
            people.end_sessions(person_id=person.id)

        assert [_viewer(person, session) for session in sessions] == [None, None]

    def test_disabling_ends_all_and_enabling_revives_none(self) -> None:
        person, boss = _member(), make.person(roles=[Role.ADMINISTRATOR])
        session = _start(person)
        with transaction():
            people.disable(person_id=person.id, actor_id=boss.id, reason="도용 신고", ip=None)
        assert _viewer(person, session) is None

        with transaction():
            people.enable(person_id=person.id, actor_id=boss.id, ip=None)
        assert _viewer(person, session) is None
        assert _recognise("hong@example.com", PASSWORD).person_id == person.id

    def test_a_token_of_another_person_opens_nothing(self) -> None:
        person, other = _member(), make.person()
        token, version = _start(other)

        assert _viewer(person, (token, version)) is None

    def test_forgets_old_sign_ins(self) -> None:
        _start(_member())
        with transaction():
            assert sign_in.forget(before=NOW) == 0
            assert sign_in.forget(before=NOW + timedelta(seconds=1)) == 1


class TestChangePassword:
    def test_asks_for_the_present_one(self) -> None:
        person = _member()

        with pytest.raises(passwords.PasswordWrong), transaction():
            passwords.change(person_id=person.id, current="wrong", new=OTHER, ip=None)

    def test_ends_every_session_and_tells_the_person(self) -> None:
        person = _member()
        session = _start(person)
        with transaction():
            version = passwords.change(person_id=person.id, current=PASSWORD, new=OTHER, ip=None)

        assert version == session[1] + 1
        assert _viewer(person, session) is None
        assert jobs.kinds() == ["password_changed"]
        assert _recognise("hong@example.com", OTHER).person_id == person.id

    def test_keeps_the_old_one_when_the_new_one_is_weak(self) -> None:
        person = _member()
        with pytest.raises(passwords.PasswordWeak), transaction():
            passwords.change(person_id=person.id, current=PASSWORD, new="short", ip=None)

        assert _recognise("hong@example.com", PASSWORD).person_id == person.id

    def test_confirm_knows_the_person_at_the_keyboard(self) -> None:
        person = _member()

        passwords.confirm(person_id=person.id, password=PASSWORD)
        with pytest.raises(passwords.PasswordWrong):
            passwords.confirm(person_id=person.id, password="wrong")  # noqa: S106


class TestReset:
    def _ask(self, email: str = "hong@example.com") -> None:
        with transaction():
            sign_in.ask_for_reset(email=email)
        jobs.mail_links(at=NOW)

    def _token(self) -> str:
        token_id = jobs.mails()[-1]["token_id"]
        assert isinstance(token_id, int)
        return mailed_links.link_token(token_id)

    def _reset(self, token: str, password: str = OTHER, *, minutes: int = 1) -> None:
        with transaction():
            sign_in.reset(
                token=token, password=password, at=NOW + timedelta(minutes=minutes), ip=None
            )

    def test_mails_only_members(self) -> None:
        self._ask("nobody@example.com")
        assert jobs.mails() == []

        _member()
        self._ask("HONG@example.com")
        assert jobs.kinds() == ["reset_password"]

    def test_asks_the_database_the_same_whoever_is_named(self) -> None:
        """The clock, too, must not tell strangers who is a member (S11)."""
        _member()
        asked = []
        for email in ("hong@example.com", "nobody@example.com"):
            with counting.statements() as sent, transaction():
                sign_in.ask_for_reset(email=email)
            asked.append(sent)

        assert asked[0] == asked[1] != []

    def test_gives_a_new_password_once_and_ends_sessions(self) -> None:
        person = _member()
        session = _start(person)
        self._ask()
        token = self._token()

        self._reset(token)

        assert _viewer(person, session) is None
        assert _recognise("hong@example.com", OTHER).person_id == person.id
        with pytest.raises(mailed_links.LinkDead):
            self._reset(token)

    def test_is_over_after_ten_minutes(self) -> None:
        _member()
        self._ask()

        with pytest.raises(mailed_links.LinkDead):
            self._reset(self._token(), minutes=10)

    def test_survives_a_weak_try(self) -> None:
        _member()
        self._ask()
        token = self._token()
        with pytest.raises(passwords.PasswordWeak):
            self._reset(token, "short")

        self._reset(token)

    def test_confirms_the_address_it_was_mailed_to(self) -> None:
        person = _member(confirmed=False)
        self._ask()
        self._reset(self._token())

        assert _recognise("hong@example.com", OTHER).person_id == person.id


def test_warn_of_lock_tells_a_member_once_an_hour() -> None:
    _member()
    with transaction():
        sign_in.warn_of_lock(email="hong@example.com", at=NOW)
        sign_in.warn_of_lock(email="hong@example.com", at=NOW + timedelta(minutes=5))
        sign_in.warn_of_lock(email="hong@example.com", at=NOW + timedelta(hours=1))
        sign_in.warn_of_lock(email="nobody@example.com", at=NOW)

    assert jobs.kinds() == ["sign_in_locked", "sign_in_locked"]
