"""One number, however it is written."""

from __future__ import annotations

import pytest

from marketplace.core import phone


class TestNormalise:
    @pytest.mark.parametrize(
        "written",
        [
            "01012345678",
            "010-1234-5678",
            "010 1234 5678",
            "010.1234.5678",
            "+82 10-1234-5678",
            "+82 (0)10 1234 5678",
            "0082 10 1234 5678",
            "\uff10\uff11\uff10\uff0d\uff11234\uff0d5678",
            "010\u200b-1234-\ufeff5678",
            "010\u20131234\u20135678",
        ],
    )
    def test_finds_the_same_mobile_number(self, written: str) -> None:
        assert phone.normalise_mobile(written) == "01012345678"

    @pytest.mark.parametrize(
        ("written", "digits"),
        [("02-123-4567", "021234567"), ("031-123-4567", "0311234567"), ("1588-1234", "15881234")],
    )
    def test_knows_other_numbers(self, written: str, digits: str) -> None:
        assert phone.normalise(written) == digits

    @pytest.mark.parametrize("written", ["", "010", "010-1234-567890", "+1 555 123 4567", "전화"])
    def test_refuses_what_is_none(self, written: str) -> None:
        with pytest.raises(phone.PhoneInvalid):
            phone.normalise(written)

    def test_asks_for_a_mobile_number_where_one_is_needed(self) -> None:
        with pytest.raises(phone.PhoneInvalid):
            phone.normalise_mobile("02-123-4567")


@pytest.mark.parametrize(
    ("digits", "shown"),
    [
        ("01012345678", "010-1234-5678"),
        ("010-1234-5678", "010-1234-5678"),
        ("021234567", "02-123-4567"),
        ("15881234", "1588-1234"),
        ("0311234567", "031-123-4567"),
        ("123", "123"),
    ],
)
def test_dashed(digits: str, shown: str) -> None:
    assert phone.dashed(digits) == shown
