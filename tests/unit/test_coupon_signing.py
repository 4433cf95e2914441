"""Signatures that tills check without network."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from marketplace.core import sealing
from marketplace.coupons import signing

MESSAGE = "SNR1:T:x:1.2.fixed.5000.0.1.0.1764000000"


@pytest.fixture(autouse=True)
def _secret() -> Iterator[None]:
    known = sealing._Keys.secrets
    sealing.use("signing-test-4f1c9a")
    yield
    sealing._Keys.secrets = known


def number(text: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")


class TestSign:
    def test_is_what_browsers_verify_with_the_public_key(self) -> None:
        key = signing.public_keys()[0]
        point = ec.EllipticCurvePublicNumbers(
            number(key["x"]), number(key["y"]), ec.SECP256R1()
        ).public_key()
        raw = base64.urlsafe_b64decode(signing.sign(MESSAGE) + "==")

        encoded = encode_dss_signature(
            int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
        )
        point.verify(encoded, MESSAGE.encode(), ec.ECDSA(SHA256()))

    def test_holds_after_the_secret_has_changed(self) -> None:
        signature = signing.sign(MESSAGE)

        sealing.use("signing-test-new-77", ["signing-test-4f1c9a"])

        assert signing.is_signed(MESSAGE, signature)
        assert len(signing.public_keys()) == 2

    def test_ends_when_the_old_secret_is_forgotten(self) -> None:
        signature = signing.sign(MESSAGE)

        sealing.use("signing-test-new-77")

        assert not signing.is_signed(MESSAGE, signature)

    @pytest.mark.parametrize("signature", ["", "AAAA", "가" * 86, "A" * 86, "!" * 86])
    def test_refuses_anything_else(self, signature: str) -> None:
        assert not signing.is_signed(MESSAGE, signature)

    def test_refuses_another_message(self) -> None:
        assert not signing.is_signed(MESSAGE.replace("5000", "9000"), signing.sign(MESSAGE))
