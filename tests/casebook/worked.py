"""Our own worked examples, and how a response is held against one."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

from tests.casebook.answer import answer

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
DATABASE_OPS: Final = frozenset({"ledger", "usage", "budget", "concurrency"})

_SCHEMA: Final = json.loads((ROOT / "docs" / "casebook.schema.json").read_text())
_SETS: Final = frozenset({"applied", "rejected", "currencies"})
_RACED: Final = frozenset({"results", "used_amounts"})


def every_case() -> list[tuple[str, dict[str, Any]]]:
    """Return all cases with the name of their file."""
    return [
        (path.stem, case)
        for path in sorted((HERE / "cases").glob("*.json"))
        for case in json.loads(path.read_text())
    ]


def cases_of(ops: Container[str], *, others: bool = False) -> list[Any]:
    """Return the cases of some ops, or of all others, to be parametrized."""
    return [
        pytest.param(case, id=f"{stem}:{case['id']}")
        for stem, case in every_case()
        if (case["op"] in ops) is not others
    ]


def result_of(case: Mapping[str, Any]) -> dict[str, Any]:
    """Return the adapter's result of a case, question and answer held against the schema."""
    request = {key: case[key] for key in ("id", "op", "given")}
    _validator("request").validate(request)
    response = answer(request)
    assert "exception" not in response, response
    result: dict[str, Any] = response["result"]
    _validator(f"{case['op']}_result").validate(result)
    return result


def check(case: Mapping[str, Any]) -> None:
    """Hold the adapter's result against what was worked out by hand."""
    result = result_of(case)
    expected = case.get("result", {})
    assert ("error" in result) is case.get("error", False)
    # Which of several orders at once is first is chance: as many must fare well.
    by_chance = _SETS | _RACED if case["op"] == "concurrency" else _SETS
    got = {key: result[key] for key in expected}
    assert _comparable(got, by_chance) == _comparable(expected, by_chance)


def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": _SCHEMA["$defs"]})


def _comparable(result: Mapping[str, Any], sets: Container[str]) -> dict[str, Any]:
    return {key: sorted(value) if key in sets else value for key, value in result.items()}
