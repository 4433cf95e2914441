"""Every code a coupon may be refused with, and what the person is told."""

from __future__ import annotations

import pytest

from marketplace.checkout.quote_refusals import Reason
from marketplace.coupons import refusals

# domain.md, "Refusals have codes and Korean text".
_CODES = """
    not_found not_yours not_started ended paused already_used expired below_minimum out_of_scope
    wrong_channel limit_person limit_day limit_total budget_exhausted not_eligible not_stackable
    token_expired token_reused enterprise_not_joined reversed
"""


@pytest.mark.parametrize("code", _CODES.split())
def test_has_a_korean_sentence_of_its_own(code: str) -> None:
    text = refusals.text_of(Reason(code))

    assert text.endswith(("다.", "요."))
    assert list(refusals.TEXTS.values()).count(text) == 1


def test_codes_of_prices_are_the_codes_of_coupons() -> None:
    assert {reason.value for reason in Reason} <= set(refusals.TEXTS)


def test_a_code_nobody_knows_is_refused_politely() -> None:
    assert refusals.text_of("?").endswith("다.")
