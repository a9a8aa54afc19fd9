"""Text and shapes, anti-aliased; text of any script by the font that OpenCV brings along."""

from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from realtime.display.palette import Colour
from realtime.sources.opencv import load_opencv

Image = NDArray[np.uint8]

REGULAR: Final = 400
BOLD: Final = 600
_SHIFT: Final = 4  # bits of a pixel's fraction in OpenCV's drawing calls
_ROUND: Final = 12  # points along a quarter circle


class Rect(NamedTuple):
    """A rectangle in pixels; x and y of its upper left corner."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """X just beyond it."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """Y just beyond it."""
        return self.y + self.height

    def inset(self, by: int) -> "Rect":
        """The rectangle less a margin on every side."""
        return Rect(
            self.x + by, self.y + by, max(self.width - 2 * by, 0), max(self.height - 2 * by, 0)
        )

    def meets(self, other: "Rect") -> bool:
        """Whether the two overlap."""
        return (
            self.x < other.right
            and other.x < self.right
            and self.y < other.bottom
            and other.y < self.bottom
        )

    def cut(self, image: Image) -> Image:
        """Its part of an image, to draw in."""
        return image[max(self.y, 0) : self.bottom, max(self.x, 0) : self.right]


@lru_cache(maxsize=1)
def _font() -> Any:
    return load_opencv().FontFace("sans")


@lru_cache(maxsize=4096)
def text_width(text: str, size: int, weight: int = REGULAR) -> int:
    """Width of a text in pixels."""
    if not text:
        return 0
    cv2 = load_opencv()
    x, _, width, _ = cv2.getTextSize((0, 0), text, (0, 0), _font(), size, weight)
    return int(x + width)


@lru_cache(maxsize=4096)
def elided(text: str, size: int, width: int, weight: int = REGULAR) -> str:
    """The text, or as much of its beginning as fits into a width with an ellipsis; may be empty."""
    text = " ".join(text.split())
    if text_width(text, size, weight) <= width:
        return text
    fits, too_long = 0, len(text)
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        if text_width(text[:middle].rstrip() + "…", size, weight) <= width:
            fits = middle
        else:
            too_long = middle
    return text[:fits].rstrip() + "…" if fits else ""


def put_text(
    image: Image,
    text: str,
    at: tuple[int, int],
    size: int,
    colour: Colour,
    weight: int = REGULAR,
    align: float = 0.0,
) -> None:
    """Write a text, its capitals centred on a height.

    Args:
        image: to draw in.
        text: any script; what the font lacks comes out as a box.
        at: x of its beginning and y of the middle of its capitals.
        size: in pixels, of a line.
        colour: BGR.
        weight: 400 is regular, 600 bold.
        align: 0: it begins at x, 0.5: it is centred there, 1: it ends there.
    """
    if not text:
        return
    x, y = at
    if align:
        x -= round(text_width(text, size, weight) * align)
    baseline = y + round(size * 0.36)
    load_opencv().putText(image, text, (x, baseline), colour, _font(), size, weight)


@lru_cache(maxsize=1024)
def _outline(width: int, height: int, radius: int) -> NDArray[np.int32]:
    """Corner points of a rounded rectangle at the origin, in fractions of a pixel."""
    r = min(radius, width // 2, height // 2)
    w, h = width - 1, height - 1
    turn = np.linspace(0, np.pi / 2, _ROUND if r else 1)
    corners = ((w - r, h - r, 0), (r, h - r, 1), (r, r, 2), (w - r, r, 3))
    points = [
        (x + r * np.cos(turn + q * np.pi / 2), y + r * np.sin(turn + q * np.pi / 2))
        for x, y, q in corners
    ]
    path = np.concatenate([np.stack(p, axis=1) for p in points])
    return np.array(np.rint(path * (1 << _SHIFT)), dtype=np.int32)


def fill(image: Image, rect: Rect, colour: Colour, radius: int = 0) -> None:
    """Fill a rectangle with round corners."""
    if rect.width < 1 or rect.height < 1:
        return
    cv2 = load_opencv()
    corner = np.array((rect.x << _SHIFT, rect.y << _SHIFT), dtype=np.int32)
    points = _outline(rect.width, rect.height, radius) + corner
    cv2.fillPoly(image, [points], colour, cv2.LINE_AA, _SHIFT)


def line(
    image: Image,
    a: NDArray[np.floating[Any]],
    b: NDArray[np.floating[Any]],
    colour: Colour,
    thickness: int,
) -> None:
    """A line between two points, (2,) each, to fractions of a pixel."""
    cv2 = load_opencv()
    cv2.line(image, _fixed(a), _fixed(b), colour, thickness, cv2.LINE_AA, _SHIFT)


def dot(image: Image, at: NDArray[np.floating[Any]], radius: float, colour: Colour) -> None:
    """A disc."""
    cv2 = load_opencv()
    r = max(1, round(radius * (1 << _SHIFT)))
    cv2.circle(image, _fixed(at), r, colour, -1, cv2.LINE_AA, _SHIFT)


def ring(
    image: Image, at: NDArray[np.floating[Any]], radius: float, thickness: float, colour: Colour
) -> None:
    """A circle of some thickness, half of it on either side."""
    cv2 = load_opencv()
    around = np.linspace(0, 2 * np.pi, 4 * _ROUND, endpoint=False)
    unit = np.stack((np.cos(around), np.sin(around)), axis=1)
    middle = np.array(_fixed(at), dtype=np.int32)
    edges = [
        middle + np.array(np.rint(unit * max(r, 0) * (1 << _SHIFT)), dtype=np.int32)
        for r in (radius + thickness / 2, radius - thickness / 2)
    ]
    cv2.fillPoly(image, edges, colour, cv2.LINE_AA, _SHIFT)  # between the two outlines


def _fixed(point: NDArray[np.floating[Any]]) -> tuple[int, int]:
    # Far outside is as good as outside, and fits OpenCV's integers.
    x, y = np.clip(np.rint(point * (1 << _SHIFT)), -(2**20), 2**20).astype(int)
    return int(x), int(y)
