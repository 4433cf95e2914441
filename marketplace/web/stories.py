"""What enterprises tell about themselves and their products, made safe to show."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import nh3
from markupsafe import Markup, escape

_TAGS: Final = {
    *("p", "br", "strong", "b", "em", "i", "u", "ul", "ol", "li"),
    *("h3", "h4", "blockquote", "table", "thead", "tbody", "tr", "th", "td"),
}
_BLOCKS: Final = ("<p", "<ul", "<ol", "<h3", "<h4", "<blockquote", "<table", "<br")


@lru_cache(maxsize=1_024)
def story(text: str) -> Markup:
    """Keep a story's paragraphs, lists and emphasis; plain text gets its paragraphs."""
    if any(block in text for block in _BLOCKS):
        # Attributes go altogether: no address, no style, no script lives in a story.
        return Markup(nh3.clean(text, tags=_TAGS, attributes={}))  # noqa: S704
    parts = [part.strip() for part in text.replace("\r\n", "\n").split("\n\n")]
    return Markup("").join(
        Markup("<p>{}</p>").format(Markup("<br>").join(map(escape, part.split("\n"))))
        for part in parts
        if part
    )
