from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.payments import stripe_signature as signature

SECRET = "whsec_test"  # noqa: S105
NOW = 1_772_323_200


def _header(payload: bytes, *, at: int = NOW, secret: str = SECRET) -> str:
    return f"t={at},v1={signature.sign(payload, secret=secret, at=at)}"


class TestVerify:
    @given(payload=st.binary(max_size=200))
    def test_accepts_what_was_signed_byte_for_byte(self, payload: bytes) -> None:
        signature.verify(payload, _header(payload), SECRET, NOW)

        with pytest.raises(signature.SignatureMismatch):
            signature.verify(payload + b" ", _header(payload), SECRET, NOW)

    def test_agrees_with_openssl(self) -> None:
        made = "387e46d34ab34bb0f3624adcaa371a0332240720155daad95713dfea27253ccd"

        assert signature.sign(b'{"id":"evt_1"}', secret=SECRET, at=1000) == made

    @pytest.mark.parametrize("age", [-301, 301])
    def test_refuses_the_old_and_the_future(self, age: int) -> None:
        header = _header(b"{}", at=NOW - age)
        with pytest.raises(signature.TimestampOutsideTolerance):
            signature.verify(b"{}", header, SECRET, NOW)

    @pytest.mark.parametrize("age", [-300, 0, 300])
    def test_accepts_up_to_the_tolerance(self, age: int) -> None:
        signature.verify(b"{}", _header(b"{}", at=NOW - age), SECRET, NOW)

    def test_refuses_another_secret(self) -> None:
        with pytest.raises(signature.SignatureMismatch):
            signature.verify(b"{}", _header(b"{}", secret="other"), SECRET, NOW)  # noqa: S106

    @pytest.mark.parametrize(
        "header",
        [
            "",
            "t",
            "t=",
            "t=x,v1=a",
            "t=1,t=2,v1=a",
            "t=²,v1=a",
            "v1=a",
            "t=-1,v1=a",
            "t=" + "9" * 30,
        ],
    )
    def test_refuses_a_header_without_one_readable_time(self, header: str) -> None:
        with pytest.raises(signature.MalformedHeader):
            signature.verify(b"{}", header, SECRET, NOW)

    def test_survives_signatures_that_are_no_ascii(self) -> None:
        with pytest.raises(signature.SignatureMismatch):
            signature.verify(b"{}", f"t={NOW},v1=서명", SECRET, NOW)
