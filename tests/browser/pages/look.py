"""What every page must be at every width: no sideways scrolling, nothing axe-core finds."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from playwright.sync_api import Page

from marketplace.core import paths

WIDTHS: Final = (360, 768, 1440)
_OVERFLOW: Final = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_AXE: Final = """
async () => {
  const { violations } = await axe.run({ resultTypes: ["violations"] });
  // What axe tried on elements is taken back, so that the page is as it was.
  for (const touched of document.querySelectorAll('[style=""]')) touched.removeAttribute("style");
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`);
}
"""


def check(page: Page) -> None:
    """Look at the page at each width and fail on what should not be there."""
    before = page.viewport_size
    found = []
    page.evaluate(_axe_source())
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        overflow = page.evaluate(_OVERFLOW)
        if overflow > 0:
            found.append(f"{page.url} at {width} px: {overflow} px too wide")
        found += [f"{page.url} at {width} px: {each}" for each in page.evaluate(_AXE)]
    if before is not None:
        page.set_viewport_size(before)
    assert found == []


def refusals_aside(complaints: list[str]) -> list[str]:
    """Leave out that a refusal's own status is no success: the browser reports it as an error."""
    return [each for each in complaints if "the server responded with a status of 4" not in each]


@lru_cache(maxsize=1)
def _axe_source() -> str:
    return (paths.ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
