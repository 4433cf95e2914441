"""What of a product story reaches a reader."""

from __future__ import annotations

import pytest

from marketplace.catalog.stories import clean


class TestClean:
    @pytest.mark.parametrize(
        "written",
        [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "<svg onload=alert(1)></svg>",
            "<iframe src=https://evil.example></iframe>",
            "<a href='javascript:alert(1)'>눌러요</a>",
            "<a href='//evil.example'>눌러요</a>",
            "<a href='/\\evil.example'>눌러요</a>",
            "<img src='https://evil.example/pixel.gif' alt=''>",
            "<img src='//evil.example/pixel.gif' alt=''>",
            "<img src='/\\evil.example/pixel.gif' alt=''>",
            "<p style='position:fixed;inset:0'>덮기</p>",
            "<form action='https://evil.example'><input name='password'></form>",
            "<math><mtext></p><style><img src=x onerror=alert(1)></style></math>",
        ],
    )
    def test_keeps_nothing_that_could_act(self, written: str) -> None:
        kept = clean(written)

        for sign in ("script", "onerror", "onload", "evil.example", "style=", "<form", "<iframe"):
            assert sign not in kept

    def test_keeps_what_tells_a_story(self) -> None:
        written = (
            "<h3>우리 꿀 이야기</h3><p>옥상에서 <strong>거른</strong> 꿀</p>"
            '<img src="/pictures/0123456789abcdef0123456789abcdef-640.jpg" alt="꿀단지">'
        )

        assert clean(written) == written

    def test_marks_links_to_elsewhere(self) -> None:
        kept = clean('<a href="https://example.org">마을</a>')

        assert 'rel="noopener noreferrer nofollow ugc"' in kept
