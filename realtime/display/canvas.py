"""Drawing primitives: anti-aliased shapes by OpenCV, text of any script by Pillow."""

from functools import lru_cache
from pathlib import Path
from typing import Final

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]  # BGR, as in the image

# A palette that is told apart by colour-blind people too (Okabe and Ito), one colour a track.
TRACKS: Final[tuple[Colour, ...]] = (
    (233, 180, 86),
    (0, 159, 230),
    (115, 158, 0),
    (66, 228, 240),
    (167, 121, 204),
    (0, 94, 213),
)
PAPER: Final[Colour] = (34, 30, 28)
PANEL: Final[Colour] = (20, 17, 16)
INK: Final[Colour] = (240, 240, 240)
FAINT: Final[Colour] = (150, 145, 140)

_FONTS: Final = Path(matplotlib.get_data_path()) / "fonts" / "ttf"


@lru_cache(maxsize=16)
def _font(size: int, bold: bool) -> ImageFont.FreeTypeFont:
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(_FONTS / name), size)


@lru_cache(maxsize=1024)
def _mask(text: str, size: int, bold: bool) -> NDArray[np.float32]:
    """(h, w, 1) coverage of a text, 0 to 1."""
    font = _font(size, bold)
    width = max(1, int(np.ceil(font.getlength(text))) + 1)
    ascent, descent = font.getmetrics()
    image = Image.new("L", (width, ascent + descent))
    ImageDraw.Draw(image).text((0, 0), text, fill=255, font=font)
    return np.asarray(image, dtype=np.float32)[..., None] / np.float32(255)


def text_width(text: str, size: int, bold: bool = False) -> int:
    """Width of a text in pixels."""
    return int(np.ceil(_font(size, bold).getlength(text)))


@lru_cache(maxsize=1024)
def elided(text: str, size: int, width: int, bold: bool = False) -> str:
    """The text, or as much of it as fits into ``width`` pixels with an ellipsis."""
    if text_width(text, size, bold) <= width:
        return text
    kept = text
    while kept and text_width(kept + "…", size, bold) > width:
        kept = kept[:-1]
    return kept.rstrip() + "…"


def put_text(
    image: NDArray[np.uint8],
    text: str,
    at: tuple[int, int],
    size: int,
    colour: Colour = INK,
    bold: bool = False,
) -> None:
    """Write a text with its upper left corner at (x, y), cut off at the picture's edge."""
    x, y = at
    height, width = image.shape[:2]
    if not text or x >= width or y >= height or x < 0 or y < 0:
        return
    mask = _mask(text, size, bold)[: height - y, : width - x]
    region = image[y : y + mask.shape[0], x : x + mask.shape[1]]
    region[:] = (region * (1 - mask) + np.array(colour, np.float32) * mask).astype(np.uint8)


def shade(image: NDArray[np.uint8], x: int, y: int, width: int, height: int) -> None:
    """Darken a rectangle so that text on it can be read whatever is behind."""
    region = image[max(y, 0) : y + height, max(x, 0) : x + width]
    region[:] = (region * 0.35 + np.array(PANEL, np.float32) * 0.65).astype(np.uint8)
