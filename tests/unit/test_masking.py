"""Personal data is hidden the way lists and logs may show it."""

from __future__ import annotations

import pytest

from marketplace.core import masking


@pytest.mark.parametrize(
    ("full", "shown"),
    [
        ("홍길동", "홍*동"),
        ("김철", "김*"),
        ("남궁민수", "남궁**"),
        ("남궁훈", "남궁*"),
        ("황금독수리", "황금독**"),
        ("이", "*"),
        ("Alexander", "Alex*****"),
        ("Kim", "Kim*"),
        ("", ""),
    ],
)
def test_name(full: str, shown: str) -> None:
    assert masking.name(full) == shown


@pytest.mark.parametrize(
    ("digits", "shown"),
    [
        ("01012345678", "010-****-5678"),
        ("010-1234-5678", "010-****-5678"),
        ("0111234567", "011-***-4567"),
        ("0212345678", "02-****-5678"),
        ("123", "***"),
    ],
)
def test_phone(digits: str, shown: str) -> None:
    assert masking.phone(digits) == shown


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("abcdefg@example.com", "ab*****@example.com"),
        ("ab@example.com", "a*@example.com"),
        ("a@example.com", "*@example.com"),
        ("nobody", "******"),
    ],
)
def test_email(address: str, shown: str) -> None:
    assert masking.email(address) == shown


@pytest.mark.parametrize(
    ("road", "shown"),
    [
        ("서울특별시 광진구 자양로 117 101동 202호", "서울특별시 광진구 자양로 ***"),
        ("서울 광진구 능동로4길 12", "서울 광진구 능동로4길 ***"),
        ("서울특별시 광진구 자양동 680-63", "서울특별시 광진구 자양동 ***"),
        ("어딘가", "***"),
    ],
)
def test_address(road: str, shown: str) -> None:
    assert masking.address(road) == shown


def test_account_number_login_and_coupon_code() -> None:
    assert masking.account_number("110-123-456789") == "1101****6789"
    assert masking.account_number("12345678") == "****5678"
    assert masking.login("senaru_lover") == "sen***"
    assert masking.coupon_code("ABCD-EFGH-JKMN") == "ABCD-EFGH-****"


class TestText:
    @pytest.mark.parametrize(
        "secret",
        [
            "hong.gildong@example.com",
            "010-1234-5678",
            "01012345678",
            "4242 4242 4242 4242",
            "4242424242424242",
            "900101-1234567",
            "sk_live_51AbCdEfGh",
            "whsec_abcdefgh1234",
        ],
    )
    def test_hides_what_looks_personal(self, secret: str) -> None:
        hidden = masking.text(f"before {secret} after")

        assert secret not in hidden
        assert hidden.startswith("before ")
        assert hidden.endswith(" after")

    def test_hides_tokens_and_passwords_in_addresses(self) -> None:
        hidden = masking.text("GET /x?token=abcdef123&password=hunter2&page=3")

        assert "abcdef123" not in hidden
        assert "hunter2" not in hidden
        assert "page=3" in hidden

    @pytest.mark.parametrize("plain", ["order 2026112212345678", "12,000원", "2026-11-24T03:00"])
    def test_keeps_what_is_not(self, plain: str) -> None:
        assert masking.text(plain) == plain
