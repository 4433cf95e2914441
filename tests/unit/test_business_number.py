from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.enterprises import business_number


class TestNormalize:
    @given(office=st.integers(101, 999), kind=st.integers(1, 99), serial=st.integers(1, 9_999))
    def test_accepts_exactly_one_check_digit(self, office: int, kind: int, serial: int) -> None:
        first = f"{office}{kind:02}{serial:04}"
        accepted = []
        for digit in range(10):
            try:
                accepted.append(business_number.normalize(f"{first}{digit}"))
            except business_number.WrongCheckDigit:
                continue
        assert accepted == [f"{first}{business_number.check_digit(first)}"]

    @pytest.mark.parametrize(
        "typed", ["116-82-00276", "1168200276", " 116 82 00276", "116\u201382\u201300276"]
    )
    def test_forgives_how_it_is_typed(self, typed: str) -> None:
        digits = business_number.normalize(typed)

        assert business_number.format_number(digits) == "116-82-00276"

    def test_refuses_digits_of_other_scripts_it_cannot_mean(self) -> None:
        with pytest.raises(business_number.NotDigits):
            business_number.normalize("११६८२००२७६")
