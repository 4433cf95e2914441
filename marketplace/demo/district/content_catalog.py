"""Read the hand-written vocabulary: categories, enterprises and product families."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

DATA: Final = Path(__file__).resolve().parent / "data"
_CHOICE: Final = re.compile(r"(?P<label>.+?)(?:\((?P<difference>[+-]\d+)\))?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Leaf:
    """One category that holds products, with what its products share."""

    slug: str
    name: str
    top: str
    top_name: str
    notice: str
    tax: str
    lead: int
    origin: str
    shelf: str
    tint: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """One flavour, wood, pattern … of a family: the thing that makes it a product."""

    label: str
    emoji: str
    price_difference: int
    summary: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """One value of an option and what it adds to the price."""

    label: str
    difference: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """Products that differ only in their kind."""

    leaf: Leaf
    noun: str
    pattern: str
    unit: str
    hero: str
    second_hero: str
    hero_from_kind: bool
    price: int
    spec: str
    materials: str
    made: str
    keep: str
    options: tuple[tuple[str, tuple[Choice, ...]], ...]
    tags: tuple[str, ...]
    notice: str
    tax: str
    lead: int
    origin: str
    kinds: tuple[Kind, ...]

    def name_of(self, kind: Kind) -> str:
        """Return what the product of a kind is called."""
        return self.pattern.format(k=kind.label, noun=self.noun, unit=self.unit)


@dataclass(frozen=True, kw_only=True, slots=True)
class Firm:
    """One row of the hand-written list of enterprises."""

    name: str
    slug: str
    leaf: str
    dong: str
    representative: str
    founded: int
    designations: tuple[str, ...]
    tagline: str
    story: str
    makes: tuple[str, ...]


def read(name: str) -> dict[str, Any]:
    """Return the content of one data file."""
    with (DATA / name).open("rb") as file:
        return tomllib.load(file)


@cache
def leaves() -> tuple[Leaf, ...]:
    """Return the categories that hold products, in the order of the menu."""
    return tuple(
        Leaf(top=top["slug"], top_name=top["name"], **leaf)
        for top in read("categories.toml")["top"]
        for leaf in top["leaves"]
    )


@cache
def families() -> tuple[Family, ...]:
    """Return every product family, sorted by file."""
    by_slug = {leaf.slug: leaf for leaf in leaves()}
    return tuple(
        _family(row, by_slug[row["leaf"]])
        for path in sorted((DATA / "families").glob("*.toml"))
        for row in read(f"families/{path.name}")["family"]
    )


@cache
def firms() -> tuple[Firm, ...]:
    """Return the enterprises with the families each of them makes."""
    makes = read("makers.toml")["makes"]
    found = []
    for row in read("enterprises.toml")["rows"]:
        name, slug, leaf, dong, person, founded, kinds, tagline, story = row.split("|")
        found.append(
            Firm(
                name=name,
                slug=slug,
                leaf=leaf,
                dong=dong,
                representative=person,
                founded=int(founded),
                designations=tuple(kinds.split(">")),
                tagline=tagline,
                story=story,
                makes=tuple(makes[slug]),
            )
        )
    return tuple(found)


def _family(row: dict[str, Any], leaf: Leaf) -> Family:
    hero = row["emoji"]
    return Family(
        leaf=leaf,
        noun=row["noun"],
        pattern=row.get("name", "{k} {noun} {unit}"),
        unit=row["unit"],
        hero=hero,
        second_hero=row.get("emoji_alt", hero),
        hero_from_kind=row.get("emoji_from_kind", False),
        price=row["price"],
        spec=row["spec"],
        materials=row["materials"],
        made=row["made"],
        keep=row["keep"],
        options=_options(row.get("options", "")),
        tags=tuple(row["tags"]),
        notice=row.get("notice", leaf.notice),
        tax=row.get("tax", leaf.tax),
        lead=row.get("lead", leaf.lead),
        origin=row.get("origin", leaf.origin),
        kinds=tuple(_kind(text) for text in row["kinds"]),
    )


def _kind(text: str) -> Kind:
    label, emoji, difference, summary = text.split("|")
    return Kind(label=label, emoji=emoji, price_difference=int(difference), summary=summary)


def _options(text: str) -> tuple[tuple[str, tuple[Choice, ...]], ...]:
    """Read `썰기:통으로,썰어서(+500);크기:S,M`."""
    options = []
    for option in filter(None, text.split(";")):
        name, values = option.split(":")
        options.append((name, tuple(_choice(value) for value in values.split(","))))
    return tuple(options)


def _choice(text: str) -> Choice:
    match = _CHOICE.fullmatch(text)
    if match is None:
        raise ValueError(f"not an option value: {text}")
    return Choice(label=match["label"], difference=int(match["difference"] or 0))
