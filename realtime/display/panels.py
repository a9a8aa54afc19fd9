"""The panels around the picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from realtime.display.palette import (
    ALARM,
    DIM,
    FAINT,
    INK,
    PANEL,
    TRACK,
    Colour,
    class_colours,
    mix,
    person_colour,
    stray_colour,
)
from realtime.display.shapes import BOLD, REGULAR, Image, Rect, elided, fill, put_text, text_width
from realtime.display.spans import SECONDS, spans
from realtime.display.view import View, bank_notes, digit

_TICK: Final = 5.0  # seconds
_ROWS_EACH: Final = 3  # answers a person, while there is room
_BANK_LEAST: Final = 60  # height kept for the bank: its state and the class with most support


@dataclass(frozen=True)
class Style:
    """Sizes and colours of one drawing.

    Attributes:
        scale: how much larger than 640 x 360 it is.
        colours: every class's colour.
    """

    scale: float
    colours: dict[str, Colour]

    @classmethod
    def of(cls, view: View, scale: float) -> "Style":
        """The style of a view."""
        return cls(scale, class_colours(view.support))

    def px(self, size: float) -> int:
        """A size at 640 x 360, scaled."""
        return max(1, round(size * self.scale))

    @property
    def small(self) -> int:
        """Size of captions."""
        return self.px(10)

    @property
    def body(self) -> int:
        """Size of what is to be read."""
        return self.px(12)

    def of_class(self, label: str) -> Colour:
        """A class's colour."""
        return self.colours.get(label) or stray_colour(label)


def draw_figures(image: Image, room: Rect, view: View, style: Style) -> None:
    """Rate and latency, large."""
    fill(image, room, PANEL, style.px(4))
    latency = "–" if view.latency_ms is None else f"{view.latency_ms:.0f}"
    big = style.px(18)
    half = room.width // 2
    shown = ((f"{view.fps:.1f}", "fps", "frame rate"), (latency, "ms", "latency"))
    for place, (value, unit, what) in enumerate(shown):
        panel = Rect(room.x + place * half, room.y, half, room.height).cut(image)
        x = style.px(10)
        put_text(panel, value, (x, style.px(13)), big, INK, BOLD)
        after = x + text_width(value, big, BOLD) + style.px(4)
        put_text(panel, unit, (after, style.px(15)), style.small, DIM)
        put_text(panel, what, (x, style.px(28)), style.small, FAINT)


