"""A live view for terminals, and plain lines where the output is no terminal."""

import sys
import time
from io import TextIOWrapper
from itertools import groupby
from typing import Final

from rich.cells import cell_len, set_cell_size
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from realtime.display.braille import figures
from realtime.display.keys import Keys
from realtime.display.palette import (
    ALARM,
    DIM,
    FAINT,
    INK,
    PANEL,
    TRACK,
    Colour,
    class_colours,
    hexadecimal,
    mix,
    person_colour,
    stray_colour,
)
from realtime.display.spans import SECONDS, spans
from realtime.display.view import KEYS, View, bank_notes

_REDRAWS: Final = 8.0  # a second
_LINE_EVERY: Final = 1.0  # seconds between lines at least, where there is no terminal
_NEWS_EVERY: Final = 10.0  # seconds after which a line comes though nothing has changed
_FIGURE_ROWS: Final = 16  # of the stick figures at most; twice as many columns
_NARROW: Final = 64  # columns below which there is no room for them
_LANES: Final = 3
_LEAST_ROWS: Final = 12


class TerminalDisplay:
    """Redraws a view in place; where the output is no terminal it prints a line now and then.

    Args:
        console: where to draw; standard output by default.
    """

    def __init__(self, console: Console | None = None) -> None:
        if console is None and isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # labels may be in any script
        self._console = console or Console()
        self._live: Live | None = None
        self._keys = Keys()
        self._next = 0.0
        self._last_line = ("", -_NEWS_EVERY)

    def show(self, view: View) -> str | None:
        """See :class:`realtime.display.Display`."""
        now = time.monotonic()
        if not self._console.is_terminal:
            self._print(view, now)
            return None
        if now >= self._next:
            self._next = now + 1 / _REDRAWS
            if self._live is None:
                self._live = Live(console=self._console, auto_refresh=False, transient=True)
                self._live.start()
                self._keys.open()
            size = self._console.size
            self._live.update(render(view, size.width, size.height - 1), refresh=True)
        return self._keys.pressed()

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._keys.close()
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _print(self, view: View, now: float) -> None:
        news = _news(view)
        last, printed = self._last_line
        if now - printed >= (_LINE_EVERY if news != last else _NEWS_EVERY):
            self._last_line = (news, now)
            self._console.print(
                f"{_figures(view)}   {news}", highlight=False, markup=False, soft_wrap=True
            )


def render(view: View, width: int, height: int) -> RenderableType:
    """A view as something rich can print, at most ``height`` lines of ``width`` columns."""
    height = max(height, _LEAST_ROWS)
    colours = class_colours(view.support)
    head = Text(_figures(view), style=f"bold {hexadecimal(INK)}")
    if view.source_state:
        head.append(f"   {view.source_state}", style=f"bold {hexadecimal(ALARM)}")
    head.append(f"   {view.prompt or view.status or KEYS}", style=hexadecimal(DIM))
    head.truncate(width, overflow="ellipsis")
    timeline = _timeline(view, width, colours)
    rows = height - 1 - len(timeline) - 2
    tall = min(rows, _FIGURE_ROWS)
    side = width if width < _NARROW else width - 2 * tall - 2
    answers = _answers(view, side, max(rows - 3, 1), colours)
    bank = _bank(view, side, tall - len(answers) - 1, colours)
    column = Group(*answers, Text(), *bank)
    if width < _NARROW:
        return Group(head, Text(), column, Text(), *timeline)
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_row(_people(view, tall), column)
    return Group(head, Text(), grid, Text(), *timeline)


def _figures(view: View) -> str:
    latency = "  –" if view.latency_ms is None else f"{view.latency_ms:3.0f}"
    return f"{view.frame.time:7.1f} s   {view.fps:5.1f} fps   {latency} ms"


def _news(view: View) -> str:
    """Who does what, in one line."""
    if view.source_state:
        return view.source_state
    if not view.frame.bodies:
        return "nobody in sight"
    parts = [
        f"#{track} {view.states.get(track) or f'{top[0][0]} {round(top[0][1], 1):.0%}'}"
        for track, top in sorted(view.top.items())
        if top
    ]
    return "   ".join(parts) or "waiting for the first window"


