"""A view as a picture."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from realtime.display import canvas
from realtime.display.canvas import FAINT, INK, PAPER, TRACKS, elided, put_text, shade, text_width
from realtime.display.view import View
from realtime.frames import Body
from realtime.sources.opencv import load_opencv
from train.skeletons.joints import BONES

_TEXT: Final = 12
_LINE: Final = 17
_MARGIN: Final = 8
_BAR: Final = 168  # width of the column of answers
_SECONDS: Final = 20.0  # of the timeline
_HEIGHT_M: Final = 2.2  # metres that a canvas without picture shows


def draw(view: View, size: tuple[int, int] = (640, 360)) -> NDArray[np.uint8]:
    """Draw a view.

    Args:
        view: what to show.
        size: width and height in pixels; a picture is fitted into them.

    Returns:
        (height, width, 3) uint8, BGR.
    """
    cv2 = load_opencv()
    width, height = size
    image = np.full((height, width, 3), PAPER, dtype=np.uint8)
    left, top, shown_w, shown_h = 0, 0, width, height
    if view.frame.image is not None:
        source_h, source_w = view.frame.image.shape[:2]
        scale = min(width / source_w, height / source_h)
        shown_w, shown_h = max(1, round(source_w * scale)), max(1, round(source_h * scale))
        left, top = (width - shown_w) // 2, (height - shown_h) // 2
        resized = cv2.resize(view.frame.image, (shown_w, shown_h), interpolation=cv2.INTER_AREA)
        image[top : top + shown_h, left : left + shown_w] = resized
    for body in view.frame.bodies:
        if body.pixels is not None:
            points = body.pixels * (shown_w, shown_h) + (left, top)
        else:
            points = _from_metres(body, width, height)
        _skeleton(cv2, image, points, body.track)
    _answers(image, view)
    _status(image, view)
    _timeline(cv2, image, view)
    return image


def _from_metres(body: Body, width: int, height: int) -> NDArray[np.float32]:
    """A body in the middle of the canvas, seen from the front."""
    centre = np.nanmean(body.joints[:, :2], axis=0)
    scale = height / _HEIGHT_M
    flat = (body.joints[:, :2] - centre) * (scale, -scale)
    return np.asarray(flat + np.array([width / 2, height / 2]), dtype=np.float32)


def _skeleton(cv2: Any, image: NDArray[np.uint8], points: NDArray[Any], track: int) -> None:
    colour = TRACKS[track % len(TRACKS)]
    thick = max(1, image.shape[0] // 180)
    seen = np.isfinite(points).all(axis=1)
    whole = np.where(seen[:, None], points, 0).astype(int)
    for a, b in BONES:
        if seen[a] and seen[b]:
            ends = tuple(map(int, whole[a])), tuple(map(int, whole[b]))
            cv2.line(image, *ends, colour, thick, cv2.LINE_AA)
    for index in np.flatnonzero(seen):
        cv2.circle(image, tuple(map(int, whole[index])), thick + 1, INK, -1, cv2.LINE_AA)
    if seen.any():
        x, y = whole[seen].min(axis=0)
        name = f"#{track}"
        put_text(image, name, (max(0, int(x)), max(0, int(y) - 18)), 13, colour, bold=True)


def _answers(image: NDArray[np.uint8], view: View) -> None:
    """Top classes of every person as bars, in the upper left corner."""
    rows = [
        (track, place, *answer)
        for track, t in sorted(view.top.items())
        for place, answer in enumerate(t)
    ]
    room = (image.shape[0] - 60) // _LINE
    rows = rows[:room]
    if not rows:
        return
    shade(image, 0, 0, _BAR + 2 * _MARGIN, len(rows) * _LINE + _MARGIN)
    for line, (track, place, label, probability) in enumerate(rows):
        y = _MARGIN // 2 + line * _LINE
        colour = TRACKS[track % len(TRACKS)]
        filled = round(_BAR * probability)
        bar = image[y + _LINE - 4 : y + _LINE - 2, _MARGIN : _MARGIN + filled]
        bar[:] = colour
        percent = f"{probability:.0%}"
        wide = text_width(percent, _TEXT)
        name = elided(label, _TEXT, _BAR - wide - 6, bold=place == 0)
        put_text(image, name, (_MARGIN, y), _TEXT, INK if place == 0 else FAINT, bold=place == 0)
        put_text(image, percent, (_MARGIN + _BAR - wide, y), _TEXT, INK)


def _status(image: NDArray[np.uint8], view: View) -> None:
    """Rate, latency and the bank's support, in the upper right corner."""
    latency = "-" if view.latency_ms is None else f"{view.latency_ms:.0f} ms"
    learned = sorted(((n, label) for label, n in view.support.items() if n), reverse=True)
    lines = [f"{view.fps:.0f} fps   {latency}"] + [f"{label}  {n}" for n, label in learned[:6]]
    lines = [elided(line, _TEXT, image.shape[1] // 3) for line in lines]
    width = max(text_width(line, _TEXT) for line in lines) + 2 * _MARGIN
    shade(image, image.shape[1] - width, 0, width, len(lines) * _LINE + _MARGIN)
    for number, line in enumerate(lines):
        x = image.shape[1] - _MARGIN - text_width(line, _TEXT)
        put_text(image, line, (x, _MARGIN // 2 + number * _LINE), _TEXT, FAINT if number else INK)


def _timeline(cv2: Any, image: NDArray[np.uint8], view: View) -> None:
    """The latest actions along the lower edge; now is at the right."""
    height, width = image.shape[:2]
    tall = _LINE + 6
    shade(image, 0, height - tall, width, tall)
    now = view.frame.time
    free = 0
    for label, start, end in view.timeline:
        x0 = round(width * (1 - (now - start) / _SECONDS))
        x1 = round(width * (1 - (now - (now if end is None else end)) / _SECONDS))
        x0, x1 = max(x0, free), min(x1, width)
        if x1 - x0 < 3:
            continue
        free = x1 + 1
        colour = canvas.TRACKS[2] if end is None else (96, 84, 76)
        cv2.rectangle(image, (x0, height - tall + 2), (x1 - 1, height - 3), colour, -1)
        if x1 - x0 > 24:
            name = elided(label, _TEXT, x1 - x0 - 8)
            put_text(image, name, (x0 + 4, height - tall + 3), _TEXT)
