"""Stick figures: bodies on their ground, and the legend to them."""

from functools import lru_cache
from pathlib import Path
from typing import Final

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from train.skeletons.joints import BONES, INDEX, NTU_25
from train.skeletons.presence import joints_present

Colour = tuple[int, int, int]  # RGB

PAPER: Final[Colour] = (255, 255, 255)
INK: Final[Colour] = (34, 37, 41)
MUTED: Final[Colour] = (112, 118, 126)
RULE: Final[Colour] = (222, 225, 229)
GROUND: Final[Colour] = (150, 156, 164)
# Told apart by colour-blind people too (Okabe and Ito).
SIDES: Final[dict[str, Colour]] = {
    "left": (0, 114, 178),
    "right": (213, 94, 0),
    "trunk": (74, 79, 87),
}

_HEAD: Final = INDEX["Head"]
_HEAD_M: Final = 0.1  # radius of a head
_BONE_M: Final = 0.035  # thickness of a limb
_MARGIN_M: Final = 0.18
_SMALLEST_M: Final = 1.0  # what a stage shows at least, across and up
_TICK_M: Final = 0.5
_FARTHEST_M: Final = 6.0  # joints farther than this from the middle are errors and left out
_FEET: Final = [INDEX[name] for name in ("AnkleLeft", "AnkleRight", "FootLeft", "FootRight")]
_TRAILS: Final = [INDEX[name] for name in ("HandLeft", "HandRight", "AnkleLeft", "AnkleRight")]
_FONTS: Final = Path(matplotlib.get_data_path()) / "fonts" / "ttf"


def _anatomical() -> tuple[tuple[int, int], ...]:
    """The skeleton as hands are made: tips hang from hands, not from thumbs as in the graph."""
    tips = {INDEX["HandTipLeft"]: INDEX["HandLeft"], INDEX["HandTipRight"]: INDEX["HandRight"]}
    return tuple((joint, tips.get(joint, parent)) for joint, parent in BONES)


_BONES: Final = _anatomical()


def side_of(joint: int) -> str:
    """``left``, ``right`` or ``trunk``."""
    name = NTU_25[joint]
    return "left" if "Left" in name else "right" if "Right" in name else "trunk"


def pale(colour: Colour, share: float = 0.5) -> Colour:
    """A colour mixed with that of the paper."""
    red, green, blue = (round(c + (p - c) * share) for c, p in zip(colour, PAPER, strict=True))
    return red, green, blue


