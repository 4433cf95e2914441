"""What is left of stories nobody should write: only what is on the list, whoever parses it (S5)."""

from __future__ import annotations

import re
from typing import Final

import html5lib
import pytest

from marketplace.catalog import stories
from tests.unit.story_attacks import STORIES

_TAGS: Final = {
    *("p", "br", "hr", "h2", "h3", "h4", "ul", "ol", "li", "blockquote"),
    *("strong", "em", "b", "i", "u", "s", "a", "img", "figure", "figcaption"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES: Final = {
    *("href", "rel", "src", "alt", "width", "height", "scope", "colspan", "rowspan"),
}
_OURS: Final = re.compile(r"/pictures/[0-9a-f]{32}-\d+\.(jpg|webp|avif)")


def test_there_are_more_than_a_hundred() -> None:
    assert len(set(STORIES)) >= 130


@pytest.mark.parametrize("story", STORIES)
def test_leaves_only_what_is_on_the_list(story: str) -> None:
    kept = stories.written(story)

    tree = html5lib.parseFragment(kept, namespaceHTMLElements=False)
    for element in tree.iter():
        if not isinstance(element.tag, str) or element.tag == "DOCUMENT_FRAGMENT":
            continue
        assert element.tag in _TAGS
        assert set(element.attrib) <= _ATTRIBUTES
        if "src" in element.attrib:
            assert _OURS.fullmatch(element.attrib["src"])
        if "href" in element.attrib:
            assert re.match(r"https://[^/\\]", element.attrib["href"])
            assert {"nofollow", "noopener"} <= set(element.attrib["rel"].split())


@pytest.mark.parametrize("story", STORIES)
def test_says_the_same_when_it_is_cleaned_again(story: str) -> None:
    once = stories.written(story)

    assert stories.clean(once) == once
