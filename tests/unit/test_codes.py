"""Coupon codes: read as people write them, refused when mistyped, signed on paper."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core import sealing
from marketplace.coupons import codes

NUMBERS = st.integers(min_value=0, max_value=2**55 - 1)
PLACES = st.integers(min_value=0, max_value=codes.LENGTH - 1)


@pytest.fixture(autouse=True)
def _keys() -> None:
    sealing.use("codes-unit-5d1c", ["codes-unit-old"])


@given(NUMBERS)
def test_every_number_has_a_code_that_is_read_back(number: int) -> None:
    code = codes._of_number(number)

    assert len(code) == 12
    assert set(code) <= set(codes.ALPHABET)
    assert codes.read(code) == code
    assert codes.read(codes.shown(code)) == code


@given(NUMBERS, PLACES, st.sampled_from(codes.ALPHABET))
def test_one_wrong_character_is_always_seen(number: int, place: int, sign: str) -> None:
    code = codes._of_number(number)
    typed = code[:place] + sign + code[place + 1 :]

    assert codes.read(typed) == (code if typed == code else None)


@given(NUMBERS, st.integers(min_value=0, max_value=codes.LENGTH - 2))
def test_two_swapped_neighbours_are_always_seen(number: int, place: int) -> None:
    code = codes._of_number(number)
    typed = code[:place] + code[place + 1] + code[place] + code[place + 2 :]

    assert codes.read(typed) == (code if typed == code else None)


@given(NUMBERS, NUMBERS)
def test_two_numbers_never_share_a_code(one: int, other: int) -> None:
    assert (codes._of_number(one) == codes._of_number(other)) == (one == other)


class TestRead:
    @pytest.mark.parametrize(
        "spell",
        [
            str.lower,
            codes.shown,
            lambda code: f"  {codes.shown(code).lower()} ",
            lambda code: " ".join(code),
            lambda code: code.replace("0", "o").replace("1", "l"),
            lambda code: code.replace("0", "O").replace("1", "I"),
            lambda code: "".join(chr(ord(sign) + 0xFEE0) for sign in code),
            lambda code: "\u200b".join(code),
            lambda code: codes.shown(code).replace("-", "\u2013"),
        ],
    )
    def test_takes_every_way_people_write(self, spell: object) -> None:
        for number in (0, 1, 32, 2**54 + 7, 123_456_789_012_345):
            code = codes._of_number(number)
            assert callable(spell)
            assert codes.read(spell(code)) == code

    @pytest.mark.parametrize("written", ["", "U" * 12, "가" * 12, "0" * 11, "0" * 13, "0" * 9_999])
    def test_refuses_what_cannot_be_one(self, written: str) -> None:
        assert codes.read(written) is None


class TestDerive:
    def test_gives_each_slot_of_each_seed_its_own(self) -> None:
        made = {codes.derive(seed, slot) for seed in ("a", "b") for slot in range(1, 5_001)}

        assert len(made) == 10_000
        assert codes.derive("a", 1) == codes.derive("a", 1)

    def test_uses_every_character_about_equally(self) -> None:
        drawn = "".join(codes.draw()[:-1] for _ in range(3_000))

        counts = [drawn.count(sign) for sign in codes.ALPHABET]
        # 33,000 characters over 32 signs: about 1,031 each, with a deviation of 32.
        assert min(counts) > 850
        assert max(counts) < 1_220


class TestPaper:
    def test_is_read_back(self) -> None:
        code = codes.draw()

        assert codes.read_paper(codes.paper_text(code)) == code
        assert codes.read_paper(f" {codes.paper_text(code)}\n") == code

    def test_stays_good_when_the_key_changes(self) -> None:
        code = codes.draw()
        printed = codes.paper_text(code)

        sealing.use("codes-unit-new", ["codes-unit-5d1c"])

        assert codes.read_paper(printed) == code

    def test_refuses_what_we_did_not_sign(self) -> None:
        code, other = codes.draw(), codes.draw()
        tag = codes.paper_text(code).rpartition(":")[2]

        for forged in (
            code,
            f"SNR1:P:{code}",
            f"SNR1:P:{code}:",
            f"SNR1:P:{code}:{'A' * 16}",
            f"SNR1:P:{code}:{tag[:-1]}",
            f"SNR1:P:{code}:{tag}x",
            f"SNR1:P:{other}:{tag}",
            f"SNR1:W:{code}:{tag}",
            f"SNR1:P:{code}:가{tag[1:]}",
            "",
            ":" * 50,
        ):
            assert codes.read_paper(forged) is None
