"""Verified facts: requests, the desk, the telephone, and how long they count."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from marketplace.accounts import (
    identity,
    verification,
    verification_desk,
    verification_requests,
    withdrawal,
)
from marketplace.accounts.identity import AnswerWrong, ChallengeGone, LocalProvider, OtherName
from marketplace.accounts.models import Person
from marketplace.accounts.verification import IdentityTaken, ValueUnknown, VerificationKind
from marketplace.accounts.verification_desk import MemberUnknown
from marketplace.accounts.verification_models import (
    IdentityChallenge,
    Verification,
    VerificationRequest,
)
from marketplace.accounts.verification_requests import (
    AskedAlready,
    DecidedAlready,
    KindNotAsked,
    OwnRequest,
    ReasonMissing,
)
from marketplace.audit.models import AuditEvent
from marketplace.core import sealing
from marketplace.core.db import db, transaction
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("isolated")

BIRTH = date(1990, 5, 1)
PROVIDER = LocalProvider()


def ask(person: Person, value: str = "자양1동") -> int:
    with transaction():
        verification_requests.ask(
            person_id=person.id, kind=VerificationKind.RESIDENCE, value=value, at=NOW
        )
    return db.session.scalars(
        select(VerificationRequest.id).where(VerificationRequest.person_id == person.id)
    ).one()


def decide(request_id: int, by: Person, *, grant: bool = True, reason: str = "") -> None:
    with transaction():
        verification_requests.decide(
            request_id=request_id, grant=grant, reason=reason, by=by.id, at=NOW
        )


def begin(person: Person, *, name: str | None = None) -> str:
    """Start the telephone's confirmation and return the number it shows."""
    with transaction():
        challenge = identity.start(
            PROVIDER,
            person_id=person.id,
            name=name or person.name,
            birth_on=BIRTH,
            phone="010-1234-5678",
            at=NOW,
        )
    assert challenge.shown_code is not None
    return challenge.shown_code


def reply(person: Person, written: str, *, at: object = NOW) -> AnswerWrong | None:
    with transaction():
        return identity.answer(PROVIDER, person_id=person.id, written=written, at=at)  # type: ignore[arg-type]


def verified(person: Person, *, at: object = NOW) -> dict[VerificationKind, str]:
    return dict(verification.get_facts(person_id=person.id, at=at).verified)  # type: ignore[arg-type]


class TestRequests:
    def test_count_from_the_desks_yes_for_a_year(self) -> None:
        dong, person, clerk = make.dong(), make.person(), make.person()

        decide(ask(person, dong.name), clerk)

        assert verified(person) == {VerificationKind.RESIDENCE: dong.code}
        assert verified(person, at=NOW + timedelta(days=365)) == {}

    def test_leave_nothing_but_the_reason_when_refused(self) -> None:
        make.dong()
        person, clerk = make.person(), make.person()

        decide(ask(person), clerk, grant=False, reason="주소지가 다릅니다")

        own = verification_requests.list_own(person_id=person.id)
        assert verified(person) == {}
        assert [(one.is_granted, one.reason) for one in own] == [(False, "주소지가 다릅니다")]

    def test_are_refused_only_with_a_reason(self) -> None:
        make.dong()
        request_id = ask(make.person())

        with pytest.raises(ReasonMissing):
            decide(request_id, make.person(), grant=False, reason="  ")

    def test_wait_once(self) -> None:
        make.dong()
        person = make.person()
        ask(person)

        with pytest.raises(AskedAlready):
            ask(person)

    def test_are_decided_once(self) -> None:
        make.dong()
        request_id = ask(make.person())
        decide(request_id, make.person())

        with pytest.raises(DecidedAlready):
            decide(request_id, make.person(), grant=False, reason="늦었습니다")

    def test_are_decided_by_somebody_else(self) -> None:
        make.dong()
        person = make.person()

        with pytest.raises(OwnRequest):
            decide(ask(person), person)

    def test_know_our_dong_only(self) -> None:
        with pytest.raises(ValueUnknown):
            ask(make.person(), "없는동")

    def test_never_ask_the_desk_for_an_identity(self) -> None:
        with pytest.raises(KindNotAsked), transaction():
            verification_requests.ask(
                person_id=make.person().id, kind=VerificationKind.IDENTITY, value="", at=NOW
            )

    def test_show_the_desk_masked_people(self) -> None:
        make.dong()
        person = make.person(name="홍길동")
        ask(person)

        waiting = verification_requests.list_waiting()

        assert [one.person for one in waiting] == ["홍*동"]
        assert person.email not in str(waiting)


