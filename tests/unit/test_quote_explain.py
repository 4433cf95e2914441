from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from marketplace.cli.quote import quote

CART = {
    "lines": [
        {"sku": "꿀", "enterprise": "E1", "unit_price": 10000, "quantity": 2},
        {"sku": "잼", "enterprise": "E2", "unit_price": 5000, "quantity": 1, "discountable": False},
    ],
    "coupons": [
        {"id": "열둘", "kind": "percent", "value": "12.5", "max_discount": 2000},
        {"id": "큰것", "kind": "fixed", "value": 3000, "min_order": 50000},
        {"id": "금액권", "kind": "voucher", "balance": 4000},
    ],
    "shipping": [{"enterprise": "E1", "fee": 3000, "free_over": 20000, "surcharge": 2500}],
}


def _run(*arguments: str, given: str) -> tuple[int, str]:
    ran = CliRunner().invoke(quote, [*arguments, "-"], input=given)
    return ran.exit_code, ran.output


class TestQuoteCommand:
    def test_prints_the_result_as_json(self) -> None:
        status, output = _run(given=json.dumps(CART))

        assert status == 0
        result = json.loads(output)
        assert result["line_discounts"] == [2000, 0]
        assert (result["total"], result["amount_due"]) == (25_500, 21_500)
        assert result["rejected"] == ["큰것"]

    @pytest.mark.parametrize(
        "told",
        [
            "[상품] 꿀 (E1): 10,000원",
            "할인 제외",
            "20,000원 이상 무료배송 충족",
            "추가 배송비 2,500원",
            "[적용 1] 열둘: 상품 12.5%, 최대 2,000원 → 2,000원 할인 (최대 할인 금액까지)",
            "[적용 2] 금액권: 금액권 → 4,000원 결제",
            "[거절] 큰것: 최소 주문 금액에 미치지 못합니다. 50,000원 이상이어야 하는데 25,000원",
            "(below_minimum)",
            "[결제할 금액] 21,500원",
        ],
    )
    def test_explains_in_korean(self, told: str) -> None:
        status, output = _run("--explain", given=json.dumps(CART))

        assert status == 0
        assert told in output

    def test_names_the_wrong_field(self) -> None:
        status, output = _run(given=json.dumps({**CART, "combine": "all"}))

        assert status == 1
        assert "combine" in output
        assert "Traceback" not in output
