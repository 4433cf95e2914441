"""A target to return to is a path of our own or nothing (S7)."""

from __future__ import annotations

import pytest

from marketplace.web.returning import safe_path


class TestSafePath:
    @pytest.mark.parametrize(
        "target",
        [
            "//evil.example",
            "/..//evil.example",
            "/.//evil.example",
            "///evil.example",
            "/%2e%2e//evil.example",
            "/foo/%2E%2e/%2fevil.example",
            "/%2fevil.example",
            "/%5cevil.example",
            "/\\evil.example",
            "\\/evil.example",
            "/\t/evil.example",
            "https:evil.example",
            "https://evil.example",
            "http:///evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "@evil.example",
            ".evil.example",
            "evil",
            "/ok\r\nSet-Cookie: a=b",
            "/ok\x00",
            " /ok",
            "/" + "a" * 600,
            "",
            None,
        ],
    )
    def test_is_the_default_for_anything_else(self, target: str | None) -> None:
        assert safe_path(target, default="/home") == "/home"

    @pytest.mark.parametrize(
        "target", ["/", "/my/orders?page=2", "/products?q=%EA%BF%80", "/a//b", "/x?u=https://y"]
    )
    def test_keeps_our_own_paths(self, target: str) -> None:
        assert safe_path(target, default="/home") == target

    def test_keeps_encoded_line_breaks_encoded(self) -> None:
        assert safe_path("/%0d%0aSet-Cookie:a", default="/") == "/%0d%0aSet-Cookie:a"
