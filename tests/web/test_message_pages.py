"""What members want to hear of, and what the office sees of what left."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from marketplace.accounts.models import Role
from marketplace.core.db import db, transaction
from marketplace.core.outbox import Job
from marketplace.notifications import log
from marketplace.notifications.models import Channel, Message, Notice, Preference
from tests import make
from tests.web.visitor import Visitor


def _failed(key: str, person_id: int | None = None) -> int:
    with transaction():
        log.write_down(
            key=key,
            kind="order_paid",
            channel=Channel.MAIL,
            person_id=person_id,
            address="somebody@example.com",
            given={"order_id": 1},
            subject="제목",
        )
        log.note_failed(key=key, failure="<script>refused</script>")
    return db.session.scalars(select(Message.id).where(Message.dedupe_key == key)).one()


class TestPreferences:
    def test_are_kept_as_they_were_ticked(self, visitor: Visitor) -> None:
        person = make.person()
        visitor.enter(person)
        page = visitor.get("/my/notifications").text
        assert 'name="order-talk" checked' in page
        assert 'name="account-mail"' not in page

        sent = visitor.post("/my/notifications", {"order-mail": "on", "account-mail": "on"})

        assert sent.status_code == 303
        kept = db.session.scalars(select(Preference).where(Preference.person_id == person.id))
        wanted = {(row.topic, row.channel.value): row.is_wanted for row in kept}
        assert wanted[("order", "mail")]
        assert not wanted[("order", "talk")]
        assert ("account", "mail") not in wanted
        again = visitor.get("/my/notifications").text
        assert 'name="order-mail" checked' in again
        assert 'name="order-talk">' in again


class TestInbox:
    def test_counts_what_is_new_and_marks_it_read(self, visitor: Visitor) -> None:
        person = make.person()
        with transaction():
            for number in range(3):
                db.session.add(
                    Notice(
                        dedupe_key=f"n{number}",
                        person_id=person.id,
                        kind="order_paid",
                        title=f"소식 {number}",
                        link="/my",
                    )
                )
        visitor.enter(person)
        page = visitor.get("/my/inbox").text
        assert '3<span class="sr">개 새 알림' in page
        last = db.session.scalars(select(Notice.id).order_by(Notice.id.desc())).first()

        assert visitor.post("/my/inbox/read", {"up_to": last}).status_code == 303

        assert "개 새 알림" not in visitor.get("/my/inbox").text


class TestOffice:
    def test_lists_masks_and_filters(self, visitor: Visitor) -> None:
        person = make.person(name="김나루", email="naru@example.com")
        _failed("a", person.id)
        _failed("b")
        visitor.enter(make.person(roles=[Role.AUDITOR]), second_factor=True)

        page = visitor.get("/office/messages").text
        assert "somebody@example.com" not in page
        assert "so******@example.com" in page
        assert "<script>refused" not in page
        assert "다시 보내기" not in page
        mine = visitor.get("/office/messages?email=naru@example.com&state=failed&kind=order_paid")
        assert mine.text.count("so******@example.com") == 1
        nobody = visitor.get("/office/messages?email=nobody@example.com").text
        assert "찾는 기록이 없습니다" in nobody
        for broken in ("state=x", "channel=x", "kind=x", "before=x"):
            assert visitor.get(f"/office/messages?{broken}").status_code == 200

    def test_sends_a_failed_one_once_more(self, visitor: Visitor) -> None:
        message_id = _failed("a")
        visitor.enter(make.person(roles=[Role.OPERATOR]), second_factor=True)

        assert visitor.post(f"/office/messages/{message_id}/resend").status_code == 303
        assert visitor.post(f"/office/messages/{message_id}/resend").status_code == 409
        assert visitor.post("/office/messages/999999999/resend").status_code == 404

        kinds = db.session.scalars(select(Job.kind).where(Job.kind == "notifications.resend"))
        assert len(kinds.all()) == 1

    @pytest.mark.parametrize("role", [Role.AUDITOR, Role.SETTLEMENT_OFFICER])
    def test_others_send_nothing(self, visitor: Visitor, role: Role) -> None:
        message_id = _failed("a")
        visitor.enter(make.person(roles=[role]), second_factor=True)

        assert visitor.post(f"/office/messages/{message_id}/resend").status_code == 403
