"""The mail server or 알림톡 is away, or takes a message and never says so (J14)."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Final

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from marketplace.core import clock, outbox
from marketplace.core.db import db, transaction
from marketplace.core.outbox import Job, JobState
from marketplace.core.settings import Settings
from marketplace.notifications import desk, texts
from marketplace.notifications.models import (
    Channel,
    Message,
    MessageState,
    Notice,
    RecordedText,
)
from marketplace.orders.models import Line, LineStatus
from tests import make
from tests.faults.crew import Crew
from tests.faults.mail_server import Mailbox, standing

# Every two minutes once the first retries are over: an outage of ten minutes is a few of them.
_OUTAGE: Final = 4


class Killed(BaseException):
    """The process died here."""


@pytest.fixture
def box() -> Mailbox:
    """A mailbox whose server does not listen yet, at a port that is known."""
    made = Mailbox()
    with standing(made):
        pass
    return made


@pytest.fixture
def tasks(
    live_app: Flask, live_settings: Settings, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ModuleType]:
    """The worker's own tasks, in this process, on the test's database and mail server."""
    for name, value in Crew(live_settings)._environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MAIL_URL", f"smtp://127.0.0.1:{box.port}")
    for name in [name for name in sys.modules if name.split(".")[0] == "workers"]:
        monkeypatch.delitem(sys.modules, name)
    module = importlib.import_module("workers.tasks.notifications")
    with live_app.app_context():
        yield module
    app = importlib.import_module("workers.app").flask_app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    for name in [name for name in sys.modules if name.split(".")[0] == "workers"]:
        sys.modules.pop(name)


@dataclass
class Network:
    """A provider of texts as a test wants it, honouring references as a real one does."""

    fails: int = 0
    drops: int = 0
    refuses: frozenset[Channel] = frozenset()
    asked: list[str] = field(default_factory=list)
    sent: dict[str, Channel] = field(default_factory=dict)

    def send(self, *, reference: str, channel: Channel, phone: str, body: str) -> str:
        """Take one text, or not, or take it and lose the answer."""
        assert phone.isdigit()
        assert body.startswith("[세나루 마켓]")
        self.asked.append(reference)
        if channel in self.refuses:
            raise texts.Refused("no such friend")
        if self.fails:
            self.fails -= 1
            raise texts.Unreachable("timed out")
        self.sent.setdefault(reference, channel)
        if self.drops:
            self.drops -= 1
            raise texts.Unreachable("answer lost")
        return f"net-{len(self.sent)}"


def _run(task: object, kind: str) -> JobState:
    """Run the waiting jobs of a kind as a worker does, whenever they are due."""
    ids = db.session.scalars(
        select(Job.id).where(Job.kind == kind, Job.state != JobState.DONE).order_by(Job.id)
    ).all()
    db.session.rollback()
    for job_id in ids:
        task(job_id)  # type: ignore[operator]
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(Job.state).where(Job.id == ids[0])).one()


def _messages() -> list[Message]:
    db.session.rollback()
    return list(db.session.scalars(select(Message).order_by(Message.id)))


class TestMail:
    def test_leaves_once_the_server_is_back_and_never_stops_an_order(
        self, tasks: ModuleType, box: Mailbox
    ) -> None:
        order = make.paid_order({make.sellable(): 1}, at=clock.now())

        for _ in range(_OUTAGE):
            assert _run(tasks.deliver, "notifications.deliver") is JobState.PENDING

        (message,) = _messages()
        assert (message.state, message.attempts) == (MessageState.FAILED, _OUTAGE)
        status = db.session.scalars(
            select(Line.status).where(Line.order_id == order.order_id)
        ).one()
        assert status is LineStatus.PAID
        waits = db.session.scalars(select(Job).where(Job.kind == "notifications.deliver")).one()
        assert waits.run_after > clock.now()

        with standing(box):
            assert _run(tasks.deliver, "notifications.deliver") is JobState.DONE

        (message,) = _messages()
        assert (message.state, message.failure) == (MessageState.SENT, None)
        assert [mail["Message-ID"] for mail in box.taken] == [f"<message-{message.id}@senaru>"]
        assert db.session.scalar(select(func.count()).select_from(Notice)) == 1

    def test_carries_one_id_when_the_answer_is_lost(self, tasks: ModuleType, box: Mailbox) -> None:
        make.paid_order({make.sellable(): 1}, at=clock.now())

        with standing(box):
            box.drops_answer = True
            assert _run(tasks.deliver, "notifications.deliver") is JobState.PENDING
            box.drops_answer = False
            assert _run(tasks.deliver, "notifications.deliver") is JobState.DONE

        # SMTP cannot tell us more: whoever reads both shows one, because they are one message.
        assert len(box.taken) == 2
        assert len({mail["Message-ID"] for mail in box.taken}) == 1
        assert [message.state for message in _messages()] == [MessageState.SENT]

    def test_is_the_same_message_when_the_worker_dies_before_it_can_note_it(
        self, tasks: ModuleType, monkeypatch: pytest.MonkeyPatch, box: Mailbox
    ) -> None:
        make.paid_order({make.sellable(): 1}, at=clock.now())

        def die(*_: object) -> None:
            raise Killed

        with standing(box):
            with monkeypatch.context() as patched:
                patched.setattr(tasks, "_note_sent", die)
                with pytest.raises(Killed):
                    _run(tasks.deliver, "notifications.deliver")
            db.session.rollback()
            assert _run(tasks.deliver, "notifications.deliver") is JobState.DONE

        assert len({mail["Message-ID"] for mail in box.taken}) == 1
        assert [message.state for message in _messages()] == [MessageState.SENT]

    def test_leaves_when_the_office_sends_it_once_more(
        self, tasks: ModuleType, box: Mailbox
    ) -> None:
        make.paid_order({make.sellable(): 1}, at=clock.now())
        _run(tasks.deliver, "notifications.deliver")
        with transaction():
            # The worker has given up: a day has passed.
            db.session.execute(update(Job).values(state=JobState.DEAD))
            clerk = make.person()
        (message,) = _messages()
        with transaction():
            desk.resend(message_id=message.id, actor_id=clerk.id, ip=None)

        with standing(box):
            assert _run(tasks.resend, "notifications.resend") is JobState.DONE

        assert [mail["Message-ID"] for mail in box.taken] == [f"<message-{message.id}@senaru>"]
        assert [each.state for each in _messages()] == [MessageState.SENT]


class TestText:
    @pytest.fixture
    def awaited(self, tasks: ModuleType) -> dict[str, object]:  # noqa: ARG002
        """An order that waits for a transfer, whose account number goes to a telephone."""
        order = make.placed_order({make.sellable(): 1}, at=clock.now())
        with transaction():
            db.session.execute(update(Job).values(state=JobState.DONE))
            outbox.enqueue(
                "notifications.text",
                {"kind": "deposit_awaited", "order_id": order.order_id},
                key="deposit_awaited:1#text",
            )
        return {"order_id": order.order_id}

    def _send(self, tasks: ModuleType, network: Network, given: dict[str, object]) -> None:
        db.session.rollback()
        tasks.send_text(network, key="k#text", kind="deposit_awaited", given=given)

    def test_asks_with_one_reference_until_somebody_knows(
        self, tasks: ModuleType, awaited: dict[str, object]
    ) -> None:
        network = Network(fails=2, drops=1)

        for _ in range(3):
            with pytest.raises(texts.Unreachable):
                self._send(tasks, network, awaited)
        self._send(tasks, network, awaited)
        self._send(tasks, network, awaited)

        (message,) = _messages()
        reference = f"senaru-{message.id}-talk"
        # Asked four times under one name, sent once; a fifth run finds it done.
        assert network.asked == [reference] * 4
        assert network.sent == {reference: Channel.TALK}
        assert (message.state, message.attempts) == (MessageState.SENT, 4)
        assert message.provider_ref == "net-1"

    def test_falls_back_to_a_text_message_only_when_refused(
        self, tasks: ModuleType, awaited: dict[str, object]
    ) -> None:
        network = Network(refuses=frozenset({Channel.TALK}))

        self._send(tasks, network, awaited)

        (message,) = _messages()
        assert (message.channel, message.state) == (Channel.SMS, MessageState.SENT)
        assert list(network.sent.values()) == [Channel.SMS]

    def test_gives_up_when_both_ways_are_refused(
        self, tasks: ModuleType, awaited: dict[str, object]
    ) -> None:
        network = Network(refuses=frozenset({Channel.TALK, Channel.SMS}))

        self._send(tasks, network, awaited)

        (message,) = _messages()
        assert (message.state, network.sent) == (MessageState.FAILED, {})
        assert message.failure == "no such friend"

    def test_is_one_text_when_the_worker_dies_before_it_can_note_it(
        self,
        tasks: ModuleType,
        awaited: dict[str, object],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def die(*_: object) -> None:
            raise Killed

        with monkeypatch.context() as patched:
            patched.setattr(tasks, "_note_sent", die)
            with pytest.raises(Killed):
                self._send(tasks, texts.Recorder(), awaited)  # type: ignore[arg-type]
        self._send(tasks, texts.Recorder(), awaited)  # type: ignore[arg-type]

        assert db.session.scalar(select(func.count()).select_from(RecordedText)) == 1
        assert [message.state for message in _messages()] == [MessageState.SENT]

    @pytest.mark.usefixtures("awaited")
    def test_a_job_of_its_own_records_it(self, tasks: ModuleType) -> None:
        assert _run(tasks.text, "notifications.text") is JobState.DONE

        recorded = db.session.scalars(select(RecordedText)).one()
        assert (recorded.channel, recorded.phone) == (Channel.TALK, "01012345678")
        assert "입금" in recorded.body
