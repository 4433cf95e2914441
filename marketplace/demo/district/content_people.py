"""Residents and staff with invented names."""

from __future__ import annotations

import itertools
from datetime import date, datetime, timedelta
from typing import Final

from marketplace.demo.district import content_places
from marketplace.demo.district.chance import dice
from marketplace.demo.district.content_catalog import read
from marketplace.demo.district.seeds import ResidentSeed, StaffSeed

RESIDENTS: Final = 300
# The first of them, whose logins are printed.
SHOWN: Final = 2
_OLDEST_BIRTH: Final = date(1942, 1, 1)
_YOUNGEST_BIRTH: Final = date(2007, 6, 30)
_LONGEST_MEMBER: Final = 560
_NEWEST_MEMBER: Final = 3


def residents(at: datetime) -> tuple[ResidentSeed, ...]:
    """Return the residents who signed up before an instant, those first who came first."""
    chance = dice("residents")
    chosen = _chosen_names()
    emails = resident_emails()
    ages = sorted((chance.uniform(_NEWEST_MEMBER, _LONGEST_MEMBER) for _ in chosen), reverse=True)
    births = (_YOUNGEST_BIRTH - _OLDEST_BIRTH).days
    found = []
    for number, ((surname, given), days) in enumerate(zip(chosen, ages, strict=True), start=1):
        dong = chance.choice(content_places.DONGS)
        found.append(
            ResidentSeed(
                name=surname[0] + given[0],
                email=emails[number - 1],
                # No subscriber has a number that starts with 010-0.
                phone=f"0100{chance.randint(100, 999)}{number + 2000:04d}",
                birth_on=_OLDEST_BIRTH + timedelta(days=chance.randrange(births)),
                dong_code=dong.code,
                address=content_places.address(dong, chance, is_shop=False),
                joined_at=at - timedelta(days=days),
                takes_marketing=chance.random() < 0.4,
            )
        )
    return tuple(found)


def resident_emails() -> tuple[str, ...]:
    """Return the addresses of all residents, which do not depend on the time."""
    return tuple(
        f"{given[1]}.{surname[1]}{number:03d}@example.com"
        for number, (surname, given) in enumerate(_chosen_names(), start=1)
    )


def _chosen_names() -> list[tuple[list[str], list[str]]]:
    people = read("people.toml")
    names = [
        (surname.split("="), given.split("="))
        for surname, given in itertools.product(people["surnames"], people["given"])
    ]
    return dice("names").sample(names, RESIDENTS)


def staff() -> tuple[StaffSeed, ...]:
    """Return the staff of the office, one per role."""
    return tuple(StaffSeed(**row) for row in read("people.toml")["staff"])


def departments() -> tuple[str, ...]:
    """Return the departments of the district office."""
    return tuple(read("people.toml")["departments"]["names"])
