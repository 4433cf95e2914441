"""What rules name by number, called by its name: shops, categories, products, dong, grants."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import String, cast, literal, select, union_all

from marketplace.accounts.models import Dong
from marketplace.catalog.models import Category, Product
from marketplace.core.db import db
from marketplace.coupons.grants import FUNDER_NAMES
from marketplace.coupons.models import Funder, FunderKind, Grant
from marketplace.coupons.rules import Rules, RulesIncomplete
from marketplace.enterprises.designations import LABELS, DesignationKind
from marketplace.enterprises.models import Enterprise

_WHAT: Final = {
    "enterprises": "가게",
    "categories": "분류",
    "products": "상품",
    "dong": "동",
    "grants": "재원",
    "kinds": "지정 종류",
}


@dataclass(frozen=True)
class Names:
    """The names that were asked for; part to key to name."""

    of: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def call(self, part: str, key: object) -> str:
        """Return the name of something, or its number when it has none."""
        return self.of.get(part, {}).get(str(key), f"{_WHAT[part]} {key}")


def named_in(rules: Rules) -> dict[str, set[str]]:
    """Return the keys of everything rules name."""
    dong = rules.eligibility.get("dong")
    return {
        **{
            part: {str(key) for key in rules.scope.get(part, [])}
            for part in ("enterprises", "categories", "products", "kinds")
        },
        "dong": {str(code) for code in dong} if isinstance(dong, list) else set(),
        "grants": {str(grant) for grant, _ in rules.grants},
    }


def load(all_rules: Iterable[Rules]) -> Names:
    """Return the names of everything some rules name, in one query."""
    wanted: dict[str, set[str]] = {part: set() for part in _WHAT}
    for rules in all_rules:
        for part, keys in named_in(rules).items():
            wanted[part] |= keys
    found: dict[str, dict[str, str]] = {part: {} for part in _WHAT}
    found["kinds"] = {kind.value: LABELS[kind] for kind in DesignationKind}
    numbered = {
        "enterprises": (Enterprise.id, Enterprise.name),
        "categories": (Category.id, Category.name),
        "products": (Product.id, Product.name),
    }
    parts: list[Any] = [
        select(literal(part), cast(key, String), name).where(key.in_(_numbers(wanted[part])))
        for part, (key, name) in numbered.items()
        if _numbers(wanted[part])
    ]
    if wanted["dong"]:
        parts.append(
            select(literal("dong"), Dong.code, Dong.name).where(Dong.code.in_(wanted["dong"]))
        )
    if _numbers(wanted["grants"]):
        parts.append(
            select(
                literal("grants"),
                cast(Grant.id, String),
                cast(Funder.kind, String) + " " + Grant.name,
            )
            .join(Funder, Funder.id == Grant.funder_id)
            .where(Grant.id.in_(_numbers(wanted["grants"])))
        )
    if parts:
        for part, key, name in db.session.execute(union_all(*parts)):
            found[part][key] = _of_grant(name) if part == "grants" else name
    return Names(found)


def refuse_unknown(rules: Rules) -> None:
    """
    Refuse rules that name something that does not exist.

    :raises RulesIncomplete:
    """
    names = load([rules])
    problems = {}
    for part, keys in named_in(rules).items():
        if unknown := sorted(key for key in keys if key not in names.of[part]):
            problems[part] = f"없는 {_WHAT[part]}입니다: {', '.join(unknown[:5])}"
    if problems:
        raise RulesIncomplete(problems)


def _numbers(keys: Collection[str]) -> list[int]:
    return [int(key) for key in keys if key.isdecimal() and len(key) < len(str(2**63))]


def _of_grant(name: str) -> str:
    kind, _, rest = name.partition(" ")
    return f"{FUNDER_NAMES[FunderKind(kind)]} {rest}"