def _people(view: View, rows: int) -> Text:
    text = Text(no_wrap=True)
    for place, row in enumerate(figures(view, 2 * rows, rows)):
        text.append("\n" if place else "")
        for colour, cells in groupby(row, key=lambda cell: cell[1]):
            style = "" if colour is None else hexadecimal(colour)
            text.append("".join(character for character, _ in cells), style=style)
    return text


def _answers(view: View, width: int, rows: int, colours: dict[str, Colour]) -> list[Text]:
    people = sorted(view.top.items())
    if not people:
        return [Text(_news(view), style=hexadecimal(FAINT))]
    each = max(1, min(3, rows // len(people)))
    lines = []
    for track, top in people[:rows]:
        for place, (label, probability) in enumerate(top[:each]):
            colour = colours.get(label) or stray_colour(label)
            line = Text(f"{f'#{track}' if place == 0 else '':<4}", no_wrap=True)
            line.stylize(f"bold {hexadecimal(person_colour(track))}")
            shade = colour if place == 0 else mix(colour, TRACK, 0.35)
            line.append_text(_bar(label, probability, width - 9, shade, bold=place == 0))
            state = view.states.get(track, "") if place == 0 else ""
            said = f"{state[:5]:>5}" if state else f"{probability:5.0%}"
            line.append(said, style="bold" if place == 0 else "")
            lines.append(line)
    return lines


def _bar(label: str, share: float, width: int, colour: Colour, bold: bool = False) -> Text:
    """A label on a ground that is filled from the left, ``width`` columns wide."""
    label = _shortened(label, width - 2)
    text = set_cell_size(f" {label}", width)
    bar = Text(no_wrap=True)
    filled = round(width * min(max(share, 0.0), 1.0))
    weight = "bold " if bold else ""
    column = 0
    for character in text:
        ground = colour if column < filled else TRACK
        bar.append(character, style=f"{weight}{hexadecimal(INK)} on {hexadecimal(ground)}")
        column += cell_len(character)
    return bar


def _bank(view: View, width: int, rows: int, colours: dict[str, Colour]) -> list[Text]:
    """Classes by their support, most first, as many as there is room for."""
    total = sum(view.support.values())
    head = Text(f"prototype bank, {total:g} learned", style=hexadecimal(FAINT), no_wrap=True)
    for note in bank_notes(view):
        head.append(f"   {note}", style=hexadecimal(DIM))
    head.truncate(width, overflow="ellipsis")
    lines = [head]
    most = max(view.support.values(), default=0) or 1
    learned = sorted(view.support.items(), key=lambda item: -item[1])
    names = max(8, width // 2)
    long = max(1, width - names - 6)
    for label, count in learned[: max(rows - 1, 0)]:
        style = hexadecimal(INK if count else FAINT)
        line = Text(set_cell_size(_shortened(label, names - 1), names), style=style, no_wrap=True)
        filled = round(long * count / most) or int(count > 0)
        colour = colours.get(label) or stray_colour(label)
        line.append("━" * filled, style=hexadecimal(colour))
        line.append("━" * (long - filled), style=hexadecimal(TRACK))
        line.append(f"{count:5g}", style=style)
        lines.append(line)
    return lines


def _timeline(view: View, width: int, colours: dict[str, Colour]) -> list[Text]:
    """The actions of the last seconds, as lanes of blocks over a scale."""
    shown = [span for span in spans(view) if span.lane < _LANES]
    lanes = []
    for lane in range(max((span.lane for span in shown), default=0) + 1):
        line = Text(no_wrap=True)
        column = 0
        for span in (span for span in shown if span.lane == lane):
            left = max(column, round(span.start * width))
            block = max(round(span.end * width) - left, 1)
            if left + block > width:
                continue
            line.append(" " * (left - column))
            name = set_cell_size(f" {_shortened(span.name, block - 2)}", block)
            colour = colours.get(span.label) or stray_colour(span.label)
            ground = colour if span.lasting else mix(colour, PANEL, 0.35)
            weight = "bold " if span.lasting else ""
            line.append(name, style=f"{weight}{hexadecimal(INK)} on {hexadecimal(ground)}")
            column = left + block
        lanes.append(line)
    scale = f"–{SECONDS:g} s"
    lanes.append(Text(f"{scale}{'now':>{max(width - len(scale), 3)}}", style=hexadecimal(FAINT)))
    return lanes


def _shortened(text: str, width: int) -> str:
    """A text in at most so many columns."""
    text = " ".join(text.split())
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + "…" if width > 1 else ""
