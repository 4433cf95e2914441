"""Product stories: the HTML an enterprise may write, and nothing else."""

from __future__ import annotations

import re
from html import escape
from typing import Final
from urllib.parse import urlsplit

import nh3

_TAGS: Final = frozenset(
    {
        *("p", "br", "hr", "h2", "h3", "h4", "ul", "ol", "li", "blockquote"),
        *("strong", "em", "b", "i", "u", "s", "a", "img", "figure", "figcaption"),
        *("table", "caption", "thead", "tbody", "tr", "th", "td"),
    }
)
_ATTRIBUTES: Final[dict[str, set[str]]] = {
    # Said, or the library's own list of what any element may carry applies.
    "*": set(),
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "th": {"scope", "colspan", "rowspan"},
    "td": {"colspan", "rowspan"},
}
# A rendition of a stored picture: its key is the content's hash.
_PICTURE: Final = re.compile(r"/pictures/[0-9a-f]{32}-(320|640|1200)\.(jpg|webp|avif)", re.ASCII)


def written(text: str) -> str:
    """Return a story as it is kept: harmless HTML; plain text gets its paragraphs."""
    if "<" in text:
        return clean(text)
    parts = (part.strip() for part in text.replace("\r\n", "\n").split("\n\n"))
    return "".join(
        "<p>{}</p>".format("<br>".join(escape(line, quote=False) for line in part.split("\n")))
        for part in parts
        if part
    )


def clean(written: str) -> str:
    """
    Return what is harmless of a product story.

    Pictures come from this shop only: a foreign one would tell its server who looks at what.
    """
    return nh3.clean(
        written,
        tags=set(_TAGS),
        attributes=_ATTRIBUTES,
        attribute_filter=_keep,
        url_schemes={"https"},
        link_rel="noopener noreferrer nofollow ugc",
    )


def _keep(_tag: str, attribute: str, value: str) -> str | None:
    if attribute == "src":
        return value if _PICTURE.fullmatch(value) else None
    if attribute == "href":
        return value if _is_elsewhere(value) else None
    if attribute in ("width", "height", "colspan", "rowspan"):
        return value if value.isascii() and value.isdigit() and len(value) <= 4 else None
    return value


def _is_elsewhere(address: str) -> bool:
    # A browser reads `https:evil` and `https:\\evil` as another site as well: only the plain form.
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return address.startswith("https://") and bool(parts.hostname) and "\\" not in address