class TestDesk:
    def test_records_and_replaces(self) -> None:
        person, clerk = make.person(), make.person()
        for workplace in ("나루상회", "나루협동조합"):
            with transaction():
                verification_desk.record_at_desk(
                    email=person.email.upper(),
                    kind=VerificationKind.WORKPLACE,
                    value=f" {workplace} ",
                    by=clerk.id,
                    at=NOW,
                )

        assert verified(person) == {VerificationKind.WORKPLACE: "나루협동조합"}
        assert db.session.scalar(select(func.count()).select_from(Verification)) == 2
        actions = db.session.scalars(
            select(AuditEvent.action).where(AuditEvent.subject_id == person.id)
        )
        assert list(actions).count("fact_verified") == 2

    def test_says_when_nobody_has_the_address(self) -> None:
        with pytest.raises(MemberUnknown), transaction():
            verification_desk.record_at_desk(
                email="nobody@example.com",
                kind=VerificationKind.WORKPLACE,
                value="나루상회",
                by=make.person().id,
                at=NOW,
            )


class TestIdentity:
    def test_verifies_and_keeps_no_name_of_the_provider(self) -> None:
        person = make.person(name="김나루")

        assert reply(person, begin(person)) is None

        kept = db.session.scalars(select(Verification)).one()
        assert verified(person) == {VerificationKind.IDENTITY: ""}
        assert kept.identity_digest is not None
        assert "김나루" not in kept.identity_digest
        assert db.session.get_one(Person, person.id).birth_on == BIRTH

    def test_belongs_to_one_account(self) -> None:
        first, second = make.person(name="김나루"), make.person(name="김나루")
        reply(first, begin(first))
        code = begin(second)

        with pytest.raises(IdentityTaken):
            reply(second, code)

    def test_belongs_to_one_account_under_a_new_secret_too(self) -> None:
        first, second = make.person(name="김나루"), make.person(name="김나루")
        reply(first, begin(first))
        known = sealing._Keys.secrets
        sealing.use("another-secret-key-of-thirty-two-letters", known)
        try:
            code = begin(second)
            with pytest.raises(IdentityTaken):
                reply(second, code)
        finally:
            sealing.use(known[0], known[1:])

    def test_is_free_again_after_withdrawal(self) -> None:
        first, second = make.person(name="김나루"), make.person(name="김나루")
        reply(first, begin(first))
        with transaction():
            withdrawal.withdraw(person_id=first.id, at=NOW, ip=None)

        assert reply(second, begin(second)) is None
        standing = select(Verification.person_id).where(Verification.revoked_at.is_(None))
        assert db.session.scalars(standing).all() == [second.id]

    def test_is_known_again_under_a_new_secret(self) -> None:
        first, second = make.person(name="김나루"), make.person(name="김나루")
        reply(first, begin(first))
        with transaction():
            withdrawal.withdraw(person_id=first.id, at=NOW, ip=None)
        known = sealing._Keys.secrets
        sealing.use("another-secret-key-of-thirty-two-letters", known)
        try:
            reply(second, begin(second))
        finally:
            sealing.use(known[0], known[1:])

        assert verification.list_former_accounts(person_id=second.id) == [first.id]

    def test_counts_wrong_answers_and_ends_after_five(self) -> None:
        person = make.person(name="김나루")
        code = begin(person)
        wrong = "000000" if code != "000000" else "000001"

        left = [str(reply(person, wrong)) for _ in range(5)]

        assert "남은 횟수 4번" in left[0]
        assert "남은 횟수 0번" in left[4]
        with pytest.raises(ChallengeGone):
            reply(person, code)

    def test_ends_after_three_minutes(self) -> None:
        person = make.person(name="김나루")
        code = begin(person)

        with pytest.raises(ChallengeGone):
            reply(person, code, at=NOW + timedelta(minutes=3))

    def test_replaces_the_one_begun_before(self) -> None:
        person = make.person(name="김나루")
        begin(person)
        code = begin(person)

        assert reply(person, code) is None
        open_ones = select(func.count()).where(IdentityChallenge.finished_at.is_(None))
        assert db.session.scalar(open_ones) == 0

    def test_is_of_the_accounts_own_name(self) -> None:
        with pytest.raises(OtherName):
            begin(make.person(name="김나루"), name="박나루")
