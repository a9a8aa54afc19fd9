"""A view as a picture: people on the left, answers and bank on the right, actions below."""

from typing import Final

import numpy as np

from realtime.display.figure import Points, draw_figure, place
from realtime.display.palette import ALARM, CANVAS, DIM, GROUND, INK, PANEL, person_colour
from realtime.display.panels import Style, draw_answers, draw_bank, draw_figures, draw_timeline
from realtime.display.shapes import BOLD, Image, Rect, elided, fill, put_text, text_width
from realtime.display.view import KEYS, View
from realtime.sources.opencv import load_opencv

_BASE: Final = (640, 360)  # the sizes below are for this picture and grow with it
_GAP: Final = 6
_SIDE: Final = 224
_TIMELINE: Final = 58
_HEADER: Final = 36


def draw(view: View, size: tuple[int, int] = _BASE) -> Image:
    """Draw a view.

    Args:
        view: what to show.
        size: width and height in pixels; at least 640 x 360 are drawn, less cannot be read.

    Returns:
        (height, width, 3) uint8, BGR.
    """
    width, height = max(size[0], _BASE[0]), max(size[1], _BASE[1])
    style = Style.of(view, min(width / _BASE[0], height / _BASE[1]))
    gap, side, strip = style.px(_GAP), style.px(_SIDE), style.px(_TIMELINE)
    image = np.full((height, width, 3), GROUND, dtype=np.uint8)

    timeline = Rect(gap, height - gap - strip, width - 2 * gap, strip)
    column = Rect(width - gap - side, gap, side, timeline.y - 2 * gap)
    _draw_people(image, Rect(gap, gap, column.x - 2 * gap, column.height), view, style)

    header = Rect(column.x, column.y, side, style.px(_HEADER))
    draw_figures(image, header, view, style)
    below = header.bottom + gap
    used = draw_answers(image, Rect(column.x, below, side, column.bottom - below), view, style)
    below += used + (gap if used else 0)
    draw_bank(image, Rect(column.x, below, side, column.bottom - below), view, style)
    draw_timeline(image, timeline, view, style)
    return image


def _draw_people(image: Image, room: Rect, view: View, style: Style) -> None:
    """The picture, as large as it fits, with everybody in it and a tag at everybody's head."""
    fill(image, room, CANVAS, style.px(4))
    picture = view.frame.image
    aspect = view.picture_aspect
    shown = room if aspect is None else _fitted(room, aspect)
    canvas = shown.cut(image)
    if picture is not None:
        cv2 = load_opencv()
        smaller = picture.shape[0] > shown.height
        how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        canvas[:] = cv2.resize(picture, (shown.width, shown.height), interpolation=how)
    people = place(view.frame, shown.width, shown.height, use_pixels=aspect is not None)
    for body, points in people:
        draw_figure(canvas, points, person_colour(body.track))
    taken: list[Rect] = []
    for body, points in people:
        _draw_tag(canvas, points, body.track, view, style, taken)
    bottom = _draw_line(image, room, room.bottom, view.prompt or KEYS, style, bool(view.prompt))
    if view.status:
        _draw_line(image, room, bottom, view.status, style, True)
    if view.source_state:
        _draw_alarm(image, room, view.source_state, style)


def _draw_line(image: Image, room: Rect, bottom: int, line: str, style: Style, bright: bool) -> int:
    """One line at the left, on a darkened ground.

    Returns:
        Its upper edge.
    """
    pad = style.px(7)
    text = elided(line, style.small, room.width - 4 * pad)
    width, height = text_width(text, style.small) + 2 * pad, style.px(16)
    box = Rect(room.x + pad, bottom - style.px(3) - height, width, height)
    ground = box.cut(image)
    ground[:] = ground // 4
    colour = INK if bright else DIM
    put_text(image, text, (box.x + pad, box.y + height // 2), style.small, colour)
    return box.y


def _draw_alarm(image: Image, room: Rect, text: str, style: Style) -> None:
    """What is amiss with the source, so that nobody takes a still picture for a live one."""
    text = elided(text, style.body, room.width - style.px(40), BOLD)
    width, height = text_width(text, style.body, BOLD) + style.px(20), style.px(22)
    box = Rect(room.x + (room.width - width) // 2, room.y + style.px(8), width, height)
    fill(image, box, ALARM, height // 2)
    middle = (box.x + width // 2, box.y + height // 2)
    put_text(image, text, middle, style.body, PANEL, BOLD, align=0.5)


def _draw_tag(
    canvas: Image, points: Points, track: int, view: View, style: Style, taken: list[Rect]
) -> None:
    """The person's number above the head, moved down where another tag is in the way."""
    seen = points[np.isfinite(points).all(axis=1)]
    if not len(seen):
        return
    text = f"#{track}" if track >= 0 else "?"
    height = style.px(15)
    width = text_width(text, style.small, BOLD) + style.px(10)
    x = float(seen[:, 0].mean()) - width / 2
    y = float(seen[:, 1].min()) - height - style.px(14)
    most_x, most_y = canvas.shape[1] - width - 2, canvas.shape[0] - height - 2
    tag = Rect(round(max(min(x, most_x), 2)), round(max(min(y, most_y), 2)), width, height)
    while any(tag.meets(other) for other in taken) and tag.bottom < canvas.shape[0]:
        tag = tag._replace(y=tag.y + 2)
    taken.append(tag)
    fill(canvas, tag, person_colour(track), height // 2)
    middle = (tag.x + width // 2, tag.y + height // 2)
    put_text(canvas, text, middle, style.small, PANEL, BOLD, align=0.5)


def _fitted(room: Rect, aspect: float) -> Rect:
    """The largest rectangle of that shape in the middle of another."""
    width = min(room.width, round(room.height * aspect))
    height = min(room.height, round(room.width / aspect))
    width, height = max(width, 1), max(height, 1)
    return Rect(
        room.x + (room.width - width) // 2, room.y + (room.height - height) // 2, width, height
    )
