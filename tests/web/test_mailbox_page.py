"""The demo's mailbox: open in the demo, nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from email.utils import format_datetime

import pytest
from flask import Flask

from marketplace.core.settings import Settings
from marketplace.notifications.transport import Folder
from tests import make
from tests.web.visitor import Visitor


@pytest.fixture
def folder(app: Flask, settings: Settings) -> Iterator[Folder]:
    """Run as a demo with one mail in its folder."""
    app.extensions["settings"] = replace(settings, demo=True)
    mailbox = Folder(settings.data_dir / "mail")
    letter = EmailMessage()
    letter["Subject"] = "[20261124AB3K9WQX] 결제가 완료되었습니다"
    letter["To"] = "buyer@example.com"
    letter["Date"] = format_datetime(make.NOW)
    letter["Message-ID"] = "<message-1@senaru>"
    letter.set_content(
        "주문 내용은 아래에서 볼 수 있습니다.\n"
        f"{settings.public_url}/my/orders/20261124AB3K9WQX\n"
        f"{settings.public_url}.evil.example/steal\n<script>alert(1)</script>\n"
    )
    mailbox.send(letter)
    yield mailbox
    app.extensions["settings"] = settings


def test_does_not_exist_outside_the_demo(visitor: Visitor) -> None:
    assert visitor.get("/demo/mail").status_code == 404
    assert visitor.get("/demo/mail/message-1").status_code == 404


@pytest.mark.usefixtures("folder")
def test_says_what_it_is_and_lists_the_mails(visitor: Visitor) -> None:
    page = visitor.get("/demo/mail").text

    assert "시험 메일함" in page
    assert "결제가 완료되었습니다" in page


@pytest.mark.usefixtures("folder")
def test_leads_on_to_our_own_pages_only(visitor: Visitor) -> None:
    page = visitor.get("/demo/mail/message-1").text

    assert 'href="/my/orders/20261124AB3K9WQX"' in page
    assert 'href="' + ".evil" not in page
    assert "evil.example/steal</a>" not in page
    assert "<script>alert" not in page
    assert visitor.get("/demo/mail/message-2").status_code == 404
