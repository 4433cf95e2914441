"""Messages leave once, say what they should, and wait when the server is away."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import func, select

from marketplace.accounts import mailed_links
from marketplace.accounts.models import MailedToken, TokenPurpose
from marketplace.core.db import db, transaction
from marketplace.core.settings import Operator
from marketplace.notifications import delivery, inbox, log, message
from marketplace.notifications.models import Message, MessageState, Notice
from marketplace.notifications.transport import Folder, Smtp, Unreachable
from tests import make
from tests.make import NOW

SENDER: Final = "세나루 마켓 <no-reply@senaru.example>"


def _prepare(kind: str, key: str = "k", **given: object) -> EmailMessage | None:
    with transaction():
        return delivery.prepare(
            key=key,
            kind=kind,
            given=given,
            sender=SENDER,
            public_url="https://senaru.example",
            operator=Operator(),
            at=NOW,
        )


def _order_facts() -> dict[str, object]:
    return {"order_id": make.paid_order({make.sellable(): 2}).order_id}


def _person_facts() -> dict[str, object]:
    return {"person_id": make.person().id}


@pytest.mark.usefixtures("isolated")
class TestPrepare:
    @pytest.mark.parametrize(
        ("kind", "given"),
        [
            ("order_paid", _order_facts),
            ("deposit_awaited", _order_facts),
            ("order_expired", _order_facts),
            ("late_payment_refunded", _order_facts),
            ("password_changed", _person_facts),
            ("already_signed_up", _person_facts),
        ],
    )
    def test_says_who_what_and_where(
        self, kind: str, given: Callable[[], dict[str, object]]
    ) -> None:
        mail = _prepare(kind, **given())

        assert mail is not None
        plain = mail.get_body(("plain",))
        assert plain is not None
        text = plain.get_content()
        assert "님" in text
        assert "https://senaru.example/" in text
        assert "{{" not in text
        rich = mail.get_body(("html",))
        assert rich is not None
        assert 'href="https://senaru.example/' in rich.get_content()

    def test_a_link_mail_carries_a_link_that_works_once(self) -> None:
        person = make.person()
        with transaction():
            mailed_links.send(person_id=person.id, purpose=TokenPurpose.RESET_PASSWORD, at=NOW)
        token = db.session.scalars(select(MailedToken)).one()

        mail = _prepare("reset_password", token_id=token.id)

        assert mail is not None
        link = mailed_links.link_token(token.id)
        plain = mail.get_body(("plain",))
        assert plain is not None
        assert f"https://senaru.example/password/new/{link}" in plain.get_content()
        assert mailed_links.is_alive(link, purpose=TokenPurpose.RESET_PASSWORD, at=NOW)

    def test_writes_one_message_and_one_notice_however_often_it_is_asked(self) -> None:
        given = _order_facts()

        for _ in range(3):
            _prepare("order_paid", **given)

        assert db.session.scalar(select(func.count()).select_from(Message)) == 1
        assert db.session.scalar(select(func.count()).select_from(Notice)) == 1

    def test_sends_nothing_more_once_it_has_left(self) -> None:
        given = _order_facts()
        _prepare("order_paid", **given)
        with transaction():
            log.note_sent(key="k", at=NOW)

        assert _prepare("order_paid", **given) is None

    def test_a_failure_is_noted_and_tried_again(self) -> None:
        given = _order_facts()
        _prepare("order_paid", **given)
        with transaction():
            log.note_failed(key="k", failure="ConnectionRefusedError")

        assert db.session.scalars(select(Message.state)).one() is MessageState.FAILED
        assert db.session.scalars(select(Message.attempts)).one() == 1
        assert _prepare("order_paid", **given) is not None

    def test_a_claimed_coupon_is_a_notice_and_no_mail(self) -> None:
        coupon = make.claimed_coupon()

        assert _prepare("coupon_claimed", coupon_id=coupon.id) is None

        assert coupon.person_id is not None
        (notice,) = inbox.list_notices(person_id=coupon.person_id)
        assert notice.link == "/my/coupons"

    @pytest.mark.parametrize("sign", ["\r\n", "\n", "\x07", "\u2028", "\x85"])
    def test_a_name_never_becomes_a_second_header(self, sign: str) -> None:
        buyer = make.person()
        product = make.product(name=f"꿀{sign}Bcc: thief@example.com")
        order = make.paid_order({make.variant(product): 1}, by=buyer)

        mail = _prepare("order_paid", order_id=order.order_id)
        notice = inbox.list_notices(person_id=buyer.id)[0]

        assert mail is not None
        assert mail["Bcc"] is None
        header = mail.as_bytes().split(b"\n\n")[0]
        assert b"\nBcc" not in header
        assert sign not in str(mail["Subject"])
        assert sign not in notice.title

    def test_says_nothing_about_a_link_that_is_gone(self) -> None:
        assert _prepare("reset_password", token_id=10**12) is None

    def test_refuses_a_kind_nobody_knows(self) -> None:
        with pytest.raises(message.Unknown):
            _prepare("horoscope")


@pytest.mark.usefixtures("isolated")
class TestInbox:
    def test_reads_only_what_is_the_persons_own(self) -> None:
        mine, other = make.claimed_coupon(), make.claimed_coupon()
        for key, coupon in (("a", mine), ("b", other)):
            _prepare("coupon_claimed", key, coupon_id=coupon.id)
        assert mine.person_id is not None
        assert other.person_id is not None

        with transaction():
            inbox.mark_read(person_id=mine.person_id, up_to_id=10**12, at=NOW)

        assert [each.is_read for each in inbox.list_notices(person_id=mine.person_id)] == [True]
        assert [each.is_read for each in inbox.list_notices(person_id=other.person_id)] == [False]


class TestTransport:
    def test_a_folder_keeps_the_same_message_once(self, tmp_path: Path) -> None:
        folder = Folder(tmp_path / "mail")
        mail = EmailMessage()
        mail["Subject"] = "주문이 확정되었습니다"
        mail["Message-ID"] = "<message-1@senaru>"
        mail.set_content("본문")

        folder.send(mail)
        folder.send(mail)

        (kept,) = folder.newest()
        assert kept["Subject"] == "주문이 확정되었습니다"

    def test_a_server_that_is_away_is_unreachable(self) -> None:
        away = Smtp(host="127.0.0.1", port=1, user=None, password=None, encrypted=False)

        with pytest.raises(Unreachable):
            away.send(EmailMessage())
