"""Clips as pictures for people: a filmstrip on one sheet, or an animation.

One sees what somebody standing at the camera would see: a person who faces it has their left arm
on the right of the picture. Axes are equal and the same in every moment of a clip.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from bank.errors import InputError
from bank.files import replacing
from train.skeletons.clip import Clip
from train.skeletons.stick import (
    INK,
    MUTED,
    PAPER,
    RULE,
    Stage,
    elided,
    font,
    legend,
    text_width,
)

ENDINGS: Final = (".png", ".gif")

_SHEET: Final = 1600  # pixels wide, as a rule
_SHEET_ASPECT: Final = 2.0
_TALLEST: Final = 420  # pixels a moment of a filmstrip may be high
_CANVAS: Final = (760, 480)  # the largest figure of an animation, pixels
_NARROWEST: Final = 420
_MARGIN: Final = 24
_FINE: Final = 2  # drawn this many times larger, then reduced: smooth edges
_COLOURS: Final = 96
_SHORTEST_CS: Final = 3  # viewers slow down what is shown for less than 0.02 s
_LONGEST_S: Final = 60.0


def save_picture(clip: Clip, out: Path, *, moments: int = 8, turn: float = 0.0) -> None:
    """Draw a clip into a file: a filmstrip (``.png``) or an animation (``.gif``).

    Args:
        clip: what to draw.
        out: the file, replaced if it is there.
        moments: how many moments a filmstrip shows.
        turn: degrees that one walks around the people, towards the left of one facing the camera.

    Raises:
        InputError: the file has another ending or cannot be written, or the clip is too long for
            an animation.
    """
    ending = check_ending(out)
    if not math.isfinite(turn):
        raise InputError(f"turn is {turn}, not a number of degrees")
    with replacing(out) as file:
        if ending == ".png":
            filmstrip(clip, moments=moments, turn=turn).save(file, "PNG", optimize=True)
        else:
            moving = animation(clip, turn=turn)
            first = next(moving.frames)
            first.save(
                file,
                "GIF",
                save_all=True,
                append_images=moving.frames,
                duration=[10 * shown for shown in moving.durations],
                loop=0,
                disposal=1,
            )


def check_ending(out: Path) -> str:
    """The ending of a picture file.

    Raises:
        InputError: no picture is written under such a name.
    """
    ending = out.suffix.lower()
    if ending not in ENDINGS:
        raise InputError(f"{out}: a picture ends in {' or '.join(ENDINGS)}; e.g. clip.gif")
    return ending


def filmstrip(clip: Clip, *, moments: int = 8, turn: float = 0.0) -> Image.Image:
    """Evenly spaced moments of a clip side by side, with their times.

    Behind each moment, thin lines show the way of hands and feet since the one before.

    Args:
        clip: what to draw.
        moments: how many; fewer if the clip has fewer frames.
        turn: see :func:`save_picture`.
    """
    chosen = _moments(clip.times, moments)
    stage = Stage(clip.joints, turn)
    columns = _columns(len(chosen), stage.width / stage.height)
    rows = -(-len(chosen) // columns)
    scale = min((_SHEET - 2 * _MARGIN) / columns / stage.width, _TALLEST / stage.height)
    panel = (round(stage.width * scale), round(stage.height * scale))
    strip = 26  # for the time
    head, foot = 76, 44
    people = int(np.isfinite(clip.joints).any(axis=(0, 2, 3)).sum())
    width = max(columns * panel[0], legend_width(people)) + 2 * _MARGIN
    height = head + rows * (panel[1] + strip) + foot
    sheet = Image.new("RGB", (width, height), PAPER)
    _headline(sheet, clip)
    draw = ImageDraw.Draw(sheet)
    left = (width - columns * panel[0]) // 2
    for number, frame in enumerate(chosen):
        x = left + number % columns * panel[0]
        y = head + number // columns * (panel[1] + strip)
        since = chosen[number - 1] if number else frame
        sheet.paste(_moment(stage, frame, panel, trail_from=since), (x, y))
        if number % columns:
            draw.line([(x, y + 6), (x, y + panel[1] + strip - 8)], fill=RULE)
        stamp = f"{clip.times[frame] - clip.times[0]:.2f} s"
        wide = text_width(stamp, 15)
        draw.text((x + (panel[0] - wide) // 2, y + panel[1] + 1), stamp, MUTED, font(15))
    legend(sheet, (_MARGIN, height - foot + 10), people)
    return sheet


@dataclass(frozen=True)
class Animation:
    """Frames to be shown one after the other.

    Attributes:
        frames: pictures with one common palette, made as they are asked for.
        durations: how long each is shown, in hundredths of a second.
    """

    frames: Iterator[Image.Image]
    durations: list[int]


def animation(clip: Clip, *, turn: float = 0.0) -> Animation:
    """A clip at its own speed; frames that come faster than 33 a second are thinned out.

    Raises:
        InputError: the clip is too long.
    """
    seconds = float(clip.times[-1] - clip.times[0])
    if seconds > _LONGEST_S:
        raise InputError(
            f"{clip.name}: lasts {seconds:.0f} s, an animation {_LONGEST_S:.0f} s at most; "
            "draw a part of it, or a .png"
        )
    shown, durations = _timing(clip.times)
    return Animation(_animated(clip, shown, turn), durations)


def _animated(clip: Clip, shown: list[int], turn: float) -> Iterator[Image.Image]:
    stage = Stage(clip.joints, turn)
    scale = min(_CANVAS[0] / stage.width, _CANVAS[1] / stage.height)
    panel = (round(stage.width * scale), round(stage.height * scale))
    people = int(np.isfinite(clip.joints).any(axis=(0, 2, 3)).sum())
    width = max(panel[0], _NARROWEST, legend_width(people)) + 2 * _MARGIN
    head, foot = 76, 70
    height = head + panel[1] + foot
    ground = Image.new("RGB", (width, height), PAPER)
    _headline(ground, clip)
    legend(ground, (_MARGIN, height - 34), people)
    seconds = float(clip.times[-1] - clip.times[0])
    palette = _palette(ground, stage, shown, panel)
    for frame in shown:
        image = ground.copy()
        image.paste(_moment(stage, frame, panel), ((width - panel[0]) // 2, head))
        draw = ImageDraw.Draw(image)
        now = float(clip.times[frame] - clip.times[0])
        y, x0, x1 = head + panel[1] + 16, _MARGIN, width - _MARGIN - 122
        draw.line([(x0, y), (x1, y)], RULE, 4)
        draw.line([(x0, y), (x0 + (x1 - x0) * (now / seconds if seconds else 1), y)], MUTED, 4)
        stamp = f"{now:.2f} / {seconds:.2f} s"
        at = (width - _MARGIN - text_width(stamp, 14), y - 9)
        draw.text(at, stamp, MUTED, font(14))
        yield image.quantize(palette=palette, dither=Image.Dither.NONE)


def _palette(
    ground: Image.Image, stage: Stage, shown: list[int], panel: tuple[int, int]
) -> Image.Image:
    """A picture with the colours that all frames share, taken from what a few of them look like."""
    some = sorted({shown[i * (len(shown) - 1) // 3] for i in range(4)})
    sample = Image.new("RGB", (ground.width, ground.height + panel[1] * len(some)), PAPER)
    sample.paste(ground)
    for number, frame in enumerate(some):
        sample.paste(_moment(stage, frame, panel), (0, ground.height + number * panel[1]))
    palette = sample.quantize(_COLOURS)
    # Colours are looked up in steps of four: an entry just below that of the paper would win.
    colours = np.array(palette.getpalette(), np.uint8).reshape(-1, 3)
    colours[(colours >= np.array(PAPER) - 7).all(axis=1)] = PAPER
    palette.putpalette(colours.tobytes())
    return palette


def _moment(
    stage: Stage, frame: int, size: tuple[int, int], trail_from: int | None = None
) -> Image.Image:
    """One frame on its ground."""
    large = Image.new("RGB", (size[0] * _FINE, size[1] * _FINE), PAPER)
    stage.draw(large, frame, trail_from)
    return large.reduce(_FINE)


def _headline(image: Image.Image, clip: Clip) -> None:
    draw = ImageDraw.Draw(image)
    room = image.width - 2 * _MARGIN
    title = clip.label or clip.name
    draw.text((_MARGIN, 14), elided(title, 24, room, bold=True), INK, font(24, bold=True))
    seconds = clip.times[-1] - clip.times[0]
    facts = [
        clip.dataset,
        clip.name if clip.label else "",
        f"subject {clip.subject}" if clip.subject else "",
        f"view {clip.view}" if clip.view else "",
        f"{len(clip.times)} frames, {seconds:.2f} s",
    ]
    line = "  ·  ".join(fact for fact in facts if fact)
    draw.text((_MARGIN, 46), elided(line, 14, room), MUTED, font(14))


def legend_width(people: int) -> int:
    """Pixels that the legend needs."""
    return legend(Image.new("RGB", (1, 1)), (0, 0), people)


def _moments(times: NDArray[np.float64], count: int) -> list[int]:
    """Frames nearest to evenly spaced times, the first and the last among them."""
    wanted = np.linspace(times[0], times[-1], max(1, min(count, len(times))))
    return sorted({int(np.abs(times - t).argmin()) for t in wanted})


def _columns(count: int, aspect: float) -> int:
    """Columns that bring a sheet of ``count`` moments of this aspect nearest to the sheet's."""

    def off(columns: int) -> float:
        rows = -(-count // columns)
        empty = columns * rows - count
        return float(abs(np.log(columns * aspect / rows / _SHEET_ASPECT))) + 0.4 * empty

    return min(range(1, count + 1), key=off)


def _timing(times: NDArray[np.float64]) -> tuple[list[int], list[int]]:
    """Which frames are shown, and how long each, in hundredths of a second.

    Rounding does not add up: every frame appears within half a hundredth of its time.
    """
    ticks = np.rint((times - times[0]) * 100).astype(int)
    shown = [0]
    for frame in range(1, len(ticks)):
        if ticks[frame] - ticks[shown[-1]] >= _SHORTEST_CS:
            shown.append(frame)
    durations = np.diff(ticks[shown]).tolist()
    last = int(np.median(durations)) if durations else 100
    return shown, [*durations, last]
