"""Draw still lifes from an openly licensed emoji set: a thing and its companion on a table."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import resvg_py
from PIL import Image

from marketplace.core import paths
from marketplace.demo.district.seeds import Scene

ICONS: Final = paths.ROOT / "node_modules" / "@iconify-json" / "fluent-emoji" / "icons.json"
SIZE: Final = 640
# As large as things of either kind get in a picture, but not larger: blurs are slow to draw.
_HERO_SPRITE: Final = 352
_SECOND_SPRITE: Final = 208
# Raised when the drawing changes, so that nothing drawn before is taken for it.
EDITION: Final = 1


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: its foot in hundredths, its height, how it leans, what it is."""

    x: float
    y: float
    height: float
    lean: float = 0
    is_hero: bool = True


@dataclass(frozen=True, slots=True)
class Arrangement:
    """A table edge, what lies on the table, and what stands there from back to front."""

    edge: float
    prop: str
    places: tuple[Place, ...]


def _second(x: float, y: float, height: float, lean: float = 0) -> Place:
    return Place(x, y, height, lean, is_hero=False)


ARRANGEMENTS: Final = (
    Arrangement(68, "window", (Place(48, 80, 54), _second(77, 85, 25))),
    Arrangement(66, "plain", (_second(75, 75, 31, 4), Place(44, 81, 53, -4))),
    Arrangement(70, "cloth", (Place(58, 81, 52, 3), _second(27, 86, 25), _second(38, 90, 14, 12))),
    Arrangement(65, "board", (_second(21, 79, 22, -6), Place(50, 77, 49), _second(79, 82, 22))),
    Arrangement(72, "leaves", (_second(73, 78, 28), Place(43, 84, 56))),
    Arrangement(64, "window", (Place(45, 80, 50, 8), _second(76, 83, 27, -8), _second(87, 88, 13))),
    Arrangement(70, "leaves", (_second(22, 79, 27, -4), Place(50, 79, 47), _second(78, 79, 27, 4))),
    Arrangement(67, "board", (Place(35, 77, 40, -5), Place(64, 79, 45, 4), _second(49, 89, 20))),
)

# Wall above and below, table, what lies on it, shadow.
_TINTS: Final = {
    "wheat": ("#fbf1e0", "#f2e2c6", "#e6d0ac", "#cfae7c", "#6b4a1f"),
    "persimmon": ("#fdeee2", "#f7dcc8", "#ebc3a6", "#d49a73", "#7a3a14"),
    "moss": ("#f0f4e3", "#e1e9cd", "#cbd8ae", "#a9bb80", "#40501c"),
    "brick": ("#fae9e3", "#f1d4ca", "#e2b7a9", "#c98d7b", "#6e2a1c"),
    "honey": ("#fdf4d6", "#f8e6ab", "#edd081", "#d3ab4d", "#6d4d0a"),
    "sage": ("#ebf3ee", "#d8e7de", "#bfd5c8", "#94b5a3", "#244839"),
    "leaf": ("#edf6e4", "#d9ebc8", "#bcd9a5", "#90b974", "#2c5218"),
    "peach": ("#fdeeea", "#f8d9d2", "#eebfb6", "#d99488", "#7a2f28"),
    "water": ("#e8f3f5", "#d3e6ea", "#b5d3da", "#84b1bb", "#17444f"),
    "lilac": ("#f3eff8", "#e3dbee", "#cdc1df", "#a895c4", "#3d2b5c"),
    "dusk": ("#eceff6", "#d9dfec", "#bfc8dd", "#929fc0", "#26324f"),
}


def is_available() -> bool:
    """Tell whether the emoji set is installed."""
    return ICONS.exists()


def draw(scene: Scene, sprites: Path) -> bytes:
    """Return a scene as a PNG; the single things are kept in a folder for the next scene."""
    arrangement = ARRANGEMENTS[scene.arrangement]
    picture = _backdrop(scene.tint, scene.arrangement).copy()
    for place in arrangement.places:
        name = scene.hero if place.is_hero else scene.second
        size = _HERO_SPRITE if place.is_hero else _SECOND_SPRITE
        _stand(picture, _sprite(name, size, sprites), place)
    written = io.BytesIO()
    picture.save(written, "PNG", compress_level=1)
    return written.getvalue()


def _stand(picture: Image.Image, thing: Image.Image, place: Place) -> None:
    unit = SIZE / 100
    height = place.height * unit
    # Wide things would push everything else off the table.
    scale = min(height / thing.height, 1.2 * height / thing.width)
    size = (max(1, round(thing.width * scale)), max(1, round(thing.height * scale)))
    thing = thing.resize(size, Image.Resampling.LANCZOS)
    if place.lean:
        thing = thing.rotate(-place.lean, Image.Resampling.BICUBIC, expand=True)
        thing = thing.crop(thing.getbbox())
    corner = (round(place.x * unit - thing.width / 2), round(place.y * unit - thing.height))
    picture.paste(thing, corner, thing)


