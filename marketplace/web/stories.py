"""What enterprises tell about themselves and their products, made safe to show."""

from __future__ import annotations

from functools import lru_cache

from markupsafe import Markup, escape

from marketplace.catalog import stories


@lru_cache(maxsize=1_024)
def story(text: str) -> Markup:
    """Keep what is harmless of a story; plain text gets its paragraphs."""
    if "<" in text:
        return Markup(stories.clean(text))  # noqa: S704
    parts = [part.strip() for part in text.replace("\r\n", "\n").split("\n\n")]
    return Markup("").join(
        Markup("<p>{}</p>").format(Markup("<br>").join(map(escape, part.split("\n"))))
        for part in parts
        if part
    )
