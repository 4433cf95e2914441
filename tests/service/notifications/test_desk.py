"""The office sees what left, masked, and sends once more what failed for good."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from marketplace.audit.models import AuditEvent
from marketplace.core.db import db, transaction
from marketplace.core.outbox import Job, JobState
from marketplace.notifications import desk, log
from marketplace.notifications.desk import Filters
from marketplace.notifications.models import Channel, Message, MessageState
from tests import make
from tests.make import NOW
from tests.service.checkout.counting import statements

pytestmark = pytest.mark.usefixtures("isolated")


def _message(
    key: str, *, kind: str = "order_paid", channel: Channel = Channel.MAIL, person_id: int | None
) -> int:
    is_mail = channel is Channel.MAIL
    with transaction():
        log.write_down(
            key=key,
            kind=kind,
            channel=channel,
            person_id=person_id,
            address="somebody@example.com" if is_mail else "01012345678",
            given={"order_id": 1},
            subject="제목",
        )
    return db.session.scalars(select(Message.id).where(Message.dedupe_key == key)).one()


def _fail(key: str) -> None:
    with transaction():
        log.note_failed(key=key, failure="ConnectionRefusedError for somebody@example.com")


class TestListPage:
    def test_masks_names_and_addresses(self) -> None:
        person = make.person(name="김나루")
        _message("a", person_id=person.id)
        _message("b", channel=Channel.TALK, person_id=person.id)
        _fail("a")

        text, mail = desk.list_page(Filters())

        assert (mail.person, mail.address) == ("김*루", "so******@example.com")
        assert text.address == "010-****-5678"
        assert mail.failure == "ConnectionRefusedError for so******@example.com"

    def test_filters_by_everything_the_office_asks_for(self) -> None:
        mine, other = make.person(), make.person()
        first = _message("a", person_id=mine.id)
        second = _message("b", channel=Channel.TALK, kind="order_shipped", person_id=other.id)
        _fail("b")

        def found(**asked: object) -> list[int]:
            return [row.id for row in desk.list_page(Filters(**asked))]  # type: ignore[arg-type]

        assert found() == [second, first]
        assert found(kind="order_paid") == [first]
        assert found(channel=Channel.TALK) == [second]
        assert found(state=MessageState.FAILED) == [second]
        assert found(person_id=mine.id) == [first]
        assert found(kind="order_paid", person_id=other.id) == []
        assert [row.id for row in desk.list_page(Filters(), before_id=second)] == [first]
        assert desk.count_unsent()[MessageState.FAILED] == 1

    def test_reads_a_page_in_one_query(self) -> None:
        for number in range(30):
            _message(f"k{number}", person_id=make.person().id)

        with statements() as sent:
            rows = desk.list_page(Filters())

        assert (len(rows), len(sent)) == (30, 1)


class TestResend:
    def test_asks_once_more_for_what_failed_and_says_who_did(self) -> None:
        clerk = make.person()
        message_id = _message("a", person_id=clerk.id)
        _fail("a")

        with transaction():
            desk.resend(message_id=message_id, actor_id=clerk.id, ip="192.0.2.7")

        job = db.session.scalars(select(Job).where(Job.kind == "notifications.resend")).one()
        assert job.payload == {"message_id": message_id}
        event = db.session.scalars(
            select(AuditEvent).where(AuditEvent.action == "message.resent")
        ).one()
        assert (event.subject_id, event.actor_id) == (message_id, clerk.id)
        failed = desk.find_failed(message_id)
        assert failed is not None
        assert (failed.key, failed.kind, failed.is_text) == ("a", "order_paid", False)

    def test_refuses_what_left_and_what_does_not_exist(self) -> None:
        message_id = _message("a", person_id=None)
        with transaction():
            log.note_sent(key="a", at=NOW)

        with pytest.raises(desk.NotFailed), transaction():
            desk.resend(message_id=message_id, actor_id=make.person().id, ip=None)
        with pytest.raises(desk.MessageMissing), transaction():
            desk.resend(message_id=message_id + 1, actor_id=make.person().id, ip=None)
        assert desk.find_failed(message_id) is None

    def test_waits_until_the_worker_has_given_up(self) -> None:
        clerk = make.person()
        message_id = _message("a", person_id=None)
        _fail("a")
        with transaction():
            db.session.add(
                Job(
                    kind="notifications.deliver", dedupe_key="a", payload={}, state=JobState.PENDING
                )
            )

        with pytest.raises(desk.StillTried), transaction():
            desk.resend(message_id=message_id, actor_id=clerk.id, ip=None)
        with transaction():
            db.session.scalars(select(Job).where(Job.dedupe_key == "a")).one().state = JobState.DEAD
        with transaction():
            desk.resend(message_id=message_id, actor_id=clerk.id, ip=None)
        with pytest.raises(desk.StillTried), transaction():
            desk.resend(message_id=message_id, actor_id=clerk.id, ip=None)
