"""What people switched off stays away; what they cannot switch off comes."""

from __future__ import annotations

import pytest

from marketplace.core.db import transaction
from marketplace.core.settings import Operator
from marketplace.notifications import delivery, inbox, preferences
from marketplace.notifications.catalogue import Channel, Topic
from tests import make
from tests.make import NOW, talk

pytestmark = pytest.mark.usefixtures("isolated")


def _wants(person_id: int, *wanted: tuple[Topic, Channel]) -> None:
    with transaction():
        preferences.change(person_id=person_id, wanted=wanted, works=True, at=NOW)


def _may(kind: str, person_id: int | None, channel: Channel = Channel.MAIL) -> bool:
    return preferences.may_send(kind, person_id=person_id, channel=channel, at=NOW)


class TestMaySend:
    def test_sends_everything_by_default_but_advertising(self) -> None:
        person = make.person()

        assert _may("question_answered", person.id)
        assert _may("order_shipped", person.id, Channel.TALK)
        assert not _may("coupon_expiring", person.id)

    def test_keeps_away_what_was_switched_off_by_that_way_alone(self) -> None:
        person, other = make.person(), make.person()
        _wants(person.id, (Topic.ORDER, Channel.MAIL))

        assert _may("order_shipped", person.id, Channel.MAIL)
        assert not _may("order_shipped", person.id, Channel.TALK)
        # A text message stands in for an 알림톡 and follows the same choice.
        assert not _may("order_shipped", person.id, Channel.SMS)
        assert not _may("question_answered", person.id)
        assert _may("question_answered", other.id)

    def test_never_keeps_away_what_must_be_told(self) -> None:
        person = make.person()
        _wants(person.id)

        assert _may("order_paid", person.id)
        assert _may("shipping_delayed", person.id, Channel.TALK)
        assert _may("password_changed", person.id)
        assert _may("order_shipped", None)

    def test_a_notice_stays_in_the_mall(self) -> None:
        asker, product = make.person(), make.product()
        question_id = talk.question(product, by=asker)
        from marketplace.reviews import questions

        with transaction():
            questions.answer(
                question_id=question_id,
                enterprise_id=product.enterprise_id,
                text="네",
                by=asker.id,
                at=NOW,
            )
        _wants(asker.id)

        with transaction():
            mail = delivery.prepare(
                key="k",
                kind="question_answered",
                given={"question_id": question_id},
                sender="a@example.com",
                public_url="https://senaru.example",
                operator=Operator(),
                at=NOW,
            )

        assert mail is None
        assert [one.title for one in inbox.list_notices(person_id=asker.id)] == [
            f"{product.name} 문의에 답변이 달렸습니다"
        ]


class TestListRows:
    def test_says_what_always_comes_and_what_may_be_off(self) -> None:
        person = make.person()
        _wants(person.id, (Topic.ORDER, Channel.TALK))

        rows = {row.topic: row for row in preferences.list_rows(person.id, works=False)}

        mail, text = rows[Topic.ORDER].cells
        assert (mail.may_be_off, mail.is_wanted) == (True, False)
        assert (text.may_be_off, text.is_wanted) == (True, True)
        assert "결제 완료" in rows[Topic.ORDER].always
        assert "발송" in rows[Topic.ORDER].optional
        assert not any(cell.may_be_off for cell in rows[Topic.ACCOUNT].cells)
        assert not {Topic.ADVERTISING, Topic.SHOP} & set(rows)
        assert Topic.SHOP in {row.topic for row in preferences.list_rows(person.id, works=True)}

    def test_what_is_not_shown_is_not_switched_off(self) -> None:
        person = make.person()
        with transaction():
            preferences.change(person_id=person.id, wanted=[], works=False, at=NOW)

        assert _may("question_asked", person.id)
        assert not _may("question_answered", person.id)
