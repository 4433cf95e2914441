"""Product stories: the HTML an enterprise may write, and nothing else."""

from __future__ import annotations

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
_ATTRIBUTES: Final = {
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "th": {"scope", "colspan", "rowspan"},
    "td": {"colspan", "rowspan"},
}


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
        url_schemes={"https", "mailto", "tel"},
        link_rel="noopener noreferrer nofollow ugc",
    )


def _keep(_tag: str, attribute: str, value: str) -> str | None:
    if attribute == "src":
        return value if _is_own_picture(value) else None
    if attribute == "href":
        # A browser reads `//evil` and `/\evil` as another site.
        plain = value.strip().replace("\\", "/")
        return None if plain.startswith("//") else value
    return value


def _is_own_picture(address: str) -> bool:
    parts = urlsplit(address.strip().replace("\\", "/"))
    return not parts.scheme and not parts.netloc and parts.path.startswith("/pictures/")
