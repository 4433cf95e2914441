"""Every state is in its table of moves, and can be reached and left as the table says."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from enum import StrEnum

import pytest

import marketplace


def _tables() -> Iterator[tuple[str, Mapping[StrEnum, frozenset[StrEnum]]]]:
    for module in pkgutil.walk_packages(marketplace.__path__, "marketplace."):
        if module.name.rpartition(".")[2] == "status":
            found = importlib.import_module(module.name)
            for name, value in vars(found).items():
                if name.endswith("MOVES"):
                    yield f"{module.name}.{name}", value


_TABLES = dict(_tables())


def test_domains_with_states_have_tables() -> None:
    assert _TABLES


@pytest.mark.parametrize("name", _TABLES)
class TestMoves:
    def test_lists_every_state(self, name: str) -> None:
        moves = _TABLES[name]

        assert set(moves) == set(type(next(iter(moves))))

    def test_reaches_every_state_from_the_first(self, name: str) -> None:
        moves = _TABLES[name]
        first = next(iter(type(next(iter(moves)))))

        reached, fresh = {first}, {first}
        while fresh:
            fresh = {after for state in fresh for after in moves[state]} - reached
            reached |= fresh

        assert reached == set(moves)

    def test_never_moves_to_where_it_is(self, name: str) -> None:
        assert [state for state, after in _TABLES[name].items() if state in after] == []
