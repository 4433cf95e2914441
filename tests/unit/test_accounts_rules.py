"""Which addresses are one person's and which passwords are too easy."""

from __future__ import annotations

import unicodedata

import pytest

from marketplace.accounts import emails, passwords, secrets


class TestEmailKey:
    @pytest.mark.parametrize(
        "written",
        [
            "Hong@Example.com",
            " hong@example.com ",
            "hong+shop@example.com",
            "HONG+A+B@EXAMPLE.COM",
            "\N{FULLWIDTH LATIN SMALL LETTER H}ong@example\N{FULLWIDTH FULL STOP}com",
            "ho\u200bng@example.com\ufeff",
        ],
    )
    def test_is_one_for_one_person(self, written: str) -> None:
        assert emails.key(written) == "hong@example.com"

    def test_is_one_for_composed_and_decomposed_hangul(self) -> None:
        assert emails.key(unicodedata.normalize("NFD", "홍@example.com")) == "홍@example.com"

    def test_differs_for_others(self) -> None:
        assert emails.key("hong@example.com") != emails.key("h.ong@example.com")

    @pytest.mark.parametrize("written", ["", "@", "nobody", "\x00"])
    def test_exists_for_anything(self, written: str) -> None:
        assert isinstance(emails.key(written), str)


class TestClean:
    def test_keeps_the_tag_mail_is_sent_to(self) -> None:
        assert emails.clean(" Hong+shop@Example.COM ") == "Hong+shop@example.com"

    @pytest.mark.parametrize(
        "written",
        ["", "hong", "hong@", "@example.com", "a b@example.com", "a@b@example.com", "a@b..com"],
    )
    def test_refuses_what_is_none(self, written: str) -> None:
        with pytest.raises(emails.EmailInvalid):
            emails.clean(written)

    def test_takes_line_breaks_out(self) -> None:
        assert emails.clean("hong@example.com\r\n") == "hong@example.com"


class TestPasswordCheck:
    @pytest.mark.parametrize(
        "password",
        [
            "짧은비번",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
            "1234567890",
            "20260101010101",
            "abcdefghijkl",
            "lkjihgfedcba",
            "qwertyuiop",
            "password1234!",
            "P@ssw0rd2026",
            "senaru2026!!",
            "비밀번호12345678",
            "x" * 129,
            "gildong2026!",
        ],
    )
    def test_refuses_what_is_easily_guessed(self, password: str) -> None:
        with pytest.raises(passwords.PasswordWeak):
            passwords.check(password, email="gildong@example.com", name="홍길동")

    @pytest.mark.parametrize(
        "password",
        [
            "correct horse battery",
            "나루터에 배가 세 척 떴다",
            "Tz7#mQ4!vL",
            "gildong likes teal rivers",
        ],
    )
    def test_takes_what_is_not(self, password: str) -> None:
        passwords.check(password, email="gildong@example.com", name="홍길동")


class TestSecrets:
    def test_know_their_own(self) -> None:
        kept = secrets.hash_secret("나루터의 배")

        assert secrets.verify_secret("나루터의 배", kept)
        assert secrets.verify_secret(unicodedata.normalize("NFD", "나루터의 배"), kept)
        assert not secrets.verify_secret("나루터의 배 ", kept)
        assert "나루" not in kept

    @pytest.mark.parametrize("kept", [None, "", "no hash", "$argon2id$broken"])
    def test_say_no_without_a_hash(self, kept: str | None) -> None:
        assert not secrets.verify_secret("nobody's secret", kept)

    def test_are_not_outdated_when_new(self) -> None:
        assert not secrets.is_outdated(secrets.hash_secret("나루터의 배"))
        weak = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$L3uZ1Qm9lMBdPbxEgA4CFQ"
        assert secrets.is_outdated(weak)