class Stage:
    """The space that the people of a clip need, seen from one side.

    Args:
        joints: (T, M, 25, 3) metres, y up, NaN where absent.
        turn: degrees that the viewer walks around them; see
            :func:`train.skeletons.picture.save_picture`.

    Attributes:
        width, height: what there is to see, in metres.
    """

    def __init__(self, joints: NDArray[np.float32], turn: float = 0.0) -> None:
        seen = joints_present(joints)
        middle = np.median(joints[seen], axis=0)
        seen = seen & (np.abs(np.where(seen[..., None], joints - middle, 0)) < _FARTHEST_M).all(-1)
        angle = np.deg2rad(turn)
        sine, cosine = np.sin(angle), np.cos(angle)
        x, y, z = np.moveaxis(np.where(seen[..., None], joints, np.nan) - middle, -1, 0)
        # Kinect's x grows to the camera's left, hence to the left of the picture.
        self._across = z * sine - x * cosine
        self._up = y
        self._depth = x * sine + z * cosine
        self._seen = seen
        feet = seen[:, :, _FEET]
        if feet.any():
            in_frame = feet.any(axis=(1, 2))
            lowest = np.nanmin(y[in_frame][:, :, _FEET], axis=(1, 2))
            self._ground: float | None = float(np.percentile(lowest, 10))
        else:
            self._ground = None
        self._left, right = _range(self._across[seen])
        self._bottom, top = _range(self._up[seen])
        self.width, self.height = right - self._left, top - self._bottom
        self._order: list[int] = np.flatnonzero(seen.any(axis=(0, 2))).tolist()

    def draw(self, image: Image.Image, frame: int, trail_from: int | None = None) -> None:
        """Draw one frame, filling the image.

        Args:
            image: of the stage's aspect.
            frame: which.
            trail_from: also draw the way of hands and feet from this frame on.
        """
        scale = min(image.width / self.width, image.height / self.height)
        x = (self._across - self._left) * scale
        y = image.height - (self._up - self._bottom) * scale
        points = np.stack([x, y], axis=-1)
        draw = ImageDraw.Draw(image)
        self._draw_ground(draw, image.width, image.height, scale)
        if trail_from is not None:
            for place, body in enumerate(self._order):
                self._draw_trails(draw, points, trail_from, frame, body, place, scale)
        there = [p for p in enumerate(self._order) if self._seen[frame, p[1]].any()]
        there.sort(key=lambda p: -float(np.nanmean(self._depth[frame, p[1]])))
        for place, body in there:
            self._draw_body(draw, points[frame, body], frame, body, place, scale)
        if not there:
            size = max(10, round(image.height / 16))
            words = "nobody seen"
            at = ((image.width - text_width(words, size)) // 2, image.height // 2)
            draw.text(at, words, GROUND, font(size))

    def _draw_ground(
        self, draw: ImageDraw.ImageDraw, width: int, height: int, scale: float
    ) -> None:
        if self._ground is None:
            return
        y = height - (self._ground - self._bottom) * scale
        thick = max(1, round(height / 280))
        draw.line([(0, y), (width, y)], GROUND, thick)
        for tick in range(int(np.ceil(self._left / _TICK_M)), 1000):
            x = (tick * _TICK_M - self._left) * scale
            if x > width:
                break
            draw.line([(x, y), (x, y + height / 70)], GROUND, thick)

    def _draw_trails(
        self,
        draw: ImageDraw.ImageDraw,
        points: NDArray[np.floating],
        start: int,
        end: int,
        body: int,
        place: int,
        scale: float,
    ) -> None:
        for joint in _TRAILS:
            seen = self._seen[start : end + 1, body, joint]
            way = points[start : end + 1, body, joint][seen]
            colour = pale(_colour(joint, place), 0.55)
            thick = max(1, round(0.012 * scale))
            if len(way) > 1:
                draw.line([tuple(p) for p in way.tolist()], colour, thick, joint="curve")

    def _draw_body(
        self,
        draw: ImageDraw.ImageDraw,
        points: NDArray[np.floating],
        frame: int,
        body: int,
        place: int,
        scale: float,
    ) -> None:
        seen, depth = self._seen[frame, body], self._depth[frame, body]
        thick = max(2, round(_BONE_M * scale))
        whole = [(a, b) for a, b in _BONES if seen[a] and seen[b] and _HEAD not in (a, b)]
        whole.sort(key=lambda bone: -float(depth[bone[0]] + depth[bone[1]]))
        if seen[_HEAD]:
            _draw_head(draw, points[_HEAD], thick, place, scale)
        for joint in np.flatnonzero(seen):  # those that hang on no limb, too
            if joint != _HEAD:
                _dot(draw, points[joint], thick * 0.6, _colour(int(joint), place))
        for a, b in whole:
            fine = thick if "Tip" not in NTU_25[a] and "Thumb" not in NTU_25[a] else thick * 0.6
            # A rim of paper keeps limbs apart that cross.
            for colour, wide in ((PAPER, fine + thick * 0.5), (_colour(a, place), fine)):
                _draw_limb(draw, points[a], points[b], colour, wide, rim=colour == PAPER)


def _draw_limb(
    draw: ImageDraw.ImageDraw,
    a: NDArray[np.floating],
    b: NDArray[np.floating],
    colour: Colour,
    wide: float,
    rim: bool,
) -> None:
    if rim:  # leave the ends alone, or it would cut into the limbs that join there
        a, b = a + 0.25 * (b - a), b + 0.25 * (a - b)
    draw.line([tuple(a.tolist()), tuple(b.tolist())], colour, max(1, round(wide)))
    if not rim:
        _dot(draw, a, wide * 0.6, colour)
        _dot(draw, b, wide * 0.6, colour)


def _draw_head(
    draw: ImageDraw.ImageDraw, at: NDArray[np.floating], thick: int, place: int, scale: float
) -> None:
    colour = _colour(_HEAD, place)
    _dot(draw, at, _HEAD_M * scale, colour)
    if place:
        _dot(draw, at, _HEAD_M * scale - thick * 0.8, PAPER)


def _dot(
    draw: ImageDraw.ImageDraw, at: NDArray[np.floating], radius: float, colour: Colour
) -> None:
    x, y = at.tolist()
    draw.ellipse([x - radius, y - radius, x + radius, y + radius], colour)


def _colour(joint: int, place: int) -> Colour:
    colour = SIDES[side_of(joint)]
    return pale(colour) if place else colour


def _range(values: NDArray[np.floating]) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    low, high = low - _MARGIN_M, high + _MARGIN_M
    lacks = max(0.0, _SMALLEST_M - (high - low)) / 2
    return low - lacks, high + lacks


@lru_cache(maxsize=16)
def font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """The font of all pictures."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(_FONTS / name), size)


def text_width(text: str, size: int, bold: bool = False) -> int:
    """Width of a text in pixels."""
    return int(np.ceil(font(size, bold).getlength(text)))


def elided(text: str, size: int, width: int, bold: bool = False) -> str:
    """The text, or as much of it as fits into ``width`` pixels with an ellipsis."""
    if text_width(text, size, bold) <= width:
        return text
    while text and text_width(text + "…", size, bold) > width:
        text = text[:-1]
    return text.rstrip() + "…"


def legend(image: Image.Image, at: tuple[int, int], people: int) -> int:
    """Say what the colours and ticks mean; returns the width in pixels."""
    draw = ImageDraw.Draw(image)
    x, y = at
    size, dash, gap = 14, 26, 22
    entries = [
        ("person's left", SIDES["left"]),
        ("person's right", SIDES["right"]),
        ("trunk", SIDES["trunk"]),
    ]
    for words, colour in entries:
        draw.line([(x, y + 9), (x + dash, y + 9)], colour, 6)
        draw.text((x + dash + 7, y), words, INK, font(size))
        x += dash + 7 + text_width(words, size) + gap
    if people > 1:
        _dot(draw, np.array([x + 8.0, y + 9.0]), 8, pale(SIDES["trunk"]))
        _dot(draw, np.array([x + 8.0, y + 9.0]), 5, PAPER)
        words = "second person: paler" if people == 2 else "other people: paler"
        draw.text((x + 23, y), words, INK, font(size))
        x += 23 + text_width(words, size) + gap
    draw.line([(x, y + 9), (x + dash, y + 9)], GROUND, 1)
    for end in (x, x + dash):
        draw.line([(end, y + 9), (end, y + 13)], GROUND, 1)
    words = f"{_TICK_M:g} m on the ground"
    draw.text((x + dash + 7, y), words, INK, font(size))
    return x + dash + 7 + text_width(words, size) - at[0]
