"""Every kind of message is in the catalogue, and has the words each of its channels needs."""

from __future__ import annotations

import pytest

from marketplace.core import paths
from marketplace.notifications import advertising, catalogue, facts
from marketplace.notifications.catalogue import Channel, Topic

_WORDS = paths.TEMPLATES / "messages"
# Those with an underscore are parts of others.
_MAILS = {file.stem for file in _WORDS.glob("[!_]*.txt")}
_TEXTS = {file.stem for file in (_WORDS / "text").glob("*.txt")}


def test_lists_every_kind_there_is_and_no_other() -> None:
    assert set(catalogue.ENTRIES) == facts.KINDS


def test_every_mail_and_every_text_has_its_words() -> None:
    entries = catalogue.ENTRIES.items()

    assert {kind for kind, entry in entries if Channel.MAIL in entry.channels} == _MAILS
    assert {kind for kind, entry in entries if entry.has_text} == _TEXTS


@pytest.mark.parametrize("kind", sorted(catalogue.ENTRIES))
class TestEntry:
    def test_a_text_falls_back_to_sms_and_nothing_else_is_one(self, kind: str) -> None:
        channels = catalogue.entry_of(kind).channels

        assert (Channel.SMS in channels) == (Channel.TALK in channels)

    def test_advertising_goes_by_consent_and_by_mail_alone(self, kind: str) -> None:
        entry = catalogue.entry_of(kind)

        assert entry.is_advertising == (kind in advertising.KINDS)
        if entry.is_advertising:
            assert not entry.may_be_off
            assert entry.channels == (Channel.MAIL,)


def test_what_the_law_asks_for_cannot_be_switched_off() -> None:
    must = (
        "order_paid",
        "shipping_delayed",
        "consent_given",
        "consent_withdrawn",
        "order_canceled",
    )

    assert [kind for kind in must if catalogue.entry_of(kind).may_be_off] == []
    assert [entry for entry in catalogue.list_topic(Topic.ACCOUNT) if entry.may_be_off] == []
