"""Colours, chosen for a dark ground; BGR as in OpenCV's pictures."""

import zlib
from collections.abc import Iterable
from typing import Final

Colour = tuple[int, int, int]


def rgb(text: str) -> Colour:
    """``#rrggbb`` as BGR."""
    red, green, blue = bytes.fromhex(text.removeprefix("#"))
    return blue, green, red


def hexadecimal(colour: Colour) -> str:
    """BGR as ``#rrggbb``."""
    return "#" + bytes(reversed(colour)).hex()


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """``share`` of b in a."""
    blue, green, red = (round(x + (y - x) * share) for x, y in zip(a, b, strict=True))
    return blue, green, red


GROUND: Final = rgb("#0d1117")
CANVAS: Final = rgb("#05070a")
PANEL: Final = rgb("#161b22")
TRACK: Final = rgb("#252c37")
INK: Final = rgb("#f0f3f6")
DIM: Final = rgb("#aab4c0")
FAINT: Final = rgb("#6e7985")
ALARM: Final = rgb("#ffb454")

# Light enough to be seen on a video, and on the ground with dark text in them.
_PEOPLE: Final = tuple(map(rgb, ("#5cd6f5", "#ffc857", "#b5e57a", "#ff9ac1", "#c3b1ff", "#ff9b73")))
# Dark enough for light text in them.
_CLASSES: Final = tuple(
    map(
        rgb,
        (
            *("#2f6fdb", "#c2631c", "#1f8a5b", "#b8407f", "#7450d8", "#12838f"),
            *("#94721a", "#c0433f", "#4d7a29", "#5867a8"),
        ),
    )
)


def person_colour(track: int) -> Colour:
    """The colour of a person."""
    return _PEOPLE[track % len(_PEOPLE)]


def class_colours(classes: Iterable[str]) -> dict[str, Colour]:
    """The colour of every class, by its place in the list."""
    return {label: _CLASSES[place % len(_CLASSES)] for place, label in enumerate(classes)}


def stray_colour(label: str) -> Colour:
    """A colour for a label that no list holds; the same in every run."""
    return _CLASSES[zlib.crc32(label.encode()) % len(_CLASSES)]
