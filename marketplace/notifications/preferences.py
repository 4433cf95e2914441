"""What a person wants to hear of, and by which way; silence means everything."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from marketplace.core.db import db
from marketplace.notifications import advertising, catalogue
from marketplace.notifications.catalogue import Topic
from marketplace.notifications.models import Channel, Preference

# A text message only stands in for an 알림톡, so that one choice is about both.
CHOSEN: Final = (Channel.MAIL, Channel.TALK)
Choice = tuple[Topic, Channel]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One topic by one channel."""

    channel: Channel
    is_used: bool
    may_be_off: bool
    is_wanted: bool


@dataclass(frozen=True, kw_only=True)
class Row:
    """One topic: its channels, and what of it always comes."""

    topic: Topic
    title: str
    cells: tuple[Cell, ...]
    always: tuple[str, ...]
    optional: tuple[str, ...]


def may_send(kind: str, *, person_id: int | None, channel: Channel, at: datetime) -> bool:
    """Tell whether a message may leave by a channel: ads by consent, the rest unless refused."""
    entry = catalogue.entry_of(kind)
    if entry.is_advertising:
        return channel is Channel.MAIL and advertising.may_mail(kind, person_id, at)
    if not entry.may_be_off or person_id is None:
        return True
    wanted = db.session.scalar(
        select(Preference.is_wanted).where(
            Preference.person_id == person_id,
            Preference.topic == entry.topic.value,
            Preference.channel == _chosen(channel),
        )
    )
    return wanted is not False


def list_rows(person_id: int, *, works: bool) -> list[Row]:
    """
    List the topics with what a person wants; advertising is a matter of consents.

    Work is shown to those alone who work for a shop or the office.
    """
    refused = {
        (row.topic, row.channel)
        for row in db.session.scalars(
            select(Preference).where(
                Preference.person_id == person_id, Preference.is_wanted.is_(False)
            )
        )
    }
    return [
        _row(topic, refused)
        for topic in Topic
        if topic is not Topic.ADVERTISING and (works or topic is not Topic.SHOP)
    ]


def change(*, person_id: int, wanted: Collection[Choice], works: bool, at: datetime) -> None:
    """Write down what a person wants of everything shown to them that may be switched off."""
    for topic, channel in switchable():
        if topic is Topic.SHOP and not works:
            continue
        values = {"is_wanted": (topic, channel) in wanted, "changed_at": at}
        db.session.execute(
            insert(Preference)
            .values(person_id=person_id, topic=topic.value, channel=channel, **values)
            .on_conflict_do_update(
                index_elements=[Preference.person_id, Preference.topic, Preference.channel],
                set_=values,
            )
        )


def switchable() -> list[Choice]:
    """List the topics and channels of which something may be switched off."""
    return [
        (topic, channel)
        for topic in Topic
        for channel in CHOSEN
        if any(
            entry.may_be_off and channel in entry.channels for entry in catalogue.list_topic(topic)
        )
    ]


def _chosen(channel: Channel) -> Channel:
    return Channel.MAIL if channel is Channel.MAIL else Channel.TALK


def _row(topic: Topic, refused: Collection[tuple[str, Channel]]) -> Row:
    entries = catalogue.list_topic(topic)
    sent = [entry for entry in entries if entry.channels]
    off = switchable()
    return Row(
        topic=topic,
        title=catalogue.TITLES[topic],
        cells=tuple(
            Cell(
                channel=channel,
                is_used=any(channel in entry.channels for entry in entries),
                may_be_off=(topic, channel) in off,
                is_wanted=(topic.value, channel) not in refused,
            )
            for channel in CHOSEN
        ),
        always=tuple(entry.title for entry in sent if not entry.may_be_off),
        optional=tuple(entry.title for entry in sent if entry.may_be_off),
    )