def draw_answers(image: Image, room: Rect, view: View, style: Style) -> int:
    """The most probable classes of everybody, as bars.

    Returns:
        The height that was used.
    """
    row, head, pad = style.px(18), style.px(17), style.px(6)
    space = room.height - style.px(_BANK_LEAST)
    people = sorted(view.top.items())
    each = min(_ROWS_EACH, max((len(top) for _, top in people), default=0))
    while each > 1 and len(people) * (head + each * row + pad) > space:
        each -= 1
    shown = people[: max(1, space // (head + each * row + pad))]
    y = room.y
    if not shown:
        block = room._replace(height=head + pad)
        fill(image, block, PANEL, style.px(4))
        text = "waiting for the first window" if view.frame.bodies else "nobody in sight"
        middle = (block.x + block.width // 2, block.y + block.height // 2)
        put_text(image, text, middle, style.small, FAINT, align=0.5)
        return block.height
    for track, top in shown:
        block = Rect(room.x, y, room.width, head + min(each, len(top)) * row + pad)
        fill(image, block, PANEL, style.px(4))
        partner = view.partners.get(track)
        name = f"#{track}" if partner is None else f"#{track} + #{partner}"
        _draw_person(image, block, track, name, top[:each], style, view.states.get(track, ""))
        y = block.bottom + style.px(4)
    if len(people) > len(shown):
        text = f"and {len(people) - len(shown)} more"
        put_text(image, text, (room.x + style.px(10), y + style.px(6)), style.small, FAINT)
        y += style.px(14)
    return y - room.y - style.px(4)


def _draw_person(
    image: Image,
    block: Rect,
    track: int,
    tag: str,
    top: Sequence[tuple[str, float]],
    style: Style,
    state: str,
) -> None:
    inner = block.x + style.px(8)
    width = block.width - style.px(16)
    wide = text_width(tag, style.small, BOLD) + style.px(10)
    chip = Rect(inner, block.y + style.px(3), wide, style.px(13))
    fill(image, chip, person_colour(track), chip.height // 2)
    middle = chip.y + chip.height // 2
    put_text(image, tag, (chip.x + wide // 2, middle), style.small, PANEL, BOLD, align=0.5)
    if state:  # the answers below are no action then, and dimmed
        put_text(image, state, (chip.right + style.px(6), middle), style.body, INK, BOLD)
    y = block.y + style.px(18)
    for place, (label, probability) in enumerate(top):
        bar = Rect(inner, y, width, style.px(15))
        fill(image, bar, TRACK, style.px(3))
        colour = style.of_class(label)
        filled = bar._replace(width=round(width * min(max(probability, 0.0), 1.0)))
        first = place == 0 and not state
        fade = 0.7 if state else 0.0 if first else 0.35
        fill(image, filled, mix(colour, TRACK, fade), style.px(3))
        weight, ink = BOLD if first else REGULAR, DIM if state else INK
        percent = f"{probability:.0%}"
        middle = bar.y + bar.height // 2
        put_text(image, percent, (bar.right - style.px(5), middle), style.body, ink, weight, 1.0)
        space = width - text_width(percent, style.body, weight) - style.px(18)
        name = elided(label, style.body, space, weight)
        put_text(image, name, (bar.x + style.px(6), middle), style.body, ink, weight)
        y += style.px(18)


def draw_bank(image: Image, room: Rect, view: View, style: Style) -> None:
    """How much evidence every class has; the ones with most where there is no room for all."""
    head, row, pad = style.px(18), style.px(13), style.px(4)
    if room.height < head + row + pad:
        return
    fill(image, room, PANEL, style.px(4))
    x, right = room.x + style.px(8), room.right - style.px(8)
    middle = room.y + head // 2 + 1
    total = sum(view.support.values())
    put_text(image, f"{total:g} learned", (right, middle), style.small, FAINT, align=1.0)
    if notes := bank_notes(view):
        pressing = view.frozen or (view.health is not None and view.health.fallen_back)
        text = elided(" · ".join(notes), style.small, right - x)
        put_text(
            image, text, (x, room.y + head + row // 2), style.small, ALARM if pressing else DIM
        )
        head += row
    rows = max((room.height - head - pad) // row, 0)
    classes = [
        (f"{digit(place)} {label}".strip(), label, count)
        for place, (label, count) in enumerate(view.support.items())
    ]
    title = "prototype bank"
    if len(classes) > rows:
        title += f", {rows} of {len(classes)} classes"
        classes = sorted(classes, key=lambda item: -item[2])[:rows]
    put_text(image, title, (x, middle), style.small, FAINT)
    most = max(1, *view.support.values()) if view.support else 1
    number = max((text_width(f"{n:g}", style.small) for *_, n in classes), default=0)
    bar_x = x + round((right - x) * 0.56)
    bar_width = right - number - style.px(6) - bar_x
    for place, (shown, label, count) in enumerate(classes):
        y = room.y + head + place * row + row // 2
        name = elided(shown, style.small, bar_x - x - style.px(6))
        put_text(image, name, (x, y), style.small, INK if count else FAINT)
        bar = Rect(bar_x, y - style.px(2), bar_width, style.px(5))
        fill(image, bar, TRACK, style.px(2))
        if count:
            part = bar._replace(width=max(style.px(3), round(bar_width * count / most)))
            fill(image, part, style.of_class(label), style.px(2))
        put_text(image, f"{count:g}", (right, y), style.small, INK if count else FAINT, align=1.0)


def draw_timeline(image: Image, room: Rect, view: View, style: Style) -> None:
    """The actions of the last seconds; the right end is now."""
    fill(image, room, PANEL, style.px(4))
    inner = Rect(room.x + style.px(8), room.y, room.width - style.px(16), room.height)
    axis = room.bottom - style.px(8)
    per_second = inner.width / SECONDS
    for tick in range(int(SECONDS / _TICK) + 1):
        ago = tick * _TICK
        x = round(inner.right - ago * per_second)
        text = f"–{ago:g} s" if tick else "now"
        align = 1.0 if tick == 0 else 0.0 if ago == SECONDS else 0.5
        put_text(image, text, (x, axis), style.small, FAINT, align=align)
        image[room.y + style.px(5) : axis - style.px(7), max(x - 1, inner.x)] = TRACK
    shown = spans(view)
    top = room.y + style.px(5)
    lanes = max((span.lane for span in shown), default=0) + 1
    height = min(style.px(18), (axis - style.px(8) - top) // lanes)
    for span in shown:
        label, start, end, lasting, lane, track = span
        left, right = (inner.x + round(inner.width * share) for share in (start, end))
        block = Rect(left, top + lane * height, max(right - left - 1, 2), max(height - 2, 2))
        colour = style.of_class(label)
        fill(image, block, colour if lasting else mix(colour, PANEL, 0.35), style.px(3))
        if track is not None:  # of several people: whose it is
            edge = block._replace(width=min(style.px(3), block.width))
            fill(image, edge, person_colour(track), 0)
            block = block._replace(x=edge.right, width=block.width - edge.width)
        size = style.body if block.height >= style.px(14) else style.small
        if block.height >= size:
            name = elided(span.name, size, block.width - style.px(8), BOLD if lasting else REGULAR)
            at = (block.x + style.px(4), block.y + block.height // 2)
            put_text(image, name, at, size, INK, BOLD if lasting else REGULAR)
