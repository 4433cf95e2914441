"""Our own worked examples, computed by hand, against the adapter; and the adapter's manners."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.casebook.answer import answer, answer_line

_HERE = Path(__file__).parent
_ROOT = _HERE.parents[1]
_SCHEMA = json.loads((_ROOT / "docs" / "casebook.schema.json").read_text())
_NEEDS_DATABASE = {"ledger"}
_SETS = {"applied", "rejected", "currencies"}


def _cases() -> list[Any]:
    return [*_each_case()]


def _each_case() -> Iterator[Any]:
    for path in sorted((_HERE / "cases").glob("*.json")):
        for case in json.loads(path.read_text()):
            if case["op"] not in _NEEDS_DATABASE:
                yield pytest.param(case, id=f"{path.stem}:{case['id']}")


def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": _SCHEMA["$defs"]})


def _comparable(result: dict[str, Any]) -> dict[str, Any]:
    return {key: sorted(value) if key in _SETS else value for key, value in result.items()}


class TestOwnCases:
    @pytest.mark.parametrize("case", _cases())
    def test_agrees(self, case: dict[str, Any]) -> None:
        request = {key: case[key] for key in ("id", "op", "given")}
        _validator("request").validate(request)

        response = answer(request)

        assert "exception" not in response
        result = response["result"]
        _validator(f"{case['op']}_result").validate(result)
        assert ("error" in result) is case.get("error", False)
        expected = case.get("result", {})
        assert _comparable({key: result[key] for key in expected}) == _comparable(expected)

    @pytest.mark.parametrize("case", [case for case in _cases() if case.values[0]["op"] == "quote"])
    def test_quote_adds_up(self, case: dict[str, Any]) -> None:
        result = answer({key: case[key] for key in ("id", "op", "given")})["result"]

        assert sum(result["line_discounts"]) == result["discount_total"]
        assert (
            result["subtotal"] - result["discount_total"] + result["shipping_total"]
            == result["total"]
        )
        assert result["total"] - sum(result["vouchers_used"].values()) == result["amount_due"]
        ids = {coupon["id"] for coupon in case["given"]["coupons"]}
        assert sorted([*result["applied"], *result["rejected"]]) == sorted(ids)

    def test_ids_are_unique(self) -> None:
        ids = [
            (case["op"], case["id"])
            for path in (_HERE / "cases").glob("*.json")
            for case in json.loads(path.read_text())
        ]
        assert len(ids) == len(set(ids))


class TestAdapter:
    def test_answers_line_by_line(self) -> None:
        requests = [
            {"id": "a", "op": "vat", "given": {"total": 11000, "rate": 10}},
            {"id": "나", "op": "settle", "given": {}},
        ]
        lines = "\n".join(json.dumps(request, ensure_ascii=False) for request in requests)

        ran = subprocess.run(
            [sys.executable, "-m", "tests.casebook"],
            input=lines.encode(),
            capture_output=True,
            cwd=_ROOT,
            check=True,
        )

        responses = [json.loads(line) for line in ran.stdout.decode().splitlines()]
        assert responses[0] == {"id": "a", "result": {"supply": 10000, "vat": 1000}}
        assert responses[1]["id"] == "나"
        assert "settle" in responses[1]["unsupported"]

    def test_says_what_went_wrong(self) -> None:
        response = answer({"id": "x", "op": "vat", "given": {"total": 11000, "rate": "1e1"}})

        assert response["id"] == "x"
        assert "백분율이 아닙니다: 1e1" in response["exception"]

    def test_survives_a_broken_line(self) -> None:
        assert "exception" in json.loads(answer_line('{"id": "x", '))
        assert "exception" in json.loads(answer_line("[1]"))

    def test_never_reads_money_as_a_float(self) -> None:
        response = json.loads(
            answer_line(
                '{"id":"x","op":"quote","given":{"lines":[{"sku":"A","enterprise":"E",'
                '"unit_price":1000.0,"quantity":1}],"coupons":[],"shipping":[]}}'
            )
        )
        assert "lines[0].unit_price" in response["exception"]
