"""How waybill numbers are tidied and what is refused."""

from __future__ import annotations

import pytest

from marketplace.orders import line_numbers, waybills
from marketplace.orders.carriers import CarrierRow, Directory
from marketplace.orders.line_numbers import Name
from marketplace.orders.waybills import WaybillInvalid


def carrier(code: str, pattern: str | None = None, *, is_active: bool = True) -> CarrierRow:
    return CarrierRow(
        code=code,
        name={"CJGLS": "CJ대한통운", "HYUNDAI": "롯데택배"}.get(code, code),
        aliases=("대한통운", "04") if code == "CJGLS" else (),
        number_pattern=pattern,
        url_template="https://example.com/{no}",
        is_active=is_active,
    )


CJ = carrier("CJGLS", "[0-9]{10}|[0-9]{12}")
LOTTE = carrier("HYUNDAI", "[0-9]{12}")
OTHER = carrier("CHUNIL")


class TestNormalise:
    @pytest.mark.parametrize(
        ("typed", "number"),
        [
            ("6995-6837-5375", "699568375375"),
            (" 6995 6837 5375 ", "699568375375"),
            ("'699568375375", "699568375375"),
            ("6995\u20136837\u20135375", "699568375375"),
            ("1234567890", "1234567890"),
        ],
    )
    def test_strips_what_people_write_between_digits(self, typed: str, number: str) -> None:
        assert waybills.normalise(typed, CJ) == number

    @pytest.mark.parametrize("typed", ["5.2E+11", "5,2E+11", "6.99568E+11", "5e11"])
    def test_says_what_a_spreadsheet_did_to_a_long_number(self, typed: str) -> None:
        with pytest.raises(WaybillInvalid, match="텍스트"):
            waybills.normalise(typed, CJ)

    @pytest.mark.parametrize(
        "typed", ["", "12345678901", "69956837537A", "000000000000", "\u0661" * 12]
    )
    def test_refuses_what_is_no_number_of_the_carrier(self, typed: str) -> None:
        with pytest.raises(WaybillInvalid):
            waybills.normalise(typed, CJ)

    def test_checks_the_last_digit_of_lotte(self) -> None:
        head = "23456789012"
        good = int(head) % 7

        assert waybills.normalise(f"{head}{good}", LOTTE) == f"{head}{good}"
        with pytest.raises(WaybillInvalid, match="마지막 숫자"):
            waybills.normalise(f"{head}{(good + 1) % 10}", LOTTE)

    @pytest.mark.parametrize("digits", [9, 14])
    def test_takes_9_to_14_digits_where_no_pattern_is_kept(self, digits: int) -> None:
        assert waybills.normalise("7" * digits, OTHER) == "7" * digits

    @pytest.mark.parametrize("digits", [8, 15])
    def test_refuses_shorter_and_longer_ones(self, digits: int) -> None:
        with pytest.raises(WaybillInvalid):
            waybills.normalise("7" * digits, OTHER)


class TestDirectory:
    def test_finds_a_carrier_by_any_of_its_names(self) -> None:
        known = Directory([CJ, LOTTE])

        assert known.find("cj 대한통운") is CJ
        assert known.find("대한통운") is CJ
        assert known.find("04") is CJ
        assert known.find("없는택배") is None

    def test_offers_none_that_is_out_of_use(self) -> None:
        known = Directory([carrier("CJGLS", is_active=False)])

        assert known.find("CJ대한통운") is None
        assert known.active == ()


class TestLineNumbers:
    def test_reads_back_what_it_wrote(self) -> None:
        order = "20261124BCDFGHJK"

        assert line_numbers.read(line_numbers.of_line(order, 0)) == Name(order, line_position=0)
        assert line_numbers.read(line_numbers.of_bundle(order, 1)) == Name(order, bundle_position=1)
        assert line_numbers.read(order) == Name(order)

    def test_reads_a_number_whose_hyphens_a_carrier_took_away(self) -> None:
        assert line_numbers.read("20261124bcdfghjkB2") == Name(
            "20261124BCDFGHJK", bundle_position=1
        )

    @pytest.mark.parametrize(
        "cell", ["", "고객주문번호", "20261124", "20261124BCDFGHJK-B", "x" * 90]
    )
    def test_takes_nothing_else_for_one(self, cell: str) -> None:
        assert line_numbers.read(cell) is None
