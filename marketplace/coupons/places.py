"""Where a coupon can be spent at a till."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from marketplace.enterprises import queries
from marketplace.enterprises.queries import EnterpriseCard


def list_places(scope: Mapping[str, Sequence[int | str]], *, on: date) -> list[EnterpriseCard]:
    """Return the shops by name that take coupons of a scope at their tills on a day."""
    named, kinds = scope.get("enterprises"), set(map(str, scope.get("kinds") or ()))
    return [
        card
        for card in queries.list_enterprises(on=on)
        if card.accepts_counter_coupons
        and (not named or card.id in named)
        and (not kinds or not kinds.isdisjoint(kind.value for kind in card.kinds))
    ]
