"""Our own worked examples against the adapter; and the adapter's manners."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from sqlalchemy import func, select

from marketplace.core.db import db
from marketplace.ledger.models import Entry
from tests.casebook import worked
from tests.casebook.answer import answer, answer_line


class TestOwnCases:
    @pytest.mark.parametrize("case", worked.cases_of(worked.DATABASE_OPS, others=True))
    def test_agrees(self, case: dict[str, Any]) -> None:
        worked.check(case)

    @pytest.mark.usefixtures("isolated")
    @pytest.mark.parametrize("case", worked.cases_of(worked.DATABASE_OPS))
    def test_agrees_with_the_book(self, case: dict[str, Any]) -> None:
        worked.check(case)

    @pytest.mark.parametrize("case", worked.cases_of({"quote"}))
    def test_quote_adds_up(self, case: dict[str, Any]) -> None:
        result = worked.result_of(case)

        assert sum(result["line_discounts"]) == result["discount_total"]
        assert (
            result["subtotal"] - result["discount_total"] + result["shipping_total"]
            == result["total"]
        )
        assert result["total"] - sum(result["vouchers_used"].values()) == result["amount_due"]
        ids = {coupon["id"] for coupon in case["given"]["coupons"]}
        assert sorted([*result["applied"], *result["rejected"]]) == sorted(ids)

    def test_ids_are_unique(self) -> None:
        ids = [(case["op"], case["id"]) for _, case in worked.every_case()]
        assert len(ids) == len(set(ids))

    @pytest.mark.usefixtures("isolated")
    def test_a_rehearsal_leaves_no_trace(self) -> None:
        before = db.session.scalar(select(func.count()).select_from(Entry))
        for param in worked.cases_of({"ledger"}):
            worked.check(param.values[0])
        assert db.session.scalar(select(func.count()).select_from(Entry)) == before


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
            cwd=worked.ROOT,
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
