"""Sealed text opens with the right key, for the right purpose, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from marketplace.core import sealing

OLD, NEW = "an-old-secret-key-of-2025", "a-new-secret-key-of-2026"


@pytest.fixture(autouse=True)
def _keys() -> Iterator[None]:
    before = sealing._Keys.secrets
    sealing.use(OLD)
    yield
    sealing._Keys.secrets = before


class TestSeal:
    def test_opens_again(self) -> None:
        sealed = sealing.seal("110-123-456789", purpose="bank-account")

        assert b"456789" not in sealed
        assert sealing.unseal(sealed, purpose="bank-account") == "110-123-456789"

    def test_never_looks_the_same_twice(self) -> None:
        assert sealing.seal("같은 말", purpose="a") != sealing.seal("같은 말", purpose="a")

    def test_does_not_open_for_another_purpose(self) -> None:
        sealed = sealing.seal("secret", purpose="totp")

        with pytest.raises(sealing.SealBroken):
            sealing.unseal(sealed, purpose="bank-account")

    @pytest.mark.parametrize("position", [0, 1, 13, -1])
    def test_does_not_open_when_one_byte_changed(self, position: int) -> None:
        sealed = bytearray(sealing.seal("secret", purpose="totp"))
        sealed[position] ^= 1

        with pytest.raises(sealing.SealBroken):
            sealing.unseal(bytes(sealed), purpose="totp")

    def test_opens_with_a_fallback_after_rotation(self) -> None:
        sealed = sealing.seal("secret", purpose="totp")

        sealing.use(NEW, [OLD])

        assert sealing.unseal(sealed, purpose="totp") == "secret"

    def test_stays_shut_when_the_old_key_is_forgotten(self) -> None:
        sealed = sealing.seal("secret", purpose="totp")

        sealing.use(NEW)

        with pytest.raises(sealing.SealBroken):
            sealing.unseal(sealed, purpose="totp")


class TestDigests:
    def test_names_the_digest_of_every_key_the_present_one_first(self) -> None:
        under_old = sealing.digest("confirm:7", purpose="mailed-link")

        sealing.use(NEW, [OLD])

        new, old = sealing.digests("confirm:7", purpose="mailed-link")
        assert old == under_old != new
        assert sealing.digest("confirm:7", purpose="mailed-link") == new

    def test_differs_by_purpose_and_message(self) -> None:
        digests = {
            sealing.digest(message, purpose=purpose)
            for message in ("a:1", "a:2")
            for purpose in ("x", "y")
        }

        assert len(digests) == 4