@cache
def _sprite(name: str, size: int, folder: Path) -> Image.Image:
    path = folder / f"{name}-{size}.png"
    if path.exists():
        return Image.open(path).convert("RGBA")
    body = _icons()[name]
    drawn = _render(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" width="{size}" '
        f'height="{size}">{body}</svg>'
    )
    image = drawn.crop(drawn.getbbox())
    partial = path.with_suffix(f".{id(image)}.part")
    image.save(partial, "PNG", compress_level=1)
    partial.replace(path)
    return image


@cache
def _icons() -> dict[str, str]:
    icons = json.loads(ICONS.read_text(encoding="utf-8"))["icons"]
    return {name: icon["body"] for name, icon in icons.items()}


@cache
def _backdrop(tint: str, number: int) -> Image.Image:
    arrangement = ARRANGEMENTS[number]
    wall, low_wall, table, lying, shadow = _TINTS[tint]
    edge = arrangement.edge
    shadows = "".join(
        f'<ellipse cx="{place.x + 1.5}" cy="{place.y - 0.8}" rx="{place.height * 0.52:.1f}" '
        f'ry="{place.height * 0.085:.1f}" fill="url(#shade)"/>'
        for place in arrangement.places
    )
    drawn = _render(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" '
        f'width="{SIZE}" height="{SIZE}"><defs>'
        f'<linearGradient id="wall" x1="0" y1="0" x2="0" y2="1"><stop stop-color="{wall}"/>'
        f'<stop offset="1" stop-color="{low_wall}"/></linearGradient>'
        f'<linearGradient id="table" x1="0" y1="0" x2="0" y2="1"><stop stop-color="{table}"/>'
        f'<stop offset="1" stop-color="{low_wall}"/></linearGradient>'
        f'<radialGradient id="shade"><stop stop-color="{shadow}" stop-opacity=".42"/>'
        f'<stop offset=".6" stop-color="{shadow}" stop-opacity=".16"/>'
        f'<stop offset="1" stop-color="{shadow}" stop-opacity="0"/></radialGradient></defs>'
        f'<rect width="100" height="{edge}" fill="url(#wall)"/>'
        f'<rect y="{edge}" width="100" height="{100 - edge}" fill="url(#table)"/>'
        f'<rect y="{edge}" width="100" height=".5" fill="#fff" fill-opacity=".45"/>'
        f"{_prop(arrangement.prop, edge, wall, lying)}{shadows}</svg>"
    )
    return drawn.convert("RGB")


def _prop(name: str, edge: float, light: str, lying: str) -> str:
    match name:
        case "window":
            return "".join(
                f'<path d="M{x} 0h13L{x - 5} {edge}h-13z" fill="#fff" fill-opacity=".34"/>'
                for x in (22, 39)
            )
        case "board":
            middle = edge + 15
            return (
                f'<ellipse cx="50" cy="{middle + 1.6}" rx="44" ry="11" fill="{lying}"/>'
                f'<ellipse cx="50" cy="{middle}" rx="44" ry="11" fill="{lying}" '
                'fill-opacity=".55"/>'
                f'<ellipse cx="50" cy="{middle}" rx="41" ry="9.6" fill="#fff" '
                'fill-opacity=".22"/>'
            )
        case "cloth":
            stripes = "".join(
                f'<path d="M{x} {edge + 7}l-6 {93 - edge}h3l6 -{93 - edge}z" fill="{lying}" '
                'fill-opacity=".5"/>'
                for x in range(24, 84, 9)
            )
            return f'<path d="M19 {edge + 7}h64l9 {93 - edge}h-82z" fill="{light}"/>{stripes}'
        case "leaves":
            return "".join(
                f'<ellipse cx="{x}" cy="{y}" rx="13" ry="3.6" fill="{lying}" '
                f'fill-opacity=".26" transform="rotate({turn} {x} {y})"/>'
                for x, y, turn in (
                    (12, 9, 38),
                    (25, 4, 62),
                    (9, 22, 12),
                    (88, 12, -40),
                    (95, 26, -8),
                )
            )
        case _:
            return '<circle cx="76" cy="20" r="15" fill="#fff" fill-opacity=".3"/>'


def _render(svg: str) -> Image.Image:
    png = bytes(resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True))
    return Image.open(io.BytesIO(png)).convert("RGBA")
